// Words of a text, their letter n-grams and the sums of their rows, as fastText models have them.
#ifndef CSIMD_WORDS_H
#define CSIMD_WORDS_H

/// A word of a text.
typedef struct {
  const uint8_t *start;
  /// The first 32 bytes, with zeros behind a shorter word. No word holds a zero, so equal keys are equal words
  /// of up to 32 bytes.
  uint64_t key[4];
  /// A number that depends on the key.
  uint64_t hash;
  size_t count;
} csimd_word;

/// Takes up to `limit` words from `*place` on and moves it behind them. White space, and zero bytes, part words.
size_t csimd_words(const uint8_t *text, size_t *place, size_t end, csimd_word *words, size_t limit);

/// Whether the 32 bytes at `record` are the key of a word.
CSIMD_INLINE _Bool csimd_holds_key(const void *record, const csimd_word *word) {
  uint64_t key[4];
  memcpy(key, record, 32);
  return ((key[0] ^ word->key[0]) | (key[1] ^ word->key[1]) | (key[2] ^ word->key[2]) |
          (key[3] ^ word->key[3])) == 0;
}

/// Writes the key of a word to the 32 bytes at `record`.
CSIMD_INLINE void csimd_put_key(void *record, const csimd_word *word) {
  memcpy(record, word->key, 32);
}

/// What must be readable behind a framed word, in bytes, and behind its places, in numbers.
enum { CSIMD_FRAME_PADDING = 64, CSIMD_START_PADDING = 16 };

/// Writes `<word>` to `framed` and the places where its characters start, then its end, over and over, to
/// `starts`. Both need room for `count` + 2 and their padding.
/// - Returns: the number of characters, a byte that continues none among them.
size_t csimd_frame(const uint8_t *word, size_t count, uint8_t *framed, uint32_t *starts);

/// A framed word whose n-grams of `least` to `most` characters are wanted.
typedef struct {
  const uint8_t *text;
  const uint32_t *starts;
  size_t count;
  uint32_t least, most;
  /// An n-gram's bucket is its hash modulo this, 1 to 2^31.
  uint32_t buckets;
  /// Added to each bucket.
  uint32_t first;
  /// If not null, a bucket is kept if bit `bucket & filter_mask` is set, of 32-bit words.
  const uint32_t *filter;
  uint32_t filter_mask;
} csimd_ngrams;

/// Writes the buckets of the n-grams to `rows`, which has room for `count` times the number of lengths, and 8.
/// They come by eights of first characters, then by length, then by first character.
/// - Returns: how many.
size_t csimd_ngram_rows(const csimd_ngrams *ngrams, uint32_t *rows);
/// The same without the instructions of some processors.
size_t csimd_ngram_rows_portable(const csimd_ngrams *ngrams, uint32_t *rows);

/// Adds vectors of `columns` floats to `sums`, in their order.
CSIMD_INLINE void csimd_add_vectors(float *sums, const float *const *vectors, size_t count,
                                    size_t columns) {
  size_t c = 0;
  // In registers: a sum in memory would wait for the one before it to be stored.
  for (; c + 16 <= columns; c += 16) {
    csimd_float4 a[4], b[4];
    memcpy(a, sums + c, 64);
    for (size_t i = 0; i < count; i++) {
      memcpy(b, vectors[i] + c, 64);
      for (int k = 0; k < 4; k++) a[k] += b[k];
    }
    memcpy(sums + c, a, 64);
  }
  if (c < columns)
    for (size_t i = 0; i < count; i++) csimd_add_floats(sums + c, vectors[i] + c, columns - c);
}

/// Adds rows of a matrix of `columns` floats, which need not be aligned, to `sums`, in their order.
CSIMD_INLINE void csimd_add_rows(float *sums, const void *matrix, size_t columns,
                                 const uint32_t *rows, size_t count) {
  const char *base = (const char *)matrix;
  size_t c = 0, width = 4 * columns;
  // Long rows are read one after the other, as memory likes it.
  if (columns <= 64) {
    for (; c + 16 <= columns; c += 16) {
      csimd_float4 a[4], b[4];
      memcpy(a, sums + c, 64);
      for (size_t i = 0; i < count; i++) {
        memcpy(b, base + rows[i] * width + 4 * c, 64);
        for (int k = 0; k < 4; k++) a[k] += b[k];
      }
      memcpy(sums + c, a, 64);
    }
  }
  if (c < columns)
    for (size_t i = 0; i < count; i++)
      csimd_add_floats(sums + c, base + rows[i] * width + 4 * c, columns - c);
}

/// Where a matrix of product-quantised rows of pairs lies.
typedef struct {
  /// 256 pairs for each part.
  const void *centroids;
  /// `parts` for each row.
  const uint8_t *codes;
  size_t parts;
  /// A code for each row of the floats at `norms`, or null.
  const uint8_t *norm_codes;
  const void *norms;
} csimd_pairs;

CSIMD_INLINE float csimd_pair_scale(const csimd_pairs *m, size_t row) {
  if (m->norm_codes == NULL) return 1;
  float scale;
  memcpy(&scale, (const char *)m->norms + 4 * (size_t)m->norm_codes[row], 4);
  return scale;
}

/// Adds rows of a quantised matrix to `sums`, in their order.
CSIMD_INLINE void csimd_add_pair_rows(float *sums, const csimd_pairs *m, const uint32_t *rows,
                                      size_t count) {
  const char *centroids = (const char *)m->centroids;
  size_t p = 0;
  for (; p + 8 <= m->parts; p += 8) {
    csimd_float4 a[4];
    memcpy(a, sums + 2 * p, 64);
    for (size_t i = 0; i < count; i++) {
      float scale = csimd_pair_scale(m, rows[i]);
      csimd_float4 four = {scale, scale, scale, scale};
      const uint8_t *codes = m->codes + rows[i] * m->parts + p;
      for (size_t k = 0; k < 4; k++) {
        csimd_float4 b;
        memcpy(&b, centroids + 2048 * (p + 2 * k) + 8 * (size_t)codes[2 * k], 8);
        memcpy((char *)&b + 8, centroids + 2048 * (p + 2 * k + 1) + 8 * (size_t)codes[2 * k + 1], 8);
        a[k] += four * b;
      }
    }
    memcpy(sums + 2 * p, a, 64);
  }
  if (p < m->parts)
    for (size_t i = 0; i < count; i++)
      csimd_add_pairs(sums + 2 * p, centroids + 2048 * p, m->codes + rows[i] * m->parts + p,
                      m->parts - p, csimd_pair_scale(m, rows[i]));
}
#endif
