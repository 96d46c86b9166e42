#include "czlib.h"

#include <limits.h>
#include <stdlib.h>
#include <zlib.h>

struct czlib_inflater {
  z_stream stream;
};

czlib_inflater *czlib_inflater_make(void) {
  czlib_inflater *inflater = calloc(1, sizeof *inflater);
  if (!inflater) return NULL;
  if (inflateInit2(&inflater->stream, 15 + 16) != Z_OK) {
    free(inflater);
    return NULL;
  }
  return inflater;
}

void czlib_inflater_free(czlib_inflater *inflater) {
  if (!inflater) return;
  inflateEnd(&inflater->stream);
  free(inflater);
}

void czlib_inflater_reset(czlib_inflater *inflater) { inflateReset(&inflater->stream); }

static unsigned clamp(size_t count) { return count > UINT_MAX ? UINT_MAX : (unsigned)count; }

int czlib_inflate(czlib_inflater *inflater, void *to, size_t capacity, size_t *written,
                  const void *from, size_t count, size_t *read, const char **error) {
  z_stream *stream = &inflater->stream;
  unsigned in = clamp(count - *read), out = clamp(capacity - *written);
  stream->next_in = (Bytef *)from + *read;
  stream->avail_in = in;
  stream->next_out = (Bytef *)to + *written;
  stream->avail_out = out;
  int result = inflate(stream, Z_NO_FLUSH);
  *read += in - stream->avail_in;
  *written += out - stream->avail_out;
  if (result == Z_STREAM_END) return 0;
  if (result == Z_OK || result == Z_BUF_ERROR) return 1;
  *error = stream->msg ? stream->msg : zError(result);
  return -1;
}
