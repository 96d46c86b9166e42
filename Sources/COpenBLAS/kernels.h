// Row kernels that need sums in several lanes and a fast exponential, which Swift's strict
// floating point does not vectorise. Sixteen partial sums are kept and added in a fixed order, so
// the result does not depend on the vector width the compiler chose.
#ifndef SHARDIFY_KERNELS_H
#define SHARDIFY_KERNELS_H
#include <stdint.h>
#include <string.h>

#define SHARDIFY_LANES 16
#if defined(__x86_64__)
// Compiled twice, the second time for AVX2 and FMA; which one runs is decided once.
#define SHARDIFY_WIDE __attribute__((target("avx2,fma")))
static inline int shardify_has_wide(void) {
  return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
}
#else
#define SHARDIFY_WIDE
static inline int shardify_has_wide(void) { return 0; }
#endif

// exp(x) to about 2 units in the last place for x in [-87, 88]; clamped outside.
// Range reduction to [-ln2/2, ln2/2] and a polynomial of degree 6 (Cephes expf coefficients).
#define SHARDIFY_EXP(result, argument)                                     \
  do {                                                                     \
    float x_ = (argument);                                                 \
    x_ = x_ < -87.0f ? -87.0f : x_;                                        \
    x_ = x_ > 88.0f ? 88.0f : x_;                                          \
    float t_ = x_ * 1.44269504088896341f + 12582912.0f;                    \
    int32_t k_;                                                            \
    memcpy(&k_, &t_, 4);                                                   \
    float n_ = t_ - 12582912.0f;                                           \
    float r_ = x_ - n_ * 0.693359375f;                                     \
    r_ = r_ + n_ * 2.12194440e-4f;                                         \
    float p_ = 1.9875691500e-4f;                                           \
    p_ = p_ * r_ + 1.3981999507e-3f;                                       \
    p_ = p_ * r_ + 8.3334519073e-3f;                                       \
    p_ = p_ * r_ + 4.1665795894e-2f;                                       \
    p_ = p_ * r_ + 1.6666665459e-1f;                                       \
    p_ = p_ * r_ + 5.0000001201e-1f;                                       \
    p_ = p_ * r_ * r_ + r_ + 1.0f;                                         \
    int32_t s_ = (int32_t)((uint32_t)(k_ - 0x4B400000 + 127) << 23);       \
    float scale_;                                                          \
    memcpy(&scale_, &s_, 4);                                               \
    (result) = p_ * scale_;                                                \
  } while (0)

#define SHARDIFY_BODY_MAX                                                  \
  float m[SHARDIFY_LANES];                                                 \
  for (int j = 0; j < SHARDIFY_LANES; j++) m[j] = -3.4e38f;                \
  long i = 0;                                                              \
  for (; i + SHARDIFY_LANES <= count; i += SHARDIFY_LANES)                 \
    for (int j = 0; j < SHARDIFY_LANES; j++)                               \
      m[j] = x[i + j] > m[j] ? x[i + j] : m[j];                            \
  float top = -3.4e38f;                                                    \
  for (int j = 0; j < SHARDIFY_LANES; j++) top = m[j] > top ? m[j] : top;  \
  for (; i < count; i++) top = x[i] > top ? x[i] : top;                    \
  return top;

#define SHARDIFY_BODY_EXP_SUM                                              \
  float sum[SHARDIFY_LANES] = {0};                                         \
  long i = 0;                                                              \
  for (; i + SHARDIFY_LANES <= count; i += SHARDIFY_LANES)                 \
    for (int j = 0; j < SHARDIFY_LANES; j++) {                             \
      float e;                                                             \
      SHARDIFY_EXP(e, x[i + j] - shift);                                   \
      x[i + j] = e;                                                        \
      sum[j] += e;                                                         \
    }                                                                      \
  double total = 0;                                                        \
  for (int j = 0; j < SHARDIFY_LANES; j++) total += sum[j];                \
  for (; i < count; i++) {                                                 \
    float e;                                                               \
    SHARDIFY_EXP(e, x[i] - shift);                                         \
    x[i] = e;                                                              \
    total += e;                                                            \
  }                                                                        \
  return total;

#define SHARDIFY_BODY_DOT                                                  \
  float sum[SHARDIFY_LANES] = {0};                                         \
  long i = 0;                                                              \
  for (; i + SHARDIFY_LANES <= count; i += SHARDIFY_LANES)                 \
    for (int j = 0; j < SHARDIFY_LANES; j++) sum[j] += x[i + j] * y[i + j];\
  double total = 0;                                                        \
  for (int j = 0; j < SHARDIFY_LANES; j++) total += sum[j];                \
  for (; i < count; i++) total += x[i] * y[i];                             \
  return total;

// up * gate * sigmoid(gate)
#define SHARDIFY_BODY_SWIGLU                                               \
  for (long i = 0; i < count; i++) {                                       \
    float e;                                                               \
    SHARDIFY_EXP(e, -gate[i]);                                             \
    out[i] = up[i] * gate[i] / (1.0f + e);                                 \
  }

// d = gradient of out; gate and up are replaced by their gradients.
#define SHARDIFY_BODY_SWIGLU_BACK                                          \
  for (long i = 0; i < count; i++) {                                       \
    float e;                                                               \
    SHARDIFY_EXP(e, -gate[i]);                                             \
    float s = 1.0f / (1.0f + e);                                           \
    float g = gate[i];                                                     \
    float silu = g * s;                                                    \
    gate[i] = d[i] * up[i] * (s + silu * (1.0f - s));                      \
    up[i] = d[i] * silu;                                                   \
  }

// Decoupled weight decay (Loshchilov and Hutter 2019).
#define SHARDIFY_BODY_ADAMW                                                \
  for (long i = 0; i < count; i++) {                                       \
    float g = gradient[i] * scale;                                         \
    float a = beta1 * m[i] + (1.0f - beta1) * g;                           \
    float b = beta2 * v[i] + (1.0f - beta2) * g * g;                       \
    m[i] = a;                                                              \
    v[i] = b;                                                              \
    w[i] -= rate * (a * correct1 / (__builtin_sqrtf(b * correct2) + epsilon) + decay * w[i]); \
  }

#define SHARDIFY_KERNEL(type, name, parameters, arguments, body)           \
  SHARDIFY_WIDE static type name##_wide parameters { body }                \
  static type name##_base parameters { body }                              \
  static inline type name parameters {                                     \
    static int known = -1;                                                 \
    int wide = __atomic_load_n(&known, __ATOMIC_RELAXED);                  \
    if (wide < 0) {                                                        \
      wide = shardify_has_wide();                                          \
      __atomic_store_n(&known, wide, __ATOMIC_RELAXED);                    \
    }                                                                      \
    return wide ? name##_wide arguments : name##_base arguments;           \
  }

/// The largest of `count` numbers.
SHARDIFY_KERNEL(float, shardify_max, (const float *x, long count), (x, count), SHARDIFY_BODY_MAX)
/// Replaces each x by exp(x - shift) and returns their sum.
SHARDIFY_KERNEL(double, shardify_exp_sum, (float *x, long count, float shift), (x, count, shift),
                SHARDIFY_BODY_EXP_SUM)
/// Sum of x[i] * y[i].
SHARDIFY_KERNEL(double, shardify_dot, (const float *x, const float *y, long count), (x, y, count),
                SHARDIFY_BODY_DOT)
SHARDIFY_KERNEL(void, shardify_swiglu, (float *restrict out, const float *restrict gate,
                const float *restrict up, long count), (out, gate, up, count),
                SHARDIFY_BODY_SWIGLU)
SHARDIFY_KERNEL(void, shardify_swiglu_back, (float *restrict gate, float *restrict up,
                const float *restrict d, long count), (gate, up, d, count),
                SHARDIFY_BODY_SWIGLU_BACK)
SHARDIFY_KERNEL(void, shardify_adamw,
                (float *restrict w, float *restrict m, float *restrict v,
                 const float *restrict gradient, long count, float scale, float rate, float beta1,
                 float beta2, float correct1, float correct2, float epsilon, float decay),
                (w, m, v, gradient, count, scale, rate, beta1, beta2, correct1, correct2, epsilon,
                 decay), SHARDIFY_BODY_ADAMW)
#endif
