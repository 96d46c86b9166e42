// The zstd calls shardify uses, with plain C types: no <zstd.h> is visible to Swift.
#ifndef CZSTD_H
#define CZSTD_H
#include <stddef.h>
#include <stdint.h>

typedef struct czstd_compressor czstd_compressor;
typedef struct czstd_decompressor czstd_decompressor;

/// Returned where a size would be: the call failed; `*error` names why (a static string).
#define CZSTD_FAILED ((size_t)-1)

unsigned czstd_version(void);
size_t czstd_bound(size_t count);

/// A context that writes single frames with content size and checksum. NULL: no memory.
czstd_compressor *czstd_compressor_make(int level);
void czstd_compressor_free(czstd_compressor *context);
size_t czstd_compress(czstd_compressor *context, void *to, size_t capacity, const void *from,
                      size_t count, const char **error);

czstd_decompressor *czstd_decompressor_make(void);
void czstd_decompressor_free(czstd_decompressor *context);
/// Decompresses exactly the frames in `from`; checksums are verified.
size_t czstd_decompress(czstd_decompressor *context, void *to, size_t capacity, const void *from,
                        size_t count, const char **error);
/// One step of streaming decompression. Advances `*read` and `*written`.
/// Returns 0 when a frame ended, 1 when more input is wanted or output room is needed, -1 on error.
int czstd_stream(czstd_decompressor *context, void *to, size_t capacity, size_t *written,
                 const void *from, size_t count, size_t *read, const char **error);
/// Forgets a half-read frame.
void czstd_stream_reset(czstd_decompressor *context);
/// Largest window a stream may ask for, as a power of two (memory bound against hostile input).
void czstd_limit_window(czstd_decompressor *context, int window_log);
/// Decompressed size written in the frame header; -1 if it is not there, -2 if this is no frame.
int64_t czstd_frame_content_size(const void *from, size_t count);
#endif
