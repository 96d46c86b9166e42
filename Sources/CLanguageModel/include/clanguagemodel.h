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
/// rows, in the order of the features; there must be room for `CLM_ROOM` more.
size_t clm_find_rows(const uint8_t *tags, uint32_t buckets, const uint64_t *features, size_t count,
                     uint32_t *rows);

/// What a script's texts are read as, by code point: a two-stage table of blocks of 128.
typedef struct {
  /// The block of every 128 code points up to U+10FFFF, and one number more.
  const uint16_t *stage_one;
  /// The symbol, above CLM_BOUNDARY for a letter or mark of the script; bit 31 for digits, punctuation and symbols.
  const uint32_t *stage_two;
} clm_symbol_table;

enum { CLM_BOUNDARY = 0x20, CLM_BLOCK_BYTES = 68 };

/// Where the reader of symbols is in its text.
typedef struct {
  /// Letters, and digits, punctuation and symbols, read so far.
  uint64_t letters, others;
  /// 1 if the last symbol was a letter, else 0.
  uint64_t inside;
} clm_symbol_state;

/// Reads the UTF-8 sequences that begin at the bytes of a block that `leads` names, and writes their
/// symbols to `symbols`, one boundary between words. Returns how many.
///
/// The block has `CLM_BLOCK_BYTES` readable bytes. `symbols` has room for one a sequence and 16 more.
size_t clm_read_symbols(const clm_symbol_table *table, const uint8_t *block, uint64_t leads,
                        clm_symbol_state *state, uint32_t *symbols);

/// The most rows that `clm_find_ngrams` writes for a symbol, and the room it needs beyond those.
enum { CLM_ROWS_PER_SYMBOL = 5, CLM_ROOM = 8 };

/// The polynomials that name n-grams: see `NgramExtractor`, which has the same numbers.
#define CLM_STEP 0xD6E8FEB86659FD93u
#define CLM_SPREAD 0x9E3779B97F4A7C15u

/// Finds the rows of the n-grams of one to `order` (3 to 5) symbols that end at one of `count` symbols,
/// and has the processor fetch them from `rows`.
///
/// Symbols above CLM_BOUNDARY are letters, others are boundaries. An n-gram of three and more lies within a word and its
/// boundaries, one of two ends at a letter. The four symbols before `symbols` and the seven after the last are
/// read; the n-grams that end after the last are not looked for. Writes the rows to `ids`, in no order, and returns
/// how many; there must be room for `CLM_ROWS_PER_SYMBOL` a symbol and `CLM_ROOM` more.
size_t clm_find_ngrams(const uint8_t *tags, uint32_t buckets, const uint8_t *rows,
                       const uint32_t *symbols, size_t count, int order, uint32_t *ids);

/// Adds the rows named by `ids` to `sums`.
///
/// Byte j of a row holds value j in its low and value j + 32 in its high half. Codebook values lie
/// in -31...31, so four rows are summed in bytes before widening. Whole numbers: every machine
/// gives the same sums. `ids` must be below the row count; `count` is at most 2^24.
void clm_sum_rows(const uint8_t *rows, const int8_t codebook[16], const uint32_t *ids,
                  size_t count, int32_t sums[CLM_DIMENSION]);

/// The same for processors without the wider instructions; the kernels above are equal to these.
size_t clm_read_symbols_plain(const clm_symbol_table *table, const uint8_t *block, uint64_t leads,
                              clm_symbol_state *state, uint32_t *symbols);
size_t clm_find_rows_plain(const uint8_t *tags, uint32_t buckets, const uint64_t *features,
                           size_t count, uint32_t *rows);
size_t clm_find_ngrams_plain(const uint8_t *tags, uint32_t buckets, const uint8_t *rows,
                             const uint32_t *symbols, size_t count, int order, uint32_t *ids);
void clm_sum_rows_plain(const uint8_t *rows, const int8_t codebook[16], const uint32_t *ids,
                        size_t count, int32_t sums[CLM_DIMENSION]);

/// The dot product of 64 values: |a| <= 8191 and |b| <= 4095, so that the sum fits.
int32_t clm_dot(const int16_t *a, const int16_t *b);

/// The dot products of `a` with each of `count` vectors of `b`, one after the other.
void clm_dots(const int16_t *a, const int16_t *b, size_t count, int32_t *products);
#endif
