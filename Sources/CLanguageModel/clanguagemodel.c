#include "clanguagemodel.h"

#pragma clang diagnostic ignored "-Wc23-extensions"

static const uint8_t model[] __attribute__((aligned(64))) = {
#embed "model.bin"
};

const uint8_t *clm_model(size_t *count) {
  *count = sizeof model;
  return model;
}

/// By the upper half of a lead byte: which bits of the four bytes from it are of its code point, and how
/// far these are shifted once they are packed as fields of six.
#define ASCII_BITS 0x7F000000u
#define TWO_BITS 0x1F3F0000u
#define THREE_BITS 0x0F3F3F00u
#define FOUR_BITS 0x073F3F3Fu
static const uint32_t form_bits[16] = {
    ASCII_BITS, ASCII_BITS, ASCII_BITS, ASCII_BITS, ASCII_BITS, ASCII_BITS, ASCII_BITS, ASCII_BITS,
    TWO_BITS,   TWO_BITS,   TWO_BITS,   TWO_BITS,   TWO_BITS,   TWO_BITS,   THREE_BITS, FOUR_BITS};
static const uint32_t form_shift[16] = {18, 18, 18, 18, 18, 18, 18, 18, 12, 12, 12, 12, 12, 12, 6, 0};
enum { LAST_CODE_POINT = 0x10FFFF, OTHER_BIT = 31 };

size_t clm_read_symbols_plain(const clm_symbol_table *table, const uint8_t *block, uint64_t leads,
                              clm_symbol_state *state, uint32_t *symbols) {
  uint32_t *out = symbols;
  uint64_t letters = 0, others = 0, inside = state->inside;
  for (; leads != 0; leads &= leads - 1) {
    const uint8_t *at = block + __builtin_ctzll(leads);
    uint32_t bytes = (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
    uint32_t code = bytes & form_bits[bytes >> 28];
    code = (code & 0x00FF00FF) + (code >> 2 & 0x3FC03FC0);
    code = ((code & 0xFFFF) + (code >> 16 << 12)) >> form_shift[bytes >> 28];
    code = code < LAST_CODE_POINT ? code : LAST_CODE_POINT;
    uint32_t entry = table->stage_two[(uint32_t)table->stage_one[code >> 7] << 7 | (code & 127)];
    uint32_t symbol = entry & 0x7FFFFFFF;
    uint64_t letter = symbol > CLM_BOUNDARY;
    others += entry >> OTHER_BIT;
    letters += letter;
    // A boundary after a boundary is written over.
    *out = symbol;
    out += letter | inside;
    inside = letter;
  }
  state->letters += letters;
  state->others += others;
  state->inside = inside;
  return (size_t)(out - symbols);
}

/// Writes the row of a feature to `row` and returns 1, or 0 if it has none.
static inline size_t find_row(const uint8_t *tags, uint32_t buckets, uint64_t feature, uint32_t *row) {
  uint32_t bucket = (uint32_t)(((feature >> 32) * buckets) >> 32);
  uint32_t tag = feature >> 24 & 0xFF;
  tag += tag == 0;
  const uint8_t *four = tags + 4 * (size_t)bucket;
  uint32_t held = four[0] | (uint32_t)four[1] << 8 | (uint32_t)four[2] << 16 | (uint32_t)four[3] << 24;
  // The lowest zero byte of `other` is the tag's place; bytes above it may look like zero too.
  uint32_t other = held ^ tag * 0x01010101u;
  uint32_t zero = (other - 0x01010101u) & ~other & 0x80808080u;
  *row = 4 * bucket + ((uint32_t)__builtin_ctz(zero | 0x80000000u) >> 3);
  return zero != 0;
}

size_t clm_find_rows_plain(const uint8_t *tags, uint32_t buckets, const uint64_t *features,
                           size_t count, uint32_t *rows) {
  size_t found = 0;
  for (size_t i = 0; i < count; i++) found += find_row(tags, buckets, features[i], rows + found);
  return found;
}

static inline uint64_t feature_of(uint64_t polynomial, uint64_t order) {
  uint64_t value = polynomial + (order << 60);
  return (value ^ value >> 31) * CLM_SPREAD;
}

size_t clm_find_ngrams_plain(const uint8_t *tags, uint32_t buckets, const uint8_t *rows,
                             const uint32_t *symbols, size_t count, int order, uint32_t *ids) {
  (void)rows;
  size_t found = 0;
  for (size_t i = 0; i < count; i++) {
    const uint32_t *s = symbols + i;
    uint64_t p1 = s[0];
    uint64_t p2 = s[-1] * CLM_STEP + p1;
    if (s[0] > CLM_BOUNDARY) {
      found += find_row(tags, buckets, feature_of(p1, 1), ids + found);
      found += find_row(tags, buckets, feature_of(p2, 2), ids + found);
    }
    if (s[-1] <= CLM_BOUNDARY) continue;
    uint64_t p3 = s[-2] * (CLM_STEP * CLM_STEP) + p2;
    found += find_row(tags, buckets, feature_of(p3, 3), ids + found);
    if (order < 4 || s[-2] <= CLM_BOUNDARY) continue;
    uint64_t p4 = s[-3] * (CLM_STEP * CLM_STEP * CLM_STEP) + p3;
    found += find_row(tags, buckets, feature_of(p4, 4), ids + found);
    if (order < 5 || s[-3] <= CLM_BOUNDARY) continue;
    uint64_t p5 = s[-4] * (CLM_STEP * CLM_STEP * CLM_STEP * CLM_STEP) + p4;
    found += find_row(tags, buckets, feature_of(p5, 5), ids + found);
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

void clm_sum_rows_plain(const uint8_t *rows, const int8_t codebook[16], const uint32_t *ids,
                        size_t count, int32_t sums[CLM_DIMENSION]) {
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
  clm_sum_rows_plain(rows, codebook, ids + i, count - i, sums);
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

// What the AVX-512 kernels need: Intel's servers since Ice Lake, AMD's processors since Zen 4.
#define WIDE "avx512f,avx512bw,avx512vl,avx512dq,avx512cd,avx512vbmi,avx512vbmi2,bmi,bmi2,lzcnt,popcnt"

static inline int has_wide(void) {
  return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
         __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq") &&
         __builtin_cpu_supports("avx512cd") && __builtin_cpu_supports("avx512vbmi") &&
         __builtin_cpu_supports("avx512vbmi2") && __builtin_cpu_supports("bmi2");
}

__attribute__((target(WIDE), always_inline)) static inline __m512i byte_numbers(void) {
  static const uint8_t numbers[64] = {
      0,  1,  2,  3,  4,  5,  6,  7,  8,  9,  10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21,
      22, 23, 24, 25, 26, 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40, 41, 42, 43,
      44, 45, 46, 47, 48, 49, 50, 51, 52, 53, 54, 55, 56, 57, 58, 59, 60, 61, 62, 63};
  return _mm512_loadu_si512(numbers);
}

/// Sixteen sequences at a time.
__attribute__((target(WIDE))) static size_t read_wide(const clm_symbol_table *table,
                                                      const uint8_t *block, uint64_t leads,
                                                      clm_symbol_state *state, uint32_t *symbols) {
  const __m512i bits = _mm512_loadu_si512(form_bits), shift = _mm512_loadu_si512(form_shift);
  const __m512i boundary = _mm512_set1_epi32(CLM_BOUNDARY), other = _mm512_set1_epi32(1 << OTHER_BIT);
  __m512i first = _mm512_loadu_si512(block);
  __m512i rest = _mm512_zextsi128_si512(_mm_loadu_si32(block + 64));
  int is_ascii = _mm512_movepi8_mask(first) == 0;
  uint8_t places[64];
  _mm512_storeu_si512(places, _mm512_maskz_compress_epi8(leads, byte_numbers()));
  int left = __builtin_popcountll(leads);
  uint32_t inside = (uint32_t)state->inside;
  uint64_t letters = 0, others = 0;
  uint32_t *out = symbols;
  for (int i = 0; left > 0; i += 16, left -= 16) {
    __mmask16 wanted = left >= 16 ? 0xFFFF : (__mmask16)((1u << left) - 1);
    __m512i place = _mm512_cvtepu8_epi32(_mm_loadu_si128((const __m128i *)(places + i)));
    __m512i code, number;
    if (is_ascii) {
      code = _mm512_permutexvar_epi8(place, first);
      code = _mm512_and_si512(code, _mm512_set1_epi32(0x7F));
      number = _mm512_set1_epi32(table->stage_one[0] << 7);
    } else {
      // The four bytes from each place, the first highest.
      __m512i four = _mm512_add_epi32(_mm512_mullo_epi32(place, _mm512_set1_epi32(0x01010101)),
                                      _mm512_set1_epi32(0x00010203));
      __m512i bytes = _mm512_permutex2var_epi8(first, four, rest);
      __m512i form = _mm512_srli_epi32(bytes, 28);
      code = _mm512_and_si512(bytes, _mm512_permutexvar_epi32(form, bits));
      code = _mm512_add_epi32(
          _mm512_and_si512(code, _mm512_set1_epi32(0x00FF00FF)),
          _mm512_and_si512(_mm512_srli_epi32(code, 2), _mm512_set1_epi32(0x3FC03FC0)));
      code = _mm512_add_epi32(_mm512_and_si512(code, _mm512_set1_epi32(0xFFFF)),
                              _mm512_slli_epi32(_mm512_srli_epi32(code, 16), 12));
      code = _mm512_srlv_epi32(code, _mm512_permutexvar_epi32(form, shift));
      code = _mm512_min_epu32(code, _mm512_set1_epi32(LAST_CODE_POINT));
      number = _mm512_mask_i32gather_epi32(_mm512_setzero_si512(), wanted,
                                           _mm512_srli_epi32(code, 7), table->stage_one, 2);
      number = _mm512_slli_epi32(_mm512_and_si512(number, _mm512_set1_epi32(0xFFFF)), 7);
      code = _mm512_and_si512(code, _mm512_set1_epi32(127));
    }
    __m512i entry = _mm512_mask_i32gather_epi32(_mm512_setzero_si512(), wanted,
                                                _mm512_or_si512(number, code), table->stage_two, 4);
    __m512i symbol = _mm512_andnot_si512(other, entry);
    uint32_t letter = _mm512_mask_cmpgt_epu32_mask(wanted, symbol, boundary);
    // A boundary after a boundary is left out.
    uint32_t kept = (letter | letter << 1 | inside) & wanted;
    _mm512_storeu_si512(out, _mm512_maskz_compress_epi32((__mmask16)kept, symbol));
    out += __builtin_popcount(kept);
    letters += (uint64_t)__builtin_popcount(letter);
    others += (uint64_t)__builtin_popcount(_mm512_movepi32_mask(entry));
    inside = letter >> (left >= 16 ? 15 : left - 1) & 1;
  }
  state->letters += letters;
  state->others += others;
  state->inside = inside;
  return (size_t)(out - symbols);
}

/// Finds the rows of those of eight features that `wanted` names; see `find_row`.
__attribute__((target(WIDE), always_inline)) static inline size_t find_eight(
    const uint8_t *tags, __m512i buckets, __m512i features, __mmask8 wanted, uint32_t *rows) {
  __m512i bucket = _mm512_srli_epi64(_mm512_mul_epu32(_mm512_srli_epi64(features, 32), buckets), 32);
  __m256i held = _mm512_mask_i64gather_epi32(_mm256_setzero_si256(), wanted, bucket, tags, 4);
  // The tag in all four bytes of its lane.
  __m256i tag = _mm256_shuffle_epi8(
      _mm512_cvtepi64_epi32(features),
      _mm256_setr_epi8(3, 3, 3, 3, 7, 7, 7, 7, 11, 11, 11, 11, 15, 15, 15, 15, 3, 3, 3, 3, 7, 7, 7, 7, 11,
                       11, 11, 11, 15, 15, 15, 15));
  tag = _mm256_max_epu8(tag, _mm256_set1_epi8(1));
  __m256i same = _mm256_movm_epi8(_mm256_cmpeq_epi8_mask(held, tag));
  // The lowest byte that is the same is the place.
  __m256i lowest = _mm256_and_si256(same, _mm256_sub_epi32(_mm256_setzero_si256(), same));
  __m256i place = _mm256_srli_epi32(
      _mm256_sub_epi32(_mm256_set1_epi32(31), _mm256_lzcnt_epi32(lowest)), 3);
  __m256i row = _mm256_add_epi32(_mm256_slli_epi32(_mm512_cvtepi64_epi32(bucket), 2), place);
  __mmask8 found = _mm256_test_epi32_mask(same, same) & wanted;
  _mm256_storeu_si256((__m256i *)rows, _mm256_maskz_compress_epi32(found, row));
  return (size_t)__builtin_popcount(found);
}

__attribute__((target(WIDE))) static size_t find_wide(const uint8_t *tags, uint32_t buckets,
                                                      const uint64_t *features, size_t count,
                                                      uint32_t *rows) {
  __m512i many = _mm512_set1_epi64(buckets);
  size_t found = 0;
  for (size_t i = 0; i < count; i += 8) {
    __mmask8 wanted = count - i >= 8 ? 0xFF : (__mmask8)((1u << (count - i)) - 1);
    __m512i eight = _mm512_maskz_loadu_epi64(wanted, features + i);
    found += find_eight(tags, many, eight, wanted, rows + found);
  }
  return found;
}

__attribute__((target(WIDE), always_inline)) static inline __m512i features_of(__m512i polynomials,
                                                                               uint64_t order) {
  __m512i values = _mm512_add_epi64(polynomials, _mm512_set1_epi64((long long)(order << 60)));
  values = _mm512_xor_si512(values, _mm512_srli_epi64(values, 31));
  return _mm512_mullo_epi64(values, _mm512_set1_epi64((long long)CLM_SPREAD));
}

__attribute__((target(WIDE), always_inline)) static inline __m512i symbols_at(const uint32_t *symbols) {
  return _mm512_cvtepu32_epi64(_mm256_loadu_si256((const __m256i *)symbols));
}

__attribute__((target(WIDE))) static size_t ngrams_wide(const uint8_t *tags, uint32_t buckets,
                                                        const uint8_t *rows, const uint32_t *symbols,
                                                        size_t count, int order, uint32_t *ids) {
  const uint64_t step = CLM_STEP;
  __m512i many = _mm512_set1_epi64(buckets);
  __m512i space = _mm512_set1_epi64(CLM_BOUNDARY);
  __m512i k1 = _mm512_set1_epi64((long long)step);
  __m512i k2 = _mm512_set1_epi64((long long)(step * step));
  __m512i k3 = _mm512_set1_epi64((long long)(step * step * step));
  __m512i k4 = _mm512_set1_epi64((long long)(step * step * step * step));
  size_t found = 0, fetched = 0, last = 0;
  for (size_t i = 0; i < count; i += 8) {
    // Those found a step before: of the last ones the writes are under way.
    for (; fetched < last; fetched++) __builtin_prefetch(rows + (size_t)ids[fetched] * CLM_ROW_BYTES);
    last = found;
    const uint32_t *s = symbols + i;
    __mmask8 inside = count - i >= 8 ? 0xFF : (__mmask8)((1u << (count - i)) - 1);
    __m512i s0 = symbols_at(s), s1 = symbols_at(s - 1), s2 = symbols_at(s - 2);
    __mmask8 letters0 = _mm512_cmpgt_epu64_mask(s0, space) & inside;
    __mmask8 letters1 = _mm512_cmpgt_epu64_mask(s1, space) & inside;
    __m512i p2 = _mm512_add_epi64(_mm512_mullo_epi64(s1, k1), s0);
    __m512i p3 = _mm512_add_epi64(_mm512_mullo_epi64(s2, k2), p2);
    found += find_eight(tags, many, features_of(s0, 1), letters0, ids + found);
    found += find_eight(tags, many, features_of(p2, 2), letters0, ids + found);
    found += find_eight(tags, many, features_of(p3, 3), letters1, ids + found);
    if (order < 4) continue;
    __m512i s3 = symbols_at(s - 3);
    __mmask8 letters2 = _mm512_mask_cmpgt_epu64_mask(letters1, s2, space);
    __m512i p4 = _mm512_add_epi64(_mm512_mullo_epi64(s3, k3), p3);
    found += find_eight(tags, many, features_of(p4, 4), letters2, ids + found);
    if (order < 5) continue;
    __mmask8 letters3 = _mm512_mask_cmpgt_epu64_mask(letters2, s3, space);
    __m512i p5 = _mm512_add_epi64(_mm512_mullo_epi64(symbols_at(s - 4), k4), p4);
    found += find_eight(tags, many, features_of(p5, 5), letters3, ids + found);
  }
  return found;
}

/// The sums of the two rows that a vector of bytes holds.
__attribute__((target(WIDE), always_inline)) static inline __m512i both_halves(__m512i rows) {
  return _mm512_add_epi16(_mm512_cvtepi8_epi16(_mm512_castsi512_si256(rows)),
                          _mm512_cvtepi8_epi16(_mm512_extracti64x4_epi64(rows, 1)));
}

__attribute__((target(WIDE))) static void flush_wide(__m512i words[2], int32_t *sums) {
  for (int h = 0; h < 4; h++) {
    __m256i half = h & 1 ? _mm512_extracti64x4_epi64(words[h >> 1], 1) : _mm512_castsi512_si256(words[h >> 1]);
    int32_t *to = sums + 16 * h;
    _mm512_storeu_si512(to, _mm512_add_epi32(_mm512_loadu_si512(to), _mm512_cvtepi16_epi32(half)));
  }
  words[0] = words[1] = _mm512_setzero_si512();
}

/// Two rows at a time: the table stands four times, so that the bits above an index do not matter.
__attribute__((target(WIDE))) static void sum_wide(const uint8_t *rows, const int8_t *codebook,
                                                   const uint32_t *ids, size_t count, int32_t *sums) {
  __m512i table = _mm512_broadcast_i32x4(_mm_loadu_si128((const __m128i *)codebook));
  __m512i low = _mm512_setzero_si512(), high = low;
  __m512i words[2] = {low, low};
  size_t i = 0;
  size_t first = count < AHEAD ? count : AHEAD;
  for (size_t k = 0; k < first; k++) __builtin_prefetch(rows + (size_t)ids[k] * CLM_ROW_BYTES);
  for (int groups = 0; i + 8 <= count; i += 8) {
    low = high = _mm512_setzero_si512();
    for (size_t k = i; k < i + 8; k += 2) {
      if (k + AHEAD + 1 < count) {
        __builtin_prefetch(rows + (size_t)ids[k + AHEAD] * CLM_ROW_BYTES);
        __builtin_prefetch(rows + (size_t)ids[k + AHEAD + 1] * CLM_ROW_BYTES);
      }
      __m512i two = _mm512_inserti64x4(
          _mm512_castsi256_si512(
              _mm256_loadu_si256((const __m256i *)(rows + (size_t)ids[k] * CLM_ROW_BYTES))),
          _mm256_loadu_si256((const __m256i *)(rows + (size_t)ids[k + 1] * CLM_ROW_BYTES)), 1);
      low = _mm512_add_epi8(low, _mm512_permutexvar_epi8(two, table));
      high = _mm512_add_epi8(high, _mm512_permutexvar_epi8(_mm512_srli_epi16(two, 4), table));
    }
    words[0] = _mm512_add_epi16(words[0], both_halves(low));
    words[1] = _mm512_add_epi16(words[1], both_halves(high));
    if (++groups == FLUSH / 2) {
      flush_wide(words, sums);
      groups = 0;
    }
  }
  flush_wide(words, sums);
  clm_sum_rows_plain(rows, codebook, ids + i, count - i, sums);
}

size_t clm_read_symbols(const clm_symbol_table *table, const uint8_t *block, uint64_t leads,
                        clm_symbol_state *state, uint32_t *symbols) {
  if (has_wide()) return read_wide(table, block, leads, state, symbols);
  return clm_read_symbols_plain(table, block, leads, state, symbols);
}

size_t clm_find_rows(const uint8_t *tags, uint32_t buckets, const uint64_t *features, size_t count,
                     uint32_t *rows) {
  if (has_wide()) return find_wide(tags, buckets, features, count, rows);
  return clm_find_rows_plain(tags, buckets, features, count, rows);
}

size_t clm_find_ngrams(const uint8_t *tags, uint32_t buckets, const uint8_t *rows,
                       const uint32_t *symbols, size_t count, int order, uint32_t *ids) {
  if (has_wide()) return ngrams_wide(tags, buckets, rows, symbols, count, order, ids);
  return clm_find_ngrams_plain(tags, buckets, rows, symbols, count, order, ids);
}

void clm_dots(const int16_t *a, const int16_t *b, size_t count, int32_t *products) {
  if (__builtin_cpu_supports("avx2"))
    dots_avx2(a, b, count, products);
  else
    dots_plain(a, b, count, products);
}

void clm_sum_rows(const uint8_t *rows, const int8_t codebook[16], const uint32_t *ids,
                  size_t count, int32_t sums[CLM_DIMENSION]) {
  if (has_wide())
    sum_wide(rows, codebook, ids, count, sums);
  else if (__builtin_cpu_supports("avx2"))
    sum_avx2(rows, codebook, ids, count, sums);
  else
    clm_sum_rows_plain(rows, codebook, ids, count, sums);
}
#elif defined(__aarch64__)
#include <arm_neon.h>

size_t clm_read_symbols(const clm_symbol_table *table, const uint8_t *block, uint64_t leads,
                        clm_symbol_state *state, uint32_t *symbols) {
  return clm_read_symbols_plain(table, block, leads, state, symbols);
}

size_t clm_find_rows(const uint8_t *tags, uint32_t buckets, const uint64_t *features, size_t count,
                     uint32_t *rows) {
  return clm_find_rows_plain(tags, buckets, features, count, rows);
}

size_t clm_find_ngrams(const uint8_t *tags, uint32_t buckets, const uint8_t *rows,
                       const uint32_t *symbols, size_t count, int order, uint32_t *ids) {
  return clm_find_ngrams_plain(tags, buckets, rows, symbols, count, order, ids);
}

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
  clm_sum_rows_plain(rows, codebook, ids + i, count - i, sums);
}
#else
#error "shardify is built for x86-64 and arm64"
#endif
