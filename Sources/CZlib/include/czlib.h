// gzip reading through zlib, with plain C types.
#ifndef CZLIB_H
#define CZLIB_H
#include <stddef.h>

typedef struct czlib_inflater czlib_inflater;

/// An inflater for gzip members. NULL: no memory.
czlib_inflater *czlib_inflater_make(void);
void czlib_inflater_free(czlib_inflater *inflater);
/// One step. Advances `*read` and `*written`.
/// Returns 0 when a member ended, 1 when more input or room is wanted, -1 on error.
int czlib_inflate(czlib_inflater *inflater, void *to, size_t capacity, size_t *written,
                  const void *from, size_t count, size_t *read, const char **error);
/// Readies the inflater for the next member.
void czlib_inflater_reset(czlib_inflater *inflater);
#endif
