// Byte kernels that Swift cannot say: compare masks, a least word, a prefetch, and those of the headers below.
// The script counter and what the other headers (csimd_*.h) declare are in C files; the rest is inline, so that it ends up in Swift's loops. SSE2 is part of x86-64, NEON of arm64.
#ifndef CSIMD_H
#define CSIMD_H
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define CSIMD_INLINE static inline __attribute__((always_inline))

/// `a` if it is true, else `b`: not by a branch, where none can foretell.
CSIMD_INLINE int64_t csimd_either(_Bool is_true, int64_t a, int64_t b) {
  return __builtin_unpredictable(is_true) ? a : b;
}

/// Where the script counter reads and counts.
typedef struct {
  /// The class of a sequence of two bytes, taken as one number, less 0xC080; 0x1F40 of them.
  const uint8_t *two_byte;
  /// The class of a sequence of three bytes, less 0xE08080; 0xF3F40 of them.
  const uint8_t *three_byte;
  /// Two lanes of 256 counts by class.
  uint32_t *lanes;
  /// The class that stops the counter.
  uint32_t stopping;
  /// ASCII letters seen.
  uint64_t letters;
} csimd_script_counter;

/// Why the counter stopped.
enum {
  /// Fewer than 65 bytes are left.
  CSIMD_END = 0,
  /// The block at `place` is not UTF-8 and is not counted.
  CSIMD_NOT_UTF8 = 1,
  /// The block at `place` is counted, but for sequences of four bytes, and holds such or the
  /// stopping class: `leads` are its sequences, `width` its bytes.
  CSIMD_ATTENTION = 2,
};

typedef struct {
  size_t place, width;
  uint64_t leads;
  int32_t reason;
} csimd_script_stop;

/// Counts the classes of the code points in blocks of 64 bytes from `place`, until it must stop.
/// Reads nothing at or past `end`. Lanes must be emptied before 2^32 are counted.
csimd_script_stop csimd_count_scripts(csimd_script_counter *counter, const uint8_t *text,
                                      size_t place, size_t end);

typedef float csimd_float4 __attribute__((vector_size(16)));

/// Adds `count` floats, which need not be aligned, to `sums`.
CSIMD_INLINE void csimd_add_floats(float *sums, const void *row, size_t count) {
  const char *from = (const char *)row;
  size_t i = 0;
  for (; i + 4 <= count; i += 4) {
    csimd_float4 a, b;
    memcpy(&a, sums + i, 16);
    memcpy(&b, from + 4 * i, 16);
    a += b;
    memcpy(sums + i, &a, 16);
  }
  for (; i < count; i++) {
    float b;
    memcpy(&b, from + 4 * i, 4);
    sums[i] += b;
  }
}

/// Adds `count` floats times `scale` to `sums`.
CSIMD_INLINE void csimd_add_scaled(float *sums, const void *row, size_t count, float scale) {
  const char *from = (const char *)row;
  for (size_t i = 0; i < count; i++) {
    float b;
    memcpy(&b, from + 4 * i, 4);
    sums[i] += scale * b;
  }
}

/// Adds a product-quantised row of `parts` pairs, times `scale`: pair i is number `codes[i]` of the 256
/// pairs at `centroids + 2048 i` bytes.
CSIMD_INLINE void csimd_add_pairs(float *sums, const void *centroids, const uint8_t *codes,
                                  size_t parts, float scale) {
  const char *from = (const char *)centroids;
  csimd_float4 four = {scale, scale, scale, scale};
  size_t i = 0;
  for (; i + 2 <= parts; i += 2) {
    csimd_float4 a, b;
    memcpy(&a, sums + 2 * i, 16);
    memcpy(&b, from + 2048 * i + 8 * (size_t)codes[i], 8);
    memcpy((char *)&b + 8, from + 2048 * (i + 1) + 8 * (size_t)codes[i + 1], 8);
    a += four * b;
    memcpy(sums + 2 * i, &a, 16);
  }
  if (i < parts) csimd_add_scaled(sums + 2 * i, from + 2048 * i + 8 * (size_t)codes[i], 2, scale);
}

/// The dot product of `count` floats, which need not be aligned, with `vector`, in a fixed order: eight
/// lanes, then their sum, then the rest. The same on every machine.
CSIMD_INLINE float csimd_dot_floats(const float *vector, const void *row, size_t count) {
  const char *from = (const char *)row;
  csimd_float4 low = {0, 0, 0, 0}, high = {0, 0, 0, 0};
  size_t i = 0;
  for (; i + 8 <= count; i += 8) {
    csimd_float4 a, b, c, d;
    memcpy(&a, vector + i, 16);
    memcpy(&b, from + 4 * i, 16);
    memcpy(&c, vector + i + 4, 16);
    memcpy(&d, from + 4 * i + 16, 16);
    low += a * b;
    high += c * d;
  }
  low += high;
  float sum = (low[0] + low[1]) + (low[2] + low[3]);
  for (; i < count; i++) {
    float b;
    memcpy(&b, from + 4 * i, 4);
    sum += vector[i] * b;
  }
  return sum;
}

CSIMD_INLINE void csimd_prefetch(const void *address) { __builtin_prefetch(address); }

#if defined(__x86_64__)
#include <emmintrin.h>

/// Bit i is set where byte i equals `c`.
CSIMD_INLINE uint32_t csimd_equal16(const void *p, uint8_t c) {
  __m128i v = _mm_loadu_si128((const __m128i *)p);
  return (uint32_t)_mm_movemask_epi8(_mm_cmpeq_epi8(v, _mm_set1_epi8((char)c)));
}

/// Bit i is set where byte i equals `a` or `b`.
CSIMD_INLINE uint32_t csimd_either16(const void *p, uint8_t a, uint8_t b) {
  __m128i v = _mm_loadu_si128((const __m128i *)p);
  __m128i hit = _mm_or_si128(_mm_cmpeq_epi8(v, _mm_set1_epi8((char)a)),
                             _mm_cmpeq_epi8(v, _mm_set1_epi8((char)b)));
  return (uint32_t)_mm_movemask_epi8(hit);
}

/// Bit i is set where byte i is 0x80 or more.
CSIMD_INLINE uint32_t csimd_high16(const void *p) {
  return (uint32_t)_mm_movemask_epi8(_mm_loadu_si128((const __m128i *)p));
}

/// Bit i is set where byte i is an ASCII letter.
CSIMD_INLINE uint32_t csimd_letters16(const void *p) {
  __m128i v = _mm_or_si128(_mm_loadu_si128((const __m128i *)p), _mm_set1_epi8(0x20));
  __m128i hit = _mm_and_si128(_mm_cmpgt_epi8(v, _mm_set1_epi8(0x60)),
                              _mm_cmplt_epi8(v, _mm_set1_epi8(0x7B)));
  return (uint32_t)_mm_movemask_epi8(hit);
}

/// Bit i is set where byte i is `!` to `~`.
CSIMD_INLINE uint32_t csimd_visible16(const void *p) {
  __m128i v = _mm_loadu_si128((const __m128i *)p);
  __m128i hit = _mm_and_si128(_mm_cmpgt_epi8(v, _mm_set1_epi8(0x20)),
                              _mm_cmplt_epi8(v, _mm_set1_epi8(0x7F)));
  return (uint32_t)_mm_movemask_epi8(hit);
}

/// Bit i is set where byte i is a small ASCII letter.
CSIMD_INLINE uint32_t csimd_small16(const void *p) {
  __m128i v = _mm_loadu_si128((const __m128i *)p);
  __m128i hit = _mm_and_si128(_mm_cmpgt_epi8(v, _mm_set1_epi8(0x60)),
                              _mm_cmplt_epi8(v, _mm_set1_epi8(0x7B)));
  return (uint32_t)_mm_movemask_epi8(hit);
}

/// Bit i is set where byte i of 24 equals that of `a`, `b` and `c`, eight bytes each.
CSIMD_INLINE uint32_t csimd_equal24(const void *p, uint64_t a, uint64_t b, uint64_t c) {
  __m128i low = _mm_loadu_si128((const __m128i *)p);
  __m128i high = _mm_loadl_epi64((const __m128i *)((const char *)p + 16));
  low = _mm_cmpeq_epi8(low, _mm_set_epi64x((long long)b, (long long)a));
  high = _mm_cmpeq_epi8(high, _mm_cvtsi64_si128((long long)c));
  return (uint32_t)_mm_movemask_epi8(low) | ((uint32_t)_mm_movemask_epi8(high) << 16 & 0xFF0000);
}

/// The least of `count` words, a multiple of 8. They must be the bits of finite floats of zero or
/// more, which are in the order of their bits.
CSIMD_INLINE int32_t csimd_least(const int32_t *p, intptr_t count) {
  const float *f = (const float *)p;
  __m128 a = _mm_loadu_ps(f), b = _mm_loadu_ps(f + 4);
  for (intptr_t i = 8; i < count; i += 8) {
    a = _mm_min_ps(a, _mm_loadu_ps(f + i));
    b = _mm_min_ps(b, _mm_loadu_ps(f + i + 4));
  }
  a = _mm_min_ps(a, b);
  a = _mm_min_ps(a, _mm_movehl_ps(a, a));
  a = _mm_min_ss(a, _mm_shuffle_ps(a, a, 1));
  return _mm_cvtsi128_si32(_mm_castps_si128(a));
}
CSIMD_INLINE uint64_t csimd_between64(const __m128i v[4], uint8_t first, uint8_t last) {
  // Moved so that the wanted bytes are the lowest as signed numbers: one comparison instead of two.
  __m128i move = _mm_set1_epi8((char)(0x80 - first));
  __m128i limit = _mm_set1_epi8((char)(0x80 + (last - first) + 1));
  uint64_t mask = 0;
  for (int i = 0; i < 4; i++)
    mask |= (uint64_t)(uint32_t)_mm_movemask_epi8(_mm_cmplt_epi8(_mm_add_epi8(v[i], move), limit))
            << 16 * i;
  return mask;
}
typedef struct {
  __m128i part[4];
} csimd_bytes;
CSIMD_INLINE csimd_bytes csimd_load64(const void *p) {
  csimd_bytes v;
  for (int i = 0; i < 4; i++) v.part[i] = _mm_loadu_si128((const __m128i *)p + i);
  return v;
}
#elif defined(__aarch64__)
#include <arm_neon.h>

CSIMD_INLINE uint32_t csimd_mask(uint8x16_t hit) {
  const uint8_t weights[16] = {1, 2, 4, 8, 16, 32, 64, 128, 1, 2, 4, 8, 16, 32, 64, 128};
  uint8x16_t bits = vandq_u8(hit, vld1q_u8(weights));
  return (uint32_t)vaddv_u8(vget_low_u8(bits)) | (uint32_t)vaddv_u8(vget_high_u8(bits)) << 8;
}
CSIMD_INLINE uint32_t csimd_equal16(const void *p, uint8_t c) {
  return csimd_mask(vceqq_u8(vld1q_u8((const uint8_t *)p), vdupq_n_u8(c)));
}
CSIMD_INLINE uint32_t csimd_either16(const void *p, uint8_t a, uint8_t b) {
  uint8x16_t v = vld1q_u8((const uint8_t *)p);
  return csimd_mask(vorrq_u8(vceqq_u8(v, vdupq_n_u8(a)), vceqq_u8(v, vdupq_n_u8(b))));
}
CSIMD_INLINE uint32_t csimd_high16(const void *p) {
  return csimd_mask(vcgeq_u8(vld1q_u8((const uint8_t *)p), vdupq_n_u8(0x80)));
}
CSIMD_INLINE uint32_t csimd_letters16(const void *p) {
  uint8x16_t v = vorrq_u8(vld1q_u8((const uint8_t *)p), vdupq_n_u8(0x20));
  return csimd_mask(vandq_u8(vcgeq_u8(v, vdupq_n_u8(0x61)), vcleq_u8(v, vdupq_n_u8(0x7A))));
}
CSIMD_INLINE uint32_t csimd_visible16(const void *p) {
  uint8x16_t v = vld1q_u8((const uint8_t *)p);
  return csimd_mask(vandq_u8(vcgeq_u8(v, vdupq_n_u8(0x21)), vcleq_u8(v, vdupq_n_u8(0x7E))));
}
CSIMD_INLINE uint32_t csimd_small16(const void *p) {
  uint8x16_t v = vld1q_u8((const uint8_t *)p);
  return csimd_mask(vandq_u8(vcgeq_u8(v, vdupq_n_u8(0x61)), vcleq_u8(v, vdupq_n_u8(0x7A))));
}
CSIMD_INLINE uint32_t csimd_equal24(const void *p, uint64_t a, uint64_t b, uint64_t c) {
  uint8x16_t low = vld1q_u8((const uint8_t *)p);
  uint8x8_t high = vld1_u8((const uint8_t *)p + 16);
  low = vceqq_u8(low, vreinterpretq_u8_u64(vcombine_u64(vcreate_u64(a), vcreate_u64(b))));
  high = vceq_u8(high, vcreate_u8(c));
  return csimd_mask(low) | (csimd_mask(vcombine_u8(high, vdup_n_u8(0))) << 16);
}
CSIMD_INLINE int32_t csimd_least(const int32_t *p, intptr_t count) {
  int32x4_t a = vld1q_s32(p), b = vld1q_s32(p + 4);
  for (intptr_t i = 8; i < count; i += 8) {
    a = vminq_s32(a, vld1q_s32(p + i));
    b = vminq_s32(b, vld1q_s32(p + i + 4));
  }
  return vminvq_s32(vminq_s32(a, b));
}
CSIMD_INLINE uint64_t csimd_between64(const uint8x16_t v[4], uint8_t first, uint8_t last) {
  uint64_t mask = 0;
  for (int i = 0; i < 4; i++) {
    uint8x16_t low = vsubq_u8(v[i], vdupq_n_u8(first));
    mask |= (uint64_t)csimd_mask(vcleq_u8(low, vdupq_n_u8((uint8_t)(last - first)))) << 16 * i;
  }
  return mask;
}
typedef struct {
  uint8x16_t part[4];
} csimd_bytes;
CSIMD_INLINE csimd_bytes csimd_load64(const void *p) {
  csimd_bytes v;
  for (int i = 0; i < 4; i++) v.part[i] = vld1q_u8((const uint8_t *)p + 16 * i);
  return v;
}
#else
#error "shardify is built for x86-64 and arm64"
#endif

/// What 64 bytes look like, bit i for byte i: ASCII letters; bytes from 0x80; spaces; bytes that are not
/// white space or control; digits; symbols, which are the rest of ASCII but `. , ' - ! ?`.
typedef struct {
  uint64_t letters, high, blanks, dark, digits, symbols;
} csimd_shape;

CSIMD_INLINE csimd_shape csimd_shape64(const void *p) {
  csimd_bytes v = csimd_load64(p);
  csimd_shape shape;
  shape.letters = csimd_between64(v.part, 'A', 'Z') | csimd_between64(v.part, 'a', 'z');
  shape.high = csimd_between64(v.part, 0x80, 0xFE) | csimd_between64(v.part, 0xFF, 0xFF);
  shape.blanks = csimd_between64(v.part, ' ', ' ');
  shape.dark = csimd_between64(v.part, '!', '~') | shape.high;
  shape.digits = csimd_between64(v.part, '0', '9');
  uint64_t prose = csimd_between64(v.part, ',', '.') | csimd_between64(v.part, '\'', '\'') |
                   csimd_between64(v.part, '!', '!') | csimd_between64(v.part, '?', '?');
  shape.symbols = shape.dark & ~(shape.high | shape.letters | shape.digits | prose);
  return shape;
}

/// Which of 64 bytes begin a sequence, are not 0x80 to 0xBF; and which are 0xCC or 0xCD, which begin
/// the marks U+0300 to U+036F.
typedef struct {
  uint64_t leads, marks;
} csimd_sequences;

CSIMD_INLINE csimd_sequences csimd_sequences64(const void *p) {
  csimd_bytes v = csimd_load64(p);
  csimd_sequences found;
  found.leads = ~csimd_between64(v.part, 0x80, 0xBF);
  found.marks = csimd_between64(v.part, 0xCC, 0xCD);
  return found;
}

#include "csimd_letters.h"
#include "csimd_merge.h"
#include "csimd_unigram.h"
#include "csimd_words.h"
#endif
