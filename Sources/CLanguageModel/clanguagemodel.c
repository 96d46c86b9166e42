#include "clanguagemodel.h"

#pragma clang diagnostic ignored "-Wc23-extensions"

static const uint8_t model[] __attribute__((aligned(64))) = {
#embed "model.bin"
};

const uint8_t *clm_model(size_t *count) {
  *count = sizeof model;
  return model;
}

size_t clm_find_rows(const uint8_t *tags, uint32_t buckets, const uint64_t *features, size_t count,
                     uint32_t *rows) {
  size_t found = 0;
  for (size_t i = 0; i < count; i++) {
    uint64_t feature = features[i];
    uint32_t bucket = (uint32_t)(((feature >> 32) * buckets) >> 32);
    uint32_t tag = feature >> 24 & 0xFF;
    tag += tag == 0;
    const uint8_t *four = tags + 4 * (size_t)bucket;
    uint32_t held = four[0] | (uint32_t)four[1] << 8 | (uint32_t)four[2] << 16 | (uint32_t)four[3] << 24;
    // The lowest zero byte of `other` is the tag's place; bytes above it may look like zero too.
    uint32_t other = held ^ tag * 0x01010101u;
    uint32_t zero = (other - 0x01010101u) & ~other & 0x80808080u;
    rows[found] = 4 * bucket + ((uint32_t)__builtin_ctz(zero | 0x80000000u) >> 3);
    found += zero != 0;
  }
  return found;
}

int32_t clm_dot(const int16_t *a, const int16_t *b) {
  int32_t sum = 0;
  for (int i = 0; i < CLM_DIMENSION; i++) sum += (int32_t)a[i] * b[i];
  return sum;
}

static void dots_plain(const int16_t *a, const int16_t *b, size_t count, int32_t *products) {
  for (size_t i = 0; i < count; i++) products[i] = clm_dot(a, b + i * CLM_DIMENSION);
}

static void sum_plain(const uint8_t *rows, const int8_t *codebook, const uint32_t *ids,
                      size_t count, int32_t *sums) {
  for (size_t i = 0; i < count; i++) {
    const uint8_t *row = rows + (size_t)ids[i] * CLM_ROW_BYTES;
    for (int j = 0; j < CLM_ROW_BYTES; j++) {
      sums[j] += codebook[row[j] & 15];
      sums[j + CLM_ROW_BYTES] += codebook[row[j] >> 4];
    }
  }
}

#if defined(__x86_64__)
#include <immintrin.h>

enum { AHEAD = 24, FLUSH = 256 };  // Rows prefetched ahead; groups of four before widening to 32 bits.

__attribute__((target("avx2"))) static void widen(__m256i wide[4], int32_t *sums) {
  int16_t values[CLM_DIMENSION];
  for (int k = 0; k < 4; k++) {
    _mm256_storeu_si256((__m256i *)(values + 16 * k), wide[k]);
    wide[k] = _mm256_setzero_si256();
  }
  for (int j = 0; j < CLM_DIMENSION; j++) sums[j] += values[j];
}

__attribute__((target("avx2"))) static void sum_avx2(const uint8_t *rows, const int8_t *codebook,
                                                     const uint32_t *ids, size_t count,
                                                     int32_t *sums) {
  __m256i table = _mm256_broadcastsi128_si256(_mm_loadu_si128((const __m128i *)codebook));
  __m256i low = _mm256_set1_epi8(15);
  __m256i wide[4] = {_mm256_setzero_si256(), _mm256_setzero_si256(), _mm256_setzero_si256(),
                     _mm256_setzero_si256()};
  size_t i = 0;
  for (int groups = 0; i + 4 <= count; i += 4) {
    __m256i a = _mm256_setzero_si256(), b = _mm256_setzero_si256();
    for (size_t k = i; k < i + 4; k++) {
      if (k + AHEAD < count) __builtin_prefetch(rows + (size_t)ids[k + AHEAD] * CLM_ROW_BYTES);
      __m256i row = _mm256_loadu_si256((const __m256i *)(rows + (size_t)ids[k] * CLM_ROW_BYTES));
      a = _mm256_add_epi8(a, _mm256_shuffle_epi8(table, _mm256_and_si256(row, low)));
      b = _mm256_add_epi8(
          b, _mm256_shuffle_epi8(table, _mm256_and_si256(_mm256_srli_epi16(row, 4), low)));
    }
    wide[0] = _mm256_add_epi16(wide[0], _mm256_cvtepi8_epi16(_mm256_castsi256_si128(a)));
    wide[1] = _mm256_add_epi16(wide[1], _mm256_cvtepi8_epi16(_mm256_extracti128_si256(a, 1)));
    wide[2] = _mm256_add_epi16(wide[2], _mm256_cvtepi8_epi16(_mm256_castsi256_si128(b)));
    wide[3] = _mm256_add_epi16(wide[3], _mm256_cvtepi8_epi16(_mm256_extracti128_si256(b, 1)));
    if (++groups == FLUSH) {
      widen(wide, sums);
      groups = 0;
    }
  }
  widen(wide, sums);
  sum_plain(rows, codebook, ids + i, count - i, sums);
}

__attribute__((target("avx2"))) static void dots_avx2(const int16_t *a, const int16_t *b,
                                                      size_t count, int32_t *products) {
  __m256i x[4];
  for (int k = 0; k < 4; k++) x[k] = _mm256_loadu_si256((const __m256i *)(a + 16 * k));
  for (size_t i = 0; i < count; i++, b += CLM_DIMENSION) {
    __m256i sum = _mm256_setzero_si256();
    for (int k = 0; k < 4; k++)
      sum = _mm256_add_epi32(
          sum, _mm256_madd_epi16(x[k], _mm256_loadu_si256((const __m256i *)(b + 16 * k))));
    __m128i half = _mm_add_epi32(_mm256_castsi256_si128(sum), _mm256_extracti128_si256(sum, 1));
    half = _mm_add_epi32(half, _mm_shuffle_epi32(half, 0x4E));
    half = _mm_add_epi32(half, _mm_shuffle_epi32(half, 0xB1));
    products[i] = _mm_cvtsi128_si32(half);
  }
}

void clm_dots(const int16_t *a, const int16_t *b, size_t count, int32_t *products) {
  if (__builtin_cpu_supports("avx2"))
    dots_avx2(a, b, count, products);
  else
    dots_plain(a, b, count, products);
}

void clm_sum_rows(const uint8_t *rows, const int8_t codebook[16], const uint32_t *ids,
                  size_t count, int32_t sums[CLM_DIMENSION]) {
  if (__builtin_cpu_supports("avx2"))
    sum_avx2(rows, codebook, ids, count, sums);
  else
    sum_plain(rows, codebook, ids, count, sums);
}
#elif defined(__aarch64__)
#include <arm_neon.h>

void clm_dots(const int16_t *a, const int16_t *b, size_t count, int32_t *products) {
  dots_plain(a, b, count, products);
}

void clm_sum_rows(const uint8_t *rows, const int8_t codebook[16], const uint32_t *ids,
                  size_t count, int32_t sums[CLM_DIMENSION]) {
  int8x16_t table = vld1q_s8(codebook);
  uint8x16_t low = vdupq_n_u8(15);
  size_t i = 0;
  for (; i + 4 <= count; i += 4) {
    int8x16_t part[4] = {vdupq_n_s8(0), vdupq_n_s8(0), vdupq_n_s8(0), vdupq_n_s8(0)};
    for (size_t k = i; k < i + 4; k++) {
      const uint8_t *row = rows + (size_t)ids[k] * CLM_ROW_BYTES;
      for (int h = 0; h < 2; h++) {
        uint8x16_t v = vld1q_u8(row + 16 * h);
        part[h] = vaddq_s8(part[h], vqtbl1q_s8(table, vandq_u8(v, low)));
        part[h + 2] = vaddq_s8(part[h + 2], vqtbl1q_s8(table, vshrq_n_u8(v, 4)));
      }
    }
    for (int p = 0; p < 4; p++) {
      int8_t values[16];
      vst1q_s8(values, part[p]);
      for (int j = 0; j < 16; j++) sums[16 * p + j] += values[j];
    }
  }
  sum_plain(rows, codebook, ids + i, count - i, sums);
}
#else
#error "shardify is built for x86-64 and arm64"
#endif
