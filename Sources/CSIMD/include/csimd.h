// Byte kernels that Swift cannot say: 16-byte compare masks, a least word and a prefetch.
// Header only, so that they inline into Swift. SSE2 is part of x86-64, NEON of arm64.
#ifndef CSIMD_H
#define CSIMD_H
#include <stddef.h>
#include <stdint.h>

#define CSIMD_INLINE static inline __attribute__((always_inline))

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

/// Bit i is set where byte i is a small ASCII letter.
CSIMD_INLINE uint32_t csimd_small16(const void *p) {
  __m128i v = _mm_loadu_si128((const __m128i *)p);
  __m128i hit = _mm_and_si128(_mm_cmpgt_epi8(v, _mm_set1_epi8(0x60)),
                              _mm_cmplt_epi8(v, _mm_set1_epi8(0x7B)));
  return (uint32_t)_mm_movemask_epi8(hit);
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
CSIMD_INLINE uint32_t csimd_small16(const void *p) {
  uint8x16_t v = vld1q_u8((const uint8_t *)p);
  return csimd_mask(vandq_u8(vcgeq_u8(v, vdupq_n_u8(0x61)), vcleq_u8(v, vdupq_n_u8(0x7A))));
}
CSIMD_INLINE int32_t csimd_least(const int32_t *p, intptr_t count) {
  int32x4_t a = vld1q_s32(p), b = vld1q_s32(p + 4);
  for (intptr_t i = 8; i < count; i += 8) {
    a = vminq_s32(a, vld1q_s32(p + i));
    b = vminq_s32(b, vld1q_s32(p + i + 4));
  }
  return vminvq_s32(vminq_s32(a, b));
}
#else
#error "shardify is built for x86-64 and arm64"
#endif
#endif
