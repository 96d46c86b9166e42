// The default language model, and the kernels that sum its rows.
#ifndef CLANGUAGEMODEL_H
#define CLANGUAGEMODEL_H
#include <stddef.h>
#include <stdint.h>

/// The embedded model file; `*count` is its size in bytes. Aligned to 64 bytes.
const uint8_t *clm_model(size_t *count);

/// The shape the kernel knows: 64 values a row, each a 4-bit index into a codebook.
enum { CLM_DIMENSION = 64, CLM_ROW_BYTES = 32 };

/// Finds the rows of features; writes those that the model has to `rows` and returns how many.
///
/// A feature belongs to one of `buckets` buckets of four rows, by the upper half of its number; it has
/// the row whose byte of `tags` is the feature's: bits 24 to 31, 1 in place of 0. Writes up to `count`
/// rows, in the order of the features.
size_t clm_find_rows(const uint8_t *tags, uint32_t buckets, const uint64_t *features, size_t count,
                     uint32_t *rows);

/// Adds the rows named by `ids` to `sums`.
///
/// Byte j of a row holds value j in its low and value j + 32 in its high half. Codebook values lie
/// in -31...31, so four rows are summed in bytes before widening. Whole numbers: every machine
/// gives the same sums. `ids` must be below the row count; `count` is at most 2^24.
void clm_sum_rows(const uint8_t *rows, const int8_t codebook[16], const uint32_t *ids,
                  size_t count, int32_t sums[CLM_DIMENSION]);

/// The dot product of 64 values: |a| <= 8191 and |b| <= 4095, so that the sum fits.
int32_t clm_dot(const int16_t *a, const int16_t *b);

/// The dot products of `a` with each of `count` vectors of `b`, one after the other.
void clm_dots(const int16_t *a, const int16_t *b, size_t count, int32_t *products);
#endif
