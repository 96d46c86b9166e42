// Words and their letter n-grams, for fastText models. See csimd_words.h.
#include "csimd.h"

static const uint64_t key_masks[8] = {
    0, 0xFF, 0xFFFF, 0xFFFFFF, 0xFFFFFFFF, 0xFFFFFFFFFF, 0xFFFFFFFFFFFF, 0xFFFFFFFFFFFFFF};

CSIMD_INLINE _Bool is_space(uint8_t byte) {
  return byte <= 32 && (byte == 32 || (uint8_t)(byte - 9) < 5 || byte == 0);
}

#if defined(__x86_64__)
CSIMD_INLINE uint32_t spaces16(const uint8_t *p) {
  __m128i v = _mm_loadu_si128((const __m128i *)p), low = _mm_sub_epi8(v, _mm_set1_epi8(9));
  __m128i control = _mm_cmpeq_epi8(_mm_min_epu8(low, _mm_set1_epi8(4)), low);
  __m128i other = _mm_or_si128(_mm_cmpeq_epi8(v, _mm_setzero_si128()),
                               _mm_cmpeq_epi8(v, _mm_set1_epi8(32)));
  return (uint32_t)_mm_movemask_epi8(_mm_or_si128(control, other));
}
#else
CSIMD_INLINE uint32_t spaces16(const uint8_t *p) {
  uint8x16_t v = vld1q_u8(p);
  uint8x16_t control = vcltq_u8(vsubq_u8(v, vdupq_n_u8(9)), vdupq_n_u8(5));
  return csimd_mask(vorrq_u8(control, vorrq_u8(vceqzq_u8(v), vceqq_u8(v, vdupq_n_u8(32)))));
}
#endif

size_t csimd_words(const uint8_t *text, size_t *place, size_t end, csimd_word *words, size_t limit) {
  size_t at = *place, found = 0;
  while (found < limit) {
    while (at < end && is_space(text[at])) at++;
    if (at == end) break;
    csimd_word *word = words + found++;
    word->start = text + at;
    if (end - at >= 32) {
      memcpy(word->key, text + at, 32);
      uint32_t spaces = spaces16(text + at) | spaces16(text + at + 16) << 16;
      if (spaces != 0) {
        size_t count = (size_t)__builtin_ctz(spaces);
        at += count;
        // All of the words before, part of one, none of those behind.
        for (size_t i = 0; i < 4; i++) {
          uint64_t keep = count >= 8 * i + 8 ? ~0ull : count <= 8 * i ? 0 : key_masks[count & 7];
          word->key[i] &= keep;
        }
      } else {
        at += 32;
        while (at < end && !is_space(text[at])) at++;
      }
    } else {
      size_t start = at;
      while (at < end && !is_space(text[at])) at++;
      memset(word->key, 0, 32);
      memcpy(word->key, text + start, at - start);
    }
    word->count = (size_t)(text + at - word->start);
    uint64_t hash = word->key[0] * 0x9E3779B97F4A7C15 + word->key[1] * 0xC2B2AE3D27D4EB4F +
                    word->key[2] * 0x165667B19E3779F9 + word->key[3] * 0xD6E8FEB86659FD93;
    hash ^= hash >> 32;
    word->hash = hash * 0x9E3779B97F4A7C15;
  }
  *place = at;
  return found;
}

size_t csimd_frame(const uint8_t *word, size_t count, uint8_t *framed, uint32_t *starts) {
  size_t end = count + 2, characters = 0;
  framed[0] = '<';
  memcpy(framed + 1, word, count);
  framed[count + 1] = '>';
  for (size_t i = 0; i < end; i += 64) {
    csimd_bytes v = csimd_load64(framed + i);
    uint64_t leads = ~csimd_between64(v.part, 0x80, 0xBF);
    if (end - i < 64) leads &= (1ull << (end - i)) - 1;
    for (; leads != 0; leads &= leads - 1)
      starts[characters++] = (uint32_t)(i + (size_t)__builtin_ctzll(leads));
  }
  for (int i = 0; i < CSIMD_START_PADDING; i++) starts[characters + i] = (uint32_t)end;
  return characters;
}

/// FNV-1a over bytes taken as signed.
static const uint32_t hash_start = 2166136261, hash_factor = 16777619;

/// Whether an n-gram is left out: a bracket is no n-gram by itself.
CSIMD_INLINE _Bool is_bracket(const csimd_ngrams *g, size_t first, size_t order) {
  return order == 1 && (first == 0 || first + 1 == g->count);
}

/// The n-grams that start at eight characters from `i` on.
static size_t portable_block(const csimd_ngrams *g, size_t i, uint32_t *rows) {
  uint32_t hash[8], reciprocal = UINT32_MAX / g->buckets;
  size_t at[8], found = 0;
  for (size_t lane = 0; lane < 8 && i + lane < g->count; lane++) {
    hash[lane] = hash_start;
    at[lane] = g->starts[i + lane];
  }
  for (size_t order = 1; order <= g->most && i + order <= g->count; order++) {
    for (size_t lane = 0; lane < 8 && i + lane + order <= g->count; lane++) {
      size_t end = g->starts[i + lane + order];
      uint32_t h = hash[lane];
      for (size_t j = at[lane]; j < end; j++)
        h = (h ^ (uint32_t)(int32_t)(int8_t)g->text[j]) * hash_factor;
      hash[lane] = h;
      at[lane] = end;
      if (order < g->least || is_bracket(g, i + lane, order)) continue;
      // The quotient, or one less: the smaller of both remainders is right.
      uint32_t rest = h - (uint32_t)((uint64_t)h * reciprocal >> 32) * g->buckets;
      uint32_t bucket = rest < rest - g->buckets ? rest : rest - g->buckets;
      rows[found] = bucket + g->first;
      uint32_t bit = bucket & g->filter_mask;
      found += g->filter == NULL ? 1 : g->filter[bit >> 5] >> (bit & 31) & 1;
    }
  }
  return found;
}

size_t csimd_ngram_rows_portable(const csimd_ngrams *g, uint32_t *rows) {
  size_t found = 0;
  for (size_t i = 0; i < g->count; i += 8) found += portable_block(g, i, rows + found);
  return found;
}

#if defined(__x86_64__)
#include <immintrin.h>

#define AVX2 __attribute__((target("avx2,popcnt")))

/// The longest n-gram that the wide form takes, and the bytes of one.
enum { WIDE_MOST = 8, WIDE_BYTES = 4 * WIDE_MOST };

typedef struct {
  __m256i buckets, reciprocal, first, filter_mask;
} wide_constants;

/// The set bits of a number of four bits, lowest first.
static const int32_t kept_lanes[16][4] = {
    {0, 0, 0, 0}, {0, 0, 0, 0}, {1, 0, 0, 0}, {0, 1, 0, 0},
    {2, 0, 0, 0}, {0, 2, 0, 0}, {1, 2, 0, 0}, {0, 1, 2, 0},
    {3, 0, 0, 0}, {0, 3, 0, 0}, {1, 3, 0, 0}, {0, 1, 3, 0},
    {2, 3, 0, 0}, {0, 2, 3, 0}, {1, 2, 3, 0}, {0, 1, 2, 3}};

/// Writes the lanes of the set bits of `wanted`, two half vectors one after the other: BMI2 does it at once, but
/// slowly on some processors. Four numbers behind what is wanted may be written over.
static inline AVX2 size_t store_lanes(uint32_t *out, __m256i v, uint32_t wanted) {
  uint32_t low = wanted & 15, high = wanted >> 4;
  size_t count = (size_t)__builtin_popcount(low);
  __m128 a = _mm256_castps256_ps128(_mm256_castsi256_ps(v));
  __m128 b = _mm256_extractf128_ps(_mm256_castsi256_ps(v), 1);
  a = _mm_permutevar_ps(a, _mm_loadu_si128((const __m128i *)kept_lanes[low]));
  b = _mm_permutevar_ps(b, _mm_loadu_si128((const __m128i *)kept_lanes[high]));
  _mm_storeu_ps((float *)out, a);
  _mm_storeu_ps((float *)(out + count), b);
  return count + (size_t)__builtin_popcount(high);
}

/// Takes a byte, sign and all, into each hash.
static inline AVX2 __m256i hash_bytes(__m256i hash, __m256i bytes) {
  return _mm256_mullo_epi32(_mm256_xor_si256(hash, bytes), _mm256_set1_epi32((int)hash_factor));
}

/// The buckets of eight hashes.
static inline AVX2 __m256i wide_buckets(__m256i hash, const wide_constants *c) {
  __m256i even = _mm256_srli_epi64(_mm256_mul_epu32(hash, c->reciprocal), 32);
  __m256i odd = _mm256_mul_epu32(_mm256_srli_epi64(hash, 32), c->reciprocal);
  __m256i quotient = _mm256_blend_epi32(even, odd, 0xAA);
  __m256i rest = _mm256_sub_epi32(hash, _mm256_mullo_epi32(quotient, c->buckets));
  return _mm256_min_epu32(rest, _mm256_sub_epi32(rest, c->buckets));
}

/// The n-grams that start at eight characters from `i` on. `least` and `most` are the word's, once more: where they
/// are constants, the loops over them are laid out and their vectors stay in registers.
static inline AVX2 __attribute__((always_inline)) size_t wide_block(
    const csimd_ngrams *g, const wide_constants *c, size_t i, uint32_t *rows, uint32_t least,
    uint32_t most) {
  __m256i hashes[WIDE_MOST + 1], hash = _mm256_set1_epi32((int)hash_start);
  if (g->starts[g->count] == g->count) {
    // A character is a byte.
    for (size_t byte = 0; byte < most; byte++) {
      __m128i bytes = _mm_loadl_epi64((const __m128i *)(g->text + i + byte));
      hash = hash_bytes(hash, _mm256_cvtepi8_epi32(bytes));
      hashes[byte + 1] = hash;
    }
  } else {
    __m256i widths[WIDE_MOST + 1];
    __m256i starts = _mm256_loadu_si256((const __m256i *)(g->starts + i)), bytes = starts;
    for (size_t order = least; order <= most; order++) {
      __m256i ends = _mm256_loadu_si256((const __m256i *)(g->starts + i + order));
      widths[order] = _mm256_sub_epi32(ends, starts);
      hashes[order] = hash;
    }
    __m256i widest = widths[most];
    widest = _mm256_max_epu32(widest, _mm256_permute2x128_si256(widest, widest, 1));
    widest = _mm256_max_epu32(widest, _mm256_shuffle_epi32(widest, 0x4E));
    widest = _mm256_max_epu32(widest, _mm256_shuffle_epi32(widest, 0xB1));
    size_t width = (uint32_t)_mm256_cvtsi256_si32(widest);
    // Bytes that continue no character, in any number, belong to the one before them.
    if (width > WIDE_BYTES) return portable_block(g, i, rows);
    for (size_t byte = 0; byte < width; byte++) {
      if (byte % 4 == 0)
        bytes = _mm256_i32gather_epi32((const int *)(g->text + byte), starts, 1);
      hash = hash_bytes(hash, _mm256_srai_epi32(_mm256_slli_epi32(bytes, 24), 24));
      bytes = _mm256_srli_epi32(bytes, 8);
      __m256i here = _mm256_set1_epi32((int)byte + 1);
      for (size_t order = least; order <= most; order++)
        hashes[order] =
            _mm256_blendv_epi8(hashes[order], hash, _mm256_cmpeq_epi32(widths[order], here));
    }
  }
  uint32_t *out = rows;
  for (size_t order = least; order <= most && i + order <= g->count; order++) {
    size_t lanes = g->count - i - order + 1;
    uint32_t wanted = lanes >= 8 ? 0xFF : (1u << lanes) - 1;
    if (order == 1) {
      if (i == 0) wanted &= ~1u;
      if (lanes <= 8) wanted &= ~(1u << (lanes - 1));
    }
    __m256i bucket = wide_buckets(hashes[order], c);
    __m256i row = _mm256_add_epi32(bucket, c->first);
    if (g->filter == NULL && order > 1) {
      // The wanted lanes are the first.
      _mm256_storeu_si256((__m256i *)out, row);
      out += lanes >= 8 ? 8 : lanes;
      continue;
    }
    if (g->filter != NULL) {
      __m256i bit = _mm256_and_si256(bucket, c->filter_mask);
      __m256i word = _mm256_i32gather_epi32((const int *)g->filter, _mm256_srli_epi32(bit, 5), 4);
      // The bit becomes the sign.
      word = _mm256_sllv_epi32(word, _mm256_andnot_si256(bit, _mm256_set1_epi32(31)));
      wanted &= (uint32_t)_mm256_movemask_ps(_mm256_castsi256_ps(word));
    }
    out += store_lanes(out, row, wanted);
  }
  return (size_t)(out - rows);
}

static AVX2 size_t wide_rows(const csimd_ngrams *g, uint32_t *rows) {
  wide_constants c = {_mm256_set1_epi32((int)g->buckets),
                      _mm256_set1_epi32((int)(UINT32_MAX / g->buckets)),
                      _mm256_set1_epi32((int)g->first), _mm256_set1_epi32((int)g->filter_mask)};
  size_t found = 0;
  for (size_t i = 0; i < g->count; i += 8)
    found += g->least == 2 && g->most == 4
                 ? wide_block(g, &c, i, rows + found, 2, 4)
                 : wide_block(g, &c, i, rows + found, g->least, g->most);
  return found;
}

size_t csimd_ngram_rows(const csimd_ngrams *g, uint32_t *rows) {
  if (g->least > g->most) return 0;
  // Places are signed numbers of 32 bits to the gathering instruction.
  if (g->most <= WIDE_MOST && g->starts[g->count] < INT32_MAX && __builtin_cpu_supports("avx2") &&
      __builtin_cpu_supports("popcnt"))
    return wide_rows(g, rows);
  return csimd_ngram_rows_portable(g, rows);
}
#else
size_t csimd_ngram_rows(const csimd_ngrams *g, uint32_t *rows) {
  return csimd_ngram_rows_portable(g, rows);
}
#endif
