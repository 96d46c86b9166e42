// The script counter: one body for every instruction set, compiled once for each.
#include "csimd.h"

#include <string.h>

/// What 64 bytes are as UTF-8: how many ASCII letters; and bit i for byte i: bytes from 0x80, continuations
/// (to 0xBF), bytes from 0xE0, from 0xF0. Without any byte from 0x80 the masks are all zero.
typedef struct {
  uint64_t letters, high, continuation, from3, from4;
} utf8_block;

/// Counts the sequences of two bytes whose leads are the bits of `leads`, alternating between lanes:
/// an addition would wait for the one before it if both went to the same place.
CSIMD_INLINE void count_two(const uint8_t *p, uint64_t leads, const uint8_t *classes,
                            uint32_t *lanes) {
  for (int lane = 0; leads != 0; leads &= leads - 1, lane ^= 256) {
    uint16_t bytes;
    memcpy(&bytes, p + __builtin_ctzll(leads), 2);
    lanes[lane + classes[__builtin_bswap16(bytes) - 0xC080]]++;
  }
}

/// The same for three bytes; reads one behind them.
CSIMD_INLINE void count_three(const uint8_t *p, uint64_t leads, const uint8_t *classes,
                              uint32_t *lanes) {
  for (int lane = 0; leads != 0; leads &= leads - 1, lane ^= 256) {
    uint32_t bytes;
    memcpy(&bytes, p + __builtin_ctzll(leads), 4);
    lanes[lane + classes[(__builtin_bswap32(bytes) >> 8) - 0xE08080]]++;
  }
}

/// The body; BLOCK gives the masks of 64 bytes.
#define COUNT_SCRIPTS(BLOCK)                                                                   \
  csimd_script_stop stop = {place, 0, 0, CSIMD_END};                                           \
  uint32_t *lanes = counter->lanes;                                                            \
  const uint8_t *two_byte = counter->two_byte, *three_byte = counter->three_byte;              \
  const uint32_t *stopping = lanes + counter->stopping;                                        \
  uint64_t letters = 0;                                                                        \
  while (end - place >= 65) {                                                                  \
    const uint8_t *p = text + place;                                                           \
    utf8_block block = BLOCK(p);                                                               \
    if (block.high == 0) {                                                                     \
      letters += block.letters;                                                                \
      place += 64;                                                                             \
      continue;                                                                                \
    }                                                                                          \
    uint64_t lead = block.high & ~block.continuation;                                          \
    /* A sequence cut by the block's end is left for the next block. */                        \
    uint64_t cut = (lead & 1ull << 63) | (block.from3 & 3ull << 62) | (block.from4 & 7ull << 61); \
    size_t width = cut == 0 ? 64 : (size_t)__builtin_ctzll(cut);                               \
    uint64_t inside = cut == 0 ? ~0ull : (1ull << width) - 1;                                  \
    lead &= inside;                                                                            \
    uint64_t from3 = block.from3 & inside, four = block.from4 & inside;                        \
    uint64_t wanted = lead << 1 | from3 << 2 | four << 3;                                      \
    if ((block.continuation & inside) != wanted || (block.high | inside) != ~0ull) {                                             \
      stop.reason = CSIMD_NOT_UTF8;                                                            \
      break;                                                                                   \
    }                                                                                          \
    letters += block.letters;                                                                  \
    count_two(p, lead & ~from3, two_byte, lanes);                                              \
    count_three(p, from3 & ~four, three_byte, lanes);                                          \
    if ((four != 0) | (stopping[0] != 0) | (stopping[256] != 0)) {                             \
      stop.width = width;                                                                      \
      stop.leads = lead;                                                                       \
      stop.reason = CSIMD_ATTENTION;                                                           \
      break;                                                                                   \
    }                                                                                          \
    place += width;                                                                            \
  }                                                                                            \
  counter->letters += letters;                                                                 \
  stop.place = place;                                                                          \
  return stop;

#if defined(__x86_64__)
#include <immintrin.h>

CSIMD_INLINE uint64_t mask64(__m128i a, __m128i b, __m128i c, __m128i d) {
  uint64_t low = (uint32_t)_mm_movemask_epi8(a) | (uint32_t)_mm_movemask_epi8(b) << 16;
  uint64_t high = (uint32_t)_mm_movemask_epi8(c) | (uint32_t)_mm_movemask_epi8(d) << 16;
  return low | high << 32;
}

/// -1 in the place of every ASCII letter. The 26 letters are moved to the lowest signed numbers, so that
/// one comparison does.
CSIMD_INLINE __m128i is_letter(__m128i v) {
  __m128i moved = _mm_add_epi8(_mm_or_si128(v, _mm_set1_epi8(0x20)), _mm_set1_epi8(0x1F));
  return _mm_cmplt_epi8(moved, _mm_set1_epi8(-128 + 26));
}

/// A mask of the bytes above a limit as signed numbers: 0x80 to 0xFF are the lowest.
CSIMD_INLINE uint64_t above(const __m128i v[4], int limit) {
  __m128i x = _mm_set1_epi8((char)limit);
  return mask64(_mm_cmpgt_epi8(v[0], x), _mm_cmpgt_epi8(v[1], x), _mm_cmpgt_epi8(v[2], x),
                _mm_cmpgt_epi8(v[3], x));
}

CSIMD_INLINE utf8_block sse2_block(const uint8_t *p) {
  __m128i v[4];
  memcpy(v, p, 64);
  __m128i letters = _mm_add_epi8(_mm_add_epi8(is_letter(v[0]), is_letter(v[1])),
                                 _mm_add_epi8(is_letter(v[2]), is_letter(v[3])));
  __m128i zero = _mm_setzero_si128();
  __m128i sums = _mm_sad_epu8(_mm_sub_epi8(zero, letters), zero);
  sums = _mm_add_epi64(sums, _mm_unpackhi_epi64(sums, sums));
  utf8_block block = {(uint64_t)_mm_cvtsi128_si64(sums), 0, 0, 0, 0};
  if (_mm_movemask_epi8(_mm_or_si128(_mm_or_si128(v[0], v[1]), _mm_or_si128(v[2], v[3]))) == 0)
    return block;
  block.high = mask64(v[0], v[1], v[2], v[3]);
  block.continuation = ~above(v, 0xBF);
  block.from3 = above(v, 0xDF) & block.high;
  block.from4 = above(v, 0xEF) & block.high;
  return block;
}

#define AVX2 __attribute__((target("avx2,bmi,bmi2,popcnt")))

static inline AVX2 uint64_t wide_mask(__m256i a, __m256i b) {
  return (uint32_t)_mm256_movemask_epi8(a) | (uint64_t)(uint32_t)_mm256_movemask_epi8(b) << 32;
}

static inline AVX2 __m256i wide_is_letter(__m256i v) {
  __m256i moved =
      _mm256_add_epi8(_mm256_or_si256(v, _mm256_set1_epi8(0x20)), _mm256_set1_epi8(0x1F));
  return _mm256_cmpgt_epi8(_mm256_set1_epi8(-128 + 26), moved);
}

static inline AVX2 uint64_t wide_above(__m256i a, __m256i b, int limit) {
  __m256i x = _mm256_set1_epi8((char)limit);
  return wide_mask(_mm256_cmpgt_epi8(a, x), _mm256_cmpgt_epi8(b, x));
}

static inline AVX2 utf8_block avx2_block(const uint8_t *p) {
  __m256i a = _mm256_loadu_si256((const __m256i *)p);
  __m256i b = _mm256_loadu_si256((const __m256i *)(p + 32));
  uint64_t letters = wide_mask(wide_is_letter(a), wide_is_letter(b));
  utf8_block block = {(uint64_t)__builtin_popcountll(letters), wide_mask(a, b), 0, 0, 0};
  if (block.high == 0) return block;
  block.continuation = ~wide_above(a, b, 0xBF);
  block.from3 = wide_above(a, b, 0xDF) & block.high;
  block.from4 = wide_above(a, b, 0xEF) & block.high;
  return block;
}

static AVX2 csimd_script_stop count_avx2(csimd_script_counter *counter, const uint8_t *text,
                                         size_t place, size_t end) {
  COUNT_SCRIPTS(avx2_block)
}

static csimd_script_stop count_sse2(csimd_script_counter *counter, const uint8_t *text,
                                    size_t place, size_t end) {
  COUNT_SCRIPTS(sse2_block)
}

csimd_script_stop csimd_count_scripts(csimd_script_counter *counter, const uint8_t *text,
                                      size_t place, size_t end) {
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi2"))
    return count_avx2(counter, text, place, end);
  return count_sse2(counter, text, place, end);
}
#else
CSIMD_INLINE utf8_block neon_block(const uint8_t *p) {
  utf8_block block = {0, 0, 0, 0, 0};
  for (int i = 0; i < 4; i++) {
    uint8x16_t v = vld1q_u8(p + 16 * i);
    uint8x16_t lower = vorrq_u8(v, vdupq_n_u8(0x20));
    uint8x16_t letter = vcltq_u8(vsubq_u8(lower, vdupq_n_u8(0x61)), vdupq_n_u8(26));
    block.letters += vaddvq_u8(vandq_u8(letter, vdupq_n_u8(1)));
    if (vmaxvq_u8(v) < 0x80) continue;
    uint64_t high = csimd_mask(vcgeq_u8(v, vdupq_n_u8(0x80)));
    uint64_t lead = csimd_mask(vcgeq_u8(v, vdupq_n_u8(0xC0)));
    block.high |= high << 16 * i;
    block.continuation |= (high & ~lead) << 16 * i;
    block.from3 |= (uint64_t)csimd_mask(vcgeq_u8(v, vdupq_n_u8(0xE0))) << 16 * i;
    block.from4 |= (uint64_t)csimd_mask(vcgeq_u8(v, vdupq_n_u8(0xF0))) << 16 * i;
  }
  return block;
}

csimd_script_stop csimd_count_scripts(csimd_script_counter *counter, const uint8_t *text,
                                      size_t place, size_t end) {
  COUNT_SCRIPTS(neon_block)
}
#endif
