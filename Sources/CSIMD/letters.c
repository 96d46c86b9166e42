// Letters of a window of text. See csimd_letters.h.
#include "csimd.h"

#if defined(__x86_64__)
#include <immintrin.h>

#define WIDE "avx512f,avx512bw,avx512vl,avx512dq,avx512vbmi,bmi,bmi2,lzcnt,popcnt"
#define WIDE_INLINE __attribute__((target(WIDE), always_inline)) static inline

_Bool csimd_can_map_letters(void) {
  return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
         __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq") &&
         __builtin_cpu_supports("avx512vbmi") && __builtin_cpu_supports("bmi2");
}

WIDE_INLINE __m512i byte(int value) { return _mm512_set1_epi8((char)value); }

/// Five bits of one byte and, below them, bits 3 to 5 of the next.
WIDE_INLINE __m512i place_of(__m512i first, __m512i second) {
  return _mm512_or_si512(_mm512_and_si512(_mm512_slli_epi16(first, 3), byte(0xF8)),
                         _mm512_and_si512(_mm512_srli_epi16(second, 3), byte(7)));
}

/// The bit that the lowest three bits of a byte stand for.
WIDE_INLINE __m512i bit_of(__m512i bytes) {
  return _mm512_shuffle_epi8(_mm512_set1_epi64((long long)0x8040201008040201), _mm512_and_si512(bytes, byte(7)));
}

WIDE_INLINE __m512i look_up(const uint8_t *table, __m512i places) {
  return _mm512_permutex2var_epi8(_mm512_loadu_si512(table), places, _mm512_loadu_si512(table + 64));
}

WIDE_INLINE __m512i look_up_256(const uint8_t *table, __m512i places) {
  return _mm512_mask_blend_epi8(_mm512_movepi8_mask(places), look_up(table, places), look_up(table + 128, places));
}

WIDE_INLINE uint64_t within(__m512i bytes, int first, int last) {
  return _mm512_cmple_epu8_mask(_mm512_sub_epi8(bytes, byte(first)), byte(last - first));
}

/// The letters among characters of three bytes with one lead byte.
WIDE_INLINE uint64_t on_pages(const uint8_t *pages, __m512i second, __m512i third) {
  __m512i places = place_of(second, third);
  __mmask64 upper = _mm512_test_epi8_mask(second, byte(0x20));
  __m512i found = _mm512_mask_blend_epi8(upper, look_up_256(pages, places), look_up_256(pages + 256, places));
  return _mm512_test_epi8_mask(found, bit_of(third));
}

static _Bool continues(uint8_t byte) { return (byte & 0xC0) == 0x80; }

/// Whether a well-formed character of three or four bytes is a letter.
static _Bool is_letter(const csimd_letter_map *map, const uint8_t *at, size_t left) {
  uint32_t scalar;
  if (at[0] < 0xF0) {
    scalar = (uint32_t)(at[0] & 0x0F) << 12 | (uint32_t)(at[1] & 0x3F) << 6 | (at[2] & 0x3F);
  } else {
    if (left < 4 || !continues(at[1]) || !continues(at[2]) || !continues(at[3])) return 0;
    scalar = (uint32_t)(at[0] & 0x07) << 18 | (uint32_t)(at[1] & 0x3F) << 12 | (uint32_t)(at[2] & 0x3F) << 6 |
             (at[3] & 0x3F);
  }
  if (scalar >= map->class_count) return 0;
  return (map->classes[scalar] & map->letter) != 0;
}

/// The letters that start in a block of 64 bytes, by their length.
typedef struct {
  uint64_t one, two, three, four;
} letter_starts;

WIDE_INLINE letter_starts starts_in(const csimd_letter_map *map, size_t at) {
  const csimd_letter_table *table = map->table;
  const uint8_t *text = map->text + at;
  size_t left = map->end - at;
  __m512i a = _mm512_maskz_loadu_epi8(_bzhi_u64(~0ull, left < 64 ? (unsigned)left : 64), text);
  letter_starts found = {within(_mm512_or_si512(a, byte(map->ascii_case)), 'a', 'z'), 0, 0, 0};
  if (_mm512_movepi8_mask(a) == 0) return found;
  __m512i b = _mm512_maskz_loadu_epi8(_bzhi_u64(~0ull, left < 65 ? (unsigned)left - 1 : 64), text + 1);
  uint64_t continued = within(b, 0x80, 0xBF);
  uint64_t leads = within(a, 0xC2, 0xDF) & continued;
  if (leads)
    found.two = leads & _mm512_test_epi8_mask(look_up_256(table->two, place_of(a, b)), bit_of(b));
  uint64_t hard = within(a, 0xF0, 0xF4);
  leads = within(a, 0xE0, 0xEF) & continued;
  if (leads) {
    __m512i c = _mm512_maskz_loadu_epi8(left < 2 ? 0 : _bzhi_u64(~0ull, left < 66 ? (unsigned)left - 2 : 64), text + 2);
    leads &= within(c, 0x80, 0xBF);
    __m512i places = _mm512_and_si512(place_of(a, b), byte(0x7F)), bits = bit_of(b);
    uint64_t all = leads & _mm512_test_epi8_mask(look_up(table->all, places), bits);
    uint64_t mixed = leads & ~all & ~_mm512_test_epi8_mask(look_up(table->none, places), bits);
    found.three = all;
    static const uint8_t paged[3] = {0xE0, 0xE1, 0xE3};
    for (int i = 0; i < 3; i++) {
      uint64_t these = mixed & _mm512_cmpeq_epi8_mask(a, byte(paged[i]));
      if (these) found.three |= these & on_pages(table->pages[i], b, c);
      mixed &= ~these;
    }
    hard |= mixed;
  }
  for (; hard != 0; hard &= hard - 1) {
    unsigned place = (unsigned)__builtin_ctzll(hard);
    uint64_t bit = is_letter(map, text + place, left - place) ? hard & -hard : 0;
    *(text[place] < 0xF0 ? &found.three : &found.four) |= bit;
  }
  return found;
}

__attribute__((target(WIDE))) void csimd_map_letters(csimd_letter_map *map, size_t at) {
  // A letter that began before may reach here.
  for (int i = 0; i < 3 && at > 0 && continues(map->text[at]); i++) at--;
  size_t left = map->end - at;
  map->start = at;
  map->span = left < CSIMD_LETTER_WINDOW ? left : CSIMD_LETTER_WINDOW;
  uint64_t carry = 0;
  for (size_t i = 0; i < map->span; i += 64) {
    letter_starts s = starts_in(map, at + i);
    map->bits[i >> 6] = s.one | s.two | s.two << 1 | s.three | s.three << 1 | s.three << 2 | s.four | s.four << 1 |
                        s.four << 2 | s.four << 3 | carry;
    carry = s.two >> 63 | s.three >> 63 | s.three >> 62 | s.four >> 63 | s.four >> 62 | s.four >> 61;
  }
}
#else
_Bool csimd_can_map_letters(void) { return 0; }

void csimd_map_letters(csimd_letter_map *map, size_t at) {
  (void)map;
  (void)at;
}
#endif
