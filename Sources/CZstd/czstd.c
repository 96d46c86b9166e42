#include "czstd.h"

#include <zstd.h>

unsigned czstd_version(void) { return ZSTD_versionNumber(); }
size_t czstd_bound(size_t count) { return ZSTD_compressBound(count); }

czstd_compressor *czstd_compressor_make(int level) {
  ZSTD_CCtx *context = ZSTD_createCCtx();
  if (!context) return NULL;
  ZSTD_CCtx_setParameter(context, ZSTD_c_compressionLevel, level);
  ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, 1);
  ZSTD_CCtx_setParameter(context, ZSTD_c_contentSizeFlag, 1);
  return (czstd_compressor *)context;
}

void czstd_compressor_free(czstd_compressor *context) { ZSTD_freeCCtx((ZSTD_CCtx *)context); }

static size_t checked(size_t result, const char **error) {
  if (!ZSTD_isError(result)) return result;
  *error = ZSTD_getErrorName(result);
  return CZSTD_FAILED;
}

size_t czstd_compress(czstd_compressor *context, void *to, size_t capacity, const void *from,
                      size_t count, const char **error) {
  return checked(ZSTD_compress2((ZSTD_CCtx *)context, to, capacity, from, count), error);
}

czstd_decompressor *czstd_decompressor_make(void) {
  return (czstd_decompressor *)ZSTD_createDCtx();
}

void czstd_decompressor_free(czstd_decompressor *context) { ZSTD_freeDCtx((ZSTD_DCtx *)context); }

size_t czstd_decompress(czstd_decompressor *context, void *to, size_t capacity, const void *from,
                        size_t count, const char **error) {
  return checked(ZSTD_decompressDCtx((ZSTD_DCtx *)context, to, capacity, from, count), error);
}

int czstd_stream(czstd_decompressor *context, void *to, size_t capacity, size_t *written,
                 const void *from, size_t count, size_t *read, const char **error) {
  ZSTD_outBuffer out = {to, capacity, *written};
  ZSTD_inBuffer in = {from, count, *read};
  size_t left = ZSTD_decompressStream((ZSTD_DCtx *)context, &out, &in);
  *written = out.pos;
  *read = in.pos;
  if (checked(left, error) == CZSTD_FAILED) return -1;
  return left != 0;
}

void czstd_stream_reset(czstd_decompressor *context) {
  ZSTD_DCtx_reset((ZSTD_DCtx *)context, ZSTD_reset_session_only);
}

void czstd_limit_window(czstd_decompressor *context, int window_log) {
  ZSTD_DCtx_setParameter((ZSTD_DCtx *)context, ZSTD_d_windowLogMax, window_log);
}

int64_t czstd_frame_content_size(const void *from, size_t count) {
  unsigned long long size = ZSTD_getFrameContentSize(from, count);
  if (size == ZSTD_CONTENTSIZE_UNKNOWN) return -1;
  if (size == ZSTD_CONTENTSIZE_ERROR || size > INT64_MAX) return -2;
  return (int64_t)size;
}
