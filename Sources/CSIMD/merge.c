// Short words merged by byte-pair encoding. See csimd_merge.h.
#include "csimd.h"

#if defined(__x86_64__)
#include <immintrin.h>

#define WIDE "avx512f,avx512bw,avx512vl,avx512dq,bmi,bmi2,lzcnt,popcnt"
#define WIDE_INLINE __attribute__((target(WIDE), always_inline)) static inline

/// Words of up to `SHORT_BYTES` bytes are done in one register of `SYMBOLS` symbols, others in two.
enum { LANES = 16, SYMBOLS = 16, MOST_SYMBOLS = 2 * SYMBOLS, SHORT_BYTES = 24 };
enum { NO_RANK = (1 << 21) - 1, RANK_BITS = 21 };

/// A word on the way: its symbols, the ranks of each with the next, and what the last merge asked for.
typedef struct {
  /// The symbols from `SYMBOLS` on; before the first and after the last are those outside.
  _Alignas(64) uint32_t ids[MOST_SYMBOLS + 2 * SYMBOLS];
  uint32_t ranks[MOST_SYMBOLS];
  /// Pairs to be found, and the slots where they are if they merge.
  uint64_t pairs[MOST_SYMBOLS];
  uint32_t slots[MOST_SYMBOLS];
  uint64_t right_pair, left_pair;
  uint32_t right_slot, left_slot;
  /// The symbol merged last; how many there are before that.
  uint32_t place;
  csimd_merge_word *word;
} lane;

_Bool csimd_can_merge(void) {
  return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
         __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq") &&
         __builtin_cpu_supports("bmi2");
}

WIDE_INLINE __m512i outside(void) { return _mm512_set1_epi32(CSIMD_OUTSIDE); }

/// The slots of eight pairs.
WIDE_INLINE __m512i slots_of(const csimd_merges *merges, __m512i pairs, __mmask8 wanted) {
  __m128i pilot_shift = _mm_cvtsi64_si128((long long)merges->pilot_shift);
  __m128i filter_shift = _mm_cvtsi64_si128((long long)merges->pilot_shift - 3);
  __m128i slot_shift = _mm_cvtsi64_si128((long long)merges->slot_shift);
  __m512i hashes = _mm512_mullo_epi64(pairs, _mm512_set1_epi64((long long)CSIMD_PAIR_SPREAD));
  __m512i groups = _mm512_cvtepu32_epi64(_mm512_mask_i64gather_epi32(
      _mm256_setzero_si256(), wanted, _mm512_srl_epi64(hashes, pilot_shift), merges->pilots, 2));
  __m512i bits = _mm512_and_si512(_mm512_srl_epi64(hashes, filter_shift), _mm512_set1_epi64(7));
  __mmask8 may_be_there =
      _mm512_test_epi64_mask(groups, _mm512_sllv_epi64(_mm512_set1_epi64(256), bits));
  __m512i steps = _mm512_and_si512(groups, _mm512_set1_epi64(0xFF));
  steps = _mm512_mullo_epi64(steps, _mm512_set1_epi64((long long)CSIMD_PAIR_STEP));
  __m512i last = _mm512_mullo_epi64(_mm512_xor_si512(hashes, steps),
                                    _mm512_set1_epi64((long long)CSIMD_PAIR_FINAL));
  return _mm512_maskz_srl_epi64(may_be_there, last, slot_shift);
}

/// The slot of a pair, or 0 if it surely has none: any is as good for a pair that is not there.
WIDE_INLINE uint32_t slot_of(const csimd_merges *merges, uint64_t pair) {
  uint64_t hash = pair * CSIMD_PAIR_SPREAD;
  uint64_t group = merges->pilots[hash >> merges->pilot_shift];
  uint64_t may_be_there = group >> (8 + (hash >> (merges->pilot_shift - 3) & 7)) & 1;
  uint64_t slot = ((hash ^ (group & 0xFF) * CSIMD_PAIR_STEP) * CSIMD_PAIR_FINAL) >> merges->slot_shift;
  slot &= -may_be_there;
  __builtin_prefetch(merges->slots + slot);
  return (uint32_t)slot;
}

/// The rank that a slot holds if it holds the pair's.
WIDE_INLINE uint32_t rank_in(uint64_t slot, uint64_t pair) {
  return slot >> RANK_BITS == pair ? (uint32_t)slot & NO_RANK : NO_RANK;
}

/// Sets the symbols of a short word's lane and asks for the ranks of their pairs.
WIDE_INLINE void ask(const csimd_merges *merges, lane *lane, __m512i ids, unsigned count) {
  _mm512_store_si512(lane->ids + SYMBOLS, ids);
  __m512i nexts = _mm512_alignr_epi32(outside(), ids, 1);
  for (unsigned at = 0; at + 1 < count; at += 8) {
    __m512i left = _mm512_cvtepu32_epi64(_mm512_castsi512_si256(ids));
    __m512i right = _mm512_cvtepu32_epi64(_mm512_castsi512_si256(nexts));
    __m512i pairs = _mm512_or_si512(_mm512_slli_epi64(left, 21), right);
    unsigned wanted = _bzhi_u32(0xFF, count - 1 - at);
    __m512i slots = slots_of(merges, pairs, (__mmask8)wanted);
    _mm512_store_si512(lane->pairs + at, pairs);
    _mm256_store_si256((__m256i *)(lane->slots + at), _mm512_cvtepi64_epi32(slots));
    // All eight, since a loop that ends with the pairs is seldom foretold.
    for (unsigned i = 0; i < 8; i++) __builtin_prefetch(merges->slots + lane->slots[at + i]);
    ids = _mm512_castsi256_si512(_mm512_extracti64x4_epi64(ids, 1));
    nexts = _mm512_castsi256_si512(_mm512_extracti64x4_epi64(nexts, 1));
  }
}

/// Asks for the ranks of the pairs of a long word's lane.
WIDE_INLINE void ask_long(const csimd_merges *merges, lane *lane, unsigned count) {
  for (unsigned at = 0; at + 1 < count; at += 8) {
    const __m256i *ids = (const __m256i *)(lane->ids + SYMBOLS + at);
    __m512i left = _mm512_cvtepu32_epi64(_mm256_load_si256(ids));
    __m512i right = _mm512_cvtepu32_epi64(_mm256_loadu_si256((const __m256i *)((const uint32_t *)ids + 1)));
    __m512i pairs = _mm512_or_si512(_mm512_slli_epi64(left, 21), right);
    __m512i slots = slots_of(merges, pairs, (__mmask8)_bzhi_u32(0xFF, count - 1 - at));
    _mm512_store_si512(lane->pairs + at, pairs);
    _mm256_store_si256((__m256i *)(lane->slots + at), _mm512_cvtepi64_epi32(slots));
  }
  for (unsigned at = 0; at + 1 < count; at++) __builtin_prefetch(merges->slots + lane->slots[at]);
}

/// Reads the ranks that were asked for.
WIDE_INLINE void receive(const csimd_merges *merges, lane *lane, unsigned count) {
  __m256i none = _mm256_set1_epi32(NO_RANK);
  _mm512_store_si512(lane->ranks, _mm512_set1_epi32(NO_RANK));
  _mm512_store_si512(lane->ranks + SYMBOLS, _mm512_set1_epi32(NO_RANK));
  for (unsigned at = 0; at + 1 < count; at += 8) {
    __mmask8 wanted = (__mmask8)_bzhi_u32(0xFF, count - 1 - at);
    __m256i places = _mm256_load_si256((const __m256i *)(lane->slots + at));
    __m512i found = _mm512_mask_i32gather_epi64(_mm512_setzero_si512(), wanted, places, merges->slots, 8);
    __m512i pairs = _mm512_load_si512(lane->pairs + at);
    __mmask8 is_there =
        _mm512_mask_cmpeq_epi64_mask(wanted, _mm512_srli_epi64(found, RANK_BITS), pairs);
    __m256i ranks = _mm512_cvtepi64_epi32(_mm512_and_si512(found, _mm512_set1_epi64(NO_RANK)));
    _mm256_store_si256((__m256i *)(lane->ranks + at), _mm256_mask_mov_epi32(none, is_there, ranks));
  }
}

/// What is known of up to eight pairs of first symbols; of those not wanted, that nothing merges.
WIDE_INLINE __m512i known_of(const uint64_t *pairs, __m256i places, unsigned wanted) {
  return _mm512_mask_i32gather_epi64(_mm512_set1_epi64(-1), (__mmask8)wanted, places, pairs, 8);
}

/// The first symbols of eight, where pairs that nothing can part are merged already: those whose rank is below all of
/// the merges that may take one of the two away. Sets the bits of these in `merging`.
WIDE_INLINE __m256i eight(const csimd_merges *merges, __m512i before, __m512i known, __m512i after, __m256i symbols,
                          __mmask8 *merging) {
  __m512i mask = _mm512_set1_epi64(NO_RANK);
  __m512i ranks = _mm512_and_si512(known, mask);
  __m512i left = _mm512_and_si512(_mm512_srli_epi64(before, 21), mask);
  __m512i right = _mm512_and_si512(_mm512_srli_epi64(after, 42), mask);
  __m512i least = _mm512_min_epu64(left, right);
  *merging = _mm512_cmplt_epu64_mask(ranks, least);
  __m256i narrow = _mm512_cvtepi64_epi32(ranks);
  if (merges->rank_offset >= 0) {
    __m256i offset = _mm256_set1_epi32((int)merges->rank_offset);
    return _mm256_mask_add_epi32(symbols, *merging, narrow, offset);
  }
  return _mm256_mmask_i32gather_epi32(symbols, *merging, narrow, (const int *)merges->merged, 4);
}

/// Up to 24 first symbols, and the places of their pairs in a table.
typedef struct {
  __m256i symbols[3], places[3];
} first_three;

/// The symbols of a word after those merges; returns how many there are, or 0 if too many.
WIDE_INLINE unsigned merge_sure(const csimd_merges *merges, const uint64_t *table, const first_three *of,
                                unsigned count, __m512i *ids) {
  __m512i nothing = _mm512_set1_epi64(-1);
  unsigned pairs = count - 1;
  __m512i a = known_of(table, of->places[0], _bzhi_u32(0xFF, pairs));
  __mmask8 merging_a, merging_b = 0, merging_c = 0;
  __m512i b = nothing, c = nothing;
  if (pairs > 8) b = known_of(table, of->places[1], _bzhi_u32(0xFF, pairs - 8));
  if (pairs > 16) c = known_of(table, of->places[2], _bzhi_u32(0xFF, pairs - 16));
  __m256i first =
      eight(merges, _mm512_alignr_epi64(a, nothing, 7), a, _mm512_alignr_epi64(b, a, 1), of->symbols[0], &merging_a);
  __m256i second = _mm256_setzero_si256();
  if (count > 8)
    second =
        eight(merges, _mm512_alignr_epi64(b, a, 7), b, _mm512_alignr_epi64(c, b, 1), of->symbols[1], &merging_b);
  __m512i symbols = _mm512_inserti64x4(_mm512_castsi256_si512(first), second, 1);
  if (count <= 16) {
    unsigned kept = _bzhi_u32(~((unsigned)(merging_a | merging_b << 8) << 1), count);
    *ids = _mm512_mask_compress_epi32(outside(), (__mmask16)kept, symbols);
    return (unsigned)__builtin_popcount(kept);
  }
  __m256i third = eight(merges, _mm512_alignr_epi64(c, b, 7), c, _mm512_alignr_epi64(nothing, c, 1), of->symbols[2],
                        &merging_c);
  unsigned kept = _bzhi_u32(~((unsigned)(merging_a | merging_b << 8 | merging_c << 16) << 1), count);
  unsigned total = (unsigned)__builtin_popcount(kept), lower = (unsigned)__builtin_popcount(kept & 0xFFFF);
  if (total > SYMBOLS) return 0;
  __m512i rest = _mm512_maskz_compress_epi32((__mmask16)(kept >> 16), _mm512_castsi256_si512(third));
  __m512i some = _mm512_mask_compress_epi32(outside(), (__mmask16)kept, symbols);
  *ids = _mm512_mask_expand_epi32(some, (__mmask16)(_bzhi_u32(~0u, total) & ~_bzhi_u32(~0u, lower)), rest);
  return total;
}

/// The tokens of eight bytes.
WIDE_INLINE __m256i tokens_of(const csimd_merges *merges, __m128i bytes) {
  return _mm256_i32gather_epi32((const int *)merges->byte_tokens, _mm256_cvtepu8_epi32(bytes), 4);
}

/// The first symbols of a word of bytes; returns how many there are, or 0 if too many.
WIDE_INLINE unsigned first_symbols(const csimd_merges *merges, const uint8_t *text, unsigned count, __m512i *ids) {
  __m256i bytes = _mm256_maskz_loadu_epi8(_bzhi_u32(~0u, count), text);
  __m256i nexts = _mm256_maskz_loadu_epi8(_bzhi_u32(~0u, count - 1), text + 1);
  __m512i places = _mm512_or_si512(_mm512_slli_epi16(_mm512_cvtepu8_epi16(bytes), 8), _mm512_cvtepu8_epi16(nexts));
  __m128i low = _mm256_castsi256_si128(bytes);
  first_three of;
  of.places[0] = _mm256_cvtepu16_epi32(_mm512_castsi512_si128(places));
  of.places[1] = _mm256_cvtepu16_epi32(_mm512_extracti32x4_epi32(places, 1));
  of.places[2] = _mm256_cvtepu16_epi32(_mm512_extracti32x4_epi32(places, 2));
  of.symbols[0] = tokens_of(merges, low);
  if (count > 8) of.symbols[1] = tokens_of(merges, _mm_srli_si128(low, 8));
  if (count > 16) of.symbols[2] = tokens_of(merges, _mm256_extracti128_si256(bytes, 1));
  return merge_sure(merges, merges->byte_pairs, &of, count, ids);
}

/// The same of a word of symbols.
WIDE_INLINE unsigned first_of(const csimd_merges *merges, const uint32_t *given, unsigned count, __m512i *ids) {
  if (count > (merges->symbol_pairs ? SHORT_BYTES : SYMBOLS)) return 0;
  __m512i low = _mm512_mask_loadu_epi32(outside(), (__mmask16)_bzhi_u32(0xFFFF, count), given);
  if (!merges->symbol_pairs) {
    *ids = low;
    return count;
  }
  __m512i high = _mm512_setzero_si512();
  if (count > SYMBOLS) high = _mm512_maskz_loadu_epi32((__mmask16)_bzhi_u32(0xFF, count - SYMBOLS), given + SYMBOLS);
  __m512i numbers = _mm512_srli_epi32(low, RANK_BITS), others = _mm512_srli_epi32(high, RANK_BITS);
  __m512i mask = _mm512_set1_epi32(CSIMD_OUTSIDE), none = _mm512_setzero_si512();
  __m512i places = _mm512_or_si512(_mm512_slli_epi32(numbers, 8), _mm512_alignr_epi32(others, numbers, 1));
  __m512i more = _mm512_or_si512(_mm512_slli_epi32(others, 8), _mm512_alignr_epi32(none, others, 1));
  low = _mm512_and_si512(low, mask);
  first_three of;
  of.places[0] = _mm512_castsi512_si256(places);
  of.places[1] = _mm512_extracti64x4_epi64(places, 1);
  of.places[2] = _mm512_castsi512_si256(more);
  of.symbols[0] = _mm512_castsi512_si256(low);
  of.symbols[1] = _mm512_extracti64x4_epi64(low, 1);
  of.symbols[2] = _mm512_castsi512_si256(_mm512_and_si512(high, mask));
  return merge_sure(merges, merges->symbol_pairs, &of, count, ids);
}

/// What is known of the eight pairs of bytes from a place on.
WIDE_INLINE __m512i known_at(const csimd_merges *merges, const uint8_t *text, unsigned count, unsigned at) {
  unsigned wanted = at + 1 < count ? _bzhi_u32(0xFF, count - 1 - at) : 0;
  __m128i first = _mm_cvtepu8_epi16(_mm_maskz_loadu_epi8((__mmask16)wanted, text + at));
  __m128i second = _mm_cvtepu8_epi16(_mm_maskz_loadu_epi8((__mmask16)wanted, text + at + 1));
  return known_of(merges->byte_pairs, _mm256_cvtepu16_epi32(_mm_or_si128(_mm_slli_epi16(first, 8), second)), wanted);
}

/// The same of a long word, into its lane.
WIDE_INLINE unsigned first_symbols_long(const csimd_merges *merges, const uint8_t *text, unsigned count, lane *lane) {
  uint32_t ids[MOST_SYMBOLS + SYMBOLS];
  for (unsigned i = 0; i < MOST_SYMBOLS + SYMBOLS; i += SYMBOLS) _mm512_storeu_si512(ids + i, outside());
  __m512i before = _mm512_set1_epi64(-1), known = known_at(merges, text, count, 0);
  unsigned total = 0, carry = 0;
  for (unsigned at = 0; at < count; at += 8) {
    __m512i after = known_at(merges, text, count, at + 8);
    unsigned there = _bzhi_u32(0xFF, count - at);
    __mmask8 merging;
    __m256i symbols = eight(merges, _mm512_alignr_epi64(known, before, 7), known, _mm512_alignr_epi64(after, known, 1),
                            tokens_of(merges, _mm_maskz_loadu_epi8((__mmask16)there, text + at)), &merging);
    unsigned kept = ~((unsigned)merging << 1 | carry) & there;
    __m256i none = _mm256_set1_epi32(CSIMD_OUTSIDE);
    _mm256_storeu_si256((__m256i *)(ids + total), _mm256_mask_compress_epi32(none, (__mmask8)kept, symbols));
    total += (unsigned)__builtin_popcount(kept);
    if (total > MOST_SYMBOLS) return 0;
    carry = merging >> 7;
    before = known;
    known = after;
  }
  _mm512_store_si512(lane->ids + SYMBOLS, _mm512_loadu_si512(ids));
  _mm512_store_si512(lane->ids + 2 * SYMBOLS, _mm512_loadu_si512(ids + SYMBOLS));
  return total;
}

/// Sets up a short word's lane; false if it has too many symbols.
WIDE_INLINE _Bool start(const csimd_merges *merges, lane *lane, csimd_merge_word *word) {
  __m512i ids;
  unsigned given = (unsigned)word->count;
  unsigned count =
      word->symbols ? first_of(merges, word->symbols, given, &ids) : first_symbols(merges, word->bytes, given, &ids);
  if (count == 0) return 0;
  lane->word = word;
  lane->place = count;
  ask(merges, lane, ids, count);
  return 1;
}

/// The same of a long word.
WIDE_INLINE _Bool start_long(const csimd_merges *merges, lane *lane, csimd_merge_word *word) {
  unsigned count = first_symbols_long(merges, word->bytes, (unsigned)word->count, lane);
  if (count == 0) return 0;
  lane->word = word;
  lane->place = count;
  ask_long(merges, lane, count);
  return 1;
}

/// Asks for the ranks of the pairs of a new symbol.
WIDE_INLINE void ask_beside(const csimd_merges *merges, lane *lane, unsigned place, uint32_t id) {
  const uint32_t *at = lane->ids + SYMBOLS + place;
  lane->right_pair = (uint64_t)id << 21 | at[1];
  lane->left_pair = (uint64_t)at[-1] << 21 | id;
  lane->right_slot = slot_of(merges, lane->right_pair);
  lane->left_slot = slot_of(merges, lane->left_pair);
  lane->place = place;
}

WIDE_INLINE uint32_t token_of(const csimd_merges *merges, uint32_t rank) {
  return merges->rank_offset >= 0 ? rank + (uint32_t)merges->rank_offset : merges->merged[rank];
}

/// Merges the pair of the least rank of a short word, and asks for the ranks of the new ones; false if there is
/// none.
WIDE_INLINE _Bool merge_one(const csimd_merges *merges, lane *lane, __m512i ranks) {
  __m512i ids = _mm512_load_si512(lane->ids + SYMBOLS);
  uint32_t least = _mm512_reduce_min_epu32(ranks);
  if (least == NO_RANK) {
    __mmask16 there = _mm512_cmpneq_epu32_mask(ids, outside());
    _mm512_mask_storeu_epi32(lane->word->out, there, ids);
    lane->word->written = __builtin_popcount(there);
    return 0;
  }
  unsigned hits = _mm512_cmpeq_epu32_mask(ranks, _mm512_set1_epi32((int)least));
  unsigned place = (unsigned)__builtin_ctz(hits), bit = hits & -hits;
  uint32_t id = token_of(merges, least);
  __mmask16 kept = (__mmask16)~(bit << 1);
  ids = _mm512_mask_set1_epi32(ids, (__mmask16)bit, (int)id);
  ids = _mm512_mask_compress_epi32(outside(), kept, ids);
  _mm512_store_si512(lane->ids + SYMBOLS, ids);
  _mm512_store_si512(lane->ranks, _mm512_mask_compress_epi32(_mm512_set1_epi32(NO_RANK), kept, ranks));
  ask_beside(merges, lane, place, id);
  return 1;
}

/// The same of a long word, whose ranks are `low` and `high`.
WIDE_INLINE _Bool merge_one_long(const csimd_merges *merges, lane *lane, __m512i low, __m512i high) {
  __m512i ids = _mm512_load_si512(lane->ids + SYMBOLS), more = _mm512_load_si512(lane->ids + 2 * SYMBOLS);
  uint32_t least = _mm512_reduce_min_epu32(_mm512_min_epu32(low, high));
  if (least == NO_RANK) {
    __mmask16 first = _mm512_cmpneq_epu32_mask(ids, outside()), second = _mm512_cmpneq_epu32_mask(more, outside());
    _mm512_mask_storeu_epi32(lane->word->out, first, ids);
    _mm512_mask_storeu_epi32(lane->word->out + SYMBOLS, second, more);
    lane->word->written = __builtin_popcount(first) + __builtin_popcount(second);
    return 0;
  }
  __m512i wanted = _mm512_set1_epi32((int)least), none = _mm512_set1_epi32(NO_RANK);
  unsigned hits = _mm512_cmpeq_epu32_mask(low, wanted) | (unsigned)_mm512_cmpeq_epu32_mask(high, wanted) << SYMBOLS;
  unsigned place = (unsigned)__builtin_ctz(hits), bit = hits & -hits;
  uint32_t id = token_of(merges, least);
  // All after the place move down by one.
  unsigned moved = ~(bit | (bit - 1));
  __m512i ids_next = _mm512_alignr_epi32(more, ids, 1), more_next = _mm512_alignr_epi32(outside(), more, 1);
  ids = _mm512_mask_mov_epi32(ids, (__mmask16)moved, ids_next);
  more = _mm512_mask_mov_epi32(more, (__mmask16)(moved >> SYMBOLS), more_next);
  ids = _mm512_mask_set1_epi32(ids, (__mmask16)bit, (int)id);
  more = _mm512_mask_set1_epi32(more, (__mmask16)(bit >> SYMBOLS), (int)id);
  _mm512_store_si512(lane->ids + SYMBOLS, ids);
  _mm512_store_si512(lane->ids + 2 * SYMBOLS, more);
  __m512i low_next = _mm512_alignr_epi32(high, low, 1), high_next = _mm512_alignr_epi32(none, high, 1);
  _mm512_store_si512(lane->ranks, _mm512_mask_mov_epi32(low, (__mmask16)moved, low_next));
  _mm512_store_si512(lane->ranks + SYMBOLS, _mm512_mask_mov_epi32(high, (__mmask16)(moved >> SYMBOLS), high_next));
  ask_beside(merges, lane, place, id);
  return 1;
}

/// Puts the ranks that the last merge asked for among those of a lane.
WIDE_INLINE void renew(const csimd_merges *merges, const lane *lane, __m512i *low, __m512i *high) {
  uint32_t right = rank_in(merges->slots[lane->right_slot], lane->right_pair);
  uint32_t left = rank_in(merges->slots[lane->left_slot], lane->left_pair);
  unsigned bit = 1u << lane->place;
  *low = _mm512_mask_set1_epi32(_mm512_load_si512(lane->ranks), (__mmask16)bit, (int)right);
  *low = _mm512_mask_set1_epi32(*low, (__mmask16)(bit >> 1), (int)left);
  if (!high) return;
  *high = _mm512_mask_set1_epi32(_mm512_load_si512(lane->ranks + SYMBOLS), (__mmask16)(bit >> SYMBOLS), (int)right);
  *high = _mm512_mask_set1_epi32(*high, (__mmask16)(bit >> 1 >> SYMBOLS), (int)left);
}

/// A round of a lane; false if it was the last.
WIDE_INLINE _Bool round_of(const csimd_merges *merges, lane *lane, _Bool is_long, _Bool is_first) {
  __m512i low, high;
  if (is_first) {
    receive(merges, lane, lane->place);
    low = _mm512_load_si512(lane->ranks);
    high = _mm512_load_si512(lane->ranks + SYMBOLS);
  } else {
    renew(merges, lane, &low, is_long ? &high : NULL);
  }
  return is_long ? merge_one_long(merges, lane, low, high) : merge_one(merges, lane, low);
}

/// Merges the words that are long or those that are not; returns how many of them were not taken. Most of a round
/// is waiting for memory, so that words take their rounds in turn.
WIDE_INLINE size_t merge_all(const csimd_merges *merges, csimd_merge_word *words, size_t count, lane *lanes,
                             _Bool is_long) {
  lane *open[LANES];
  size_t left = 0;
  for (size_t next = 0; next < count;) {
    size_t busy = 0;
    for (; busy < LANES && next < count; next++) {
      csimd_merge_word *word = words + next;
      if ((word->count > SHORT_BYTES && !word->symbols) != is_long) continue;
      open[busy] = lanes + busy;
      word->written = 0;
      _Bool fits = word->count > 0 && word->count <= CSIMD_MERGE_BYTES &&
                   (is_long ? start_long(merges, open[busy], word) : start(merges, open[busy], word));
      busy += fits;
      left += !fits;
    }
    for (_Bool is_first = 1; busy > 0; is_first = 0) {
      size_t kept = 0;
      for (size_t i = 0; i < busy; i++) {
        lane *lane = open[i];
        open[kept] = lane;
        kept += is_first ? round_of(merges, lane, is_long, 1) : round_of(merges, lane, is_long, 0);
      }
      busy = kept;
    }
  }
  return left;
}

__attribute__((target(WIDE))) size_t csimd_merge(const csimd_merges *merges, csimd_merge_word *words, size_t count) {
  lane lanes[LANES];
  size_t longs = 0;
  for (size_t i = 0; i < count; i++) longs += words[i].count > SHORT_BYTES && !words[i].symbols;
  for (size_t i = 0; i < LANES; i++) {
    for (size_t at = 0; at < sizeof lanes[i].ids / sizeof(uint32_t); at += SYMBOLS)
      _mm512_store_si512(lanes[i].ids + at, outside());
  }
  size_t left = merge_all(merges, words, count, lanes, 0);
  if (longs > 0) left += merge_all(merges, words, count, lanes, 1);
  return left;
}
#else
_Bool csimd_can_merge(void) { return 0; }

size_t csimd_merge(const csimd_merges *merges, csimd_merge_word *words, size_t count) {
  for (size_t i = 0; i < count; i++) words[i].written = 0;
  return count;
}
#endif
