// Short words merged by byte-pair encoding. See csimd_merge.h.
#include "csimd.h"

#if defined(__x86_64__)
#include <immintrin.h>

#define WIDE "avx512f,avx512bw,avx512vl,avx512dq,bmi,bmi2,lzcnt,popcnt"
#define WIDE_INLINE __attribute__((target(WIDE), always_inline)) static inline

enum { LANES = 16, SYMBOLS = 16, NO_RANK = (1 << 21) - 1, RANK_BITS = 21 };

/// A word on the way: its symbols, the ranks of each with the next, and what the last merge asked for.
typedef struct {
  /// The symbols from the middle third on; before the first and after the last are those outside.
  _Alignas(64) uint32_t ids[3 * SYMBOLS];
  uint32_t ranks[SYMBOLS];
  /// Pairs to be found, and the slots where they are if they merge.
  uint64_t pairs[SYMBOLS];
  uint32_t slots[SYMBOLS];
  uint64_t right_pair, left_pair;
  uint32_t right_slot, left_slot;
  /// The symbol merged last.
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

/// Sets the symbols of a lane and asks for the ranks of their pairs.
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
    ids = _mm512_castsi256_si512(_mm512_extracti64x4_epi64(ids, 1));
    nexts = _mm512_castsi256_si512(_mm512_extracti64x4_epi64(nexts, 1));
  }
  for (unsigned at = 0; at + 1 < count; at++) __builtin_prefetch(merges->slots + lane->slots[at]);
}

/// Reads the ranks that `ask` asked for.
WIDE_INLINE void receive(const csimd_merges *merges, lane *lane, unsigned count) {
  __m256i none = _mm256_set1_epi32(NO_RANK);
  _mm512_store_si512(lane->ranks, _mm512_set1_epi32(NO_RANK));
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

/// What is known of up to eight pairs of bytes; of those not wanted, that nothing merges.
WIDE_INLINE __m512i known_of(const csimd_merges *merges, __m128i places, unsigned wanted) {
  return _mm512_mask_i32gather_epi64(_mm512_set1_epi64(-1), (__mmask8)wanted,
                                     _mm256_cvtepu16_epi32(places), merges->byte_pairs, 8);
}

/// The first symbols of eight bytes, where pairs that nothing can part are merged already: those whose rank is
/// below all of the merges that may take one of the two away. Sets the bits of these in `merging`.
WIDE_INLINE __m256i eight(const csimd_merges *merges, __m512i before, __m512i known, __m512i after, __m128i bytes,
                          __mmask8 *merging) {
  __m512i mask = _mm512_set1_epi64(NO_RANK);
  __m512i ranks = _mm512_and_si512(known, mask);
  __m512i left = _mm512_and_si512(_mm512_srli_epi64(before, 21), mask);
  __m512i right = _mm512_and_si512(_mm512_srli_epi64(after, 42), mask);
  __m512i least = _mm512_min_epu64(left, right);
  *merging = _mm512_cmplt_epu64_mask(ranks, least);
  __m256i tokens = _mm256_i32gather_epi32((const int *)merges->byte_tokens, _mm256_cvtepu8_epi32(bytes), 4);
  __m256i narrow = _mm512_cvtepi64_epi32(ranks);
  if (merges->rank_offset >= 0) {
    __m256i offset = _mm256_set1_epi32((int)merges->rank_offset);
    return _mm256_mask_add_epi32(tokens, *merging, narrow, offset);
  }
  return _mm256_mmask_i32gather_epi32(tokens, *merging, narrow, (const int *)merges->merged, 4);
}

/// The first symbols of a word of bytes; returns how many there are, or 0 if too many.
WIDE_INLINE unsigned first_symbols(const csimd_merges *merges, const uint8_t *text, unsigned count, __m512i *ids) {
  __m256i bytes = _mm256_maskz_loadu_epi8(_bzhi_u32(~0u, count), text);
  __m256i nexts = _mm256_maskz_loadu_epi8(_bzhi_u32(~0u, count - 1), text + 1);
  __m512i places = _mm512_or_si512(_mm512_slli_epi16(_mm512_cvtepu8_epi16(bytes), 8), _mm512_cvtepu8_epi16(nexts));
  __m512i nothing = _mm512_set1_epi64(-1);
  unsigned pairs = count - 1;
  __m512i a = known_of(merges, _mm512_castsi512_si128(places), _bzhi_u32(0xFF, pairs));
  __mmask8 merging_a, merging_b = 0, merging_c = 0;
  __m512i b = nothing, c = nothing;
  if (pairs > 8) b = known_of(merges, _mm512_extracti32x4_epi32(places, 1), _bzhi_u32(0xFF, pairs - 8));
  if (pairs > 16) c = known_of(merges, _mm512_extracti32x4_epi32(places, 2), _bzhi_u32(0xFF, pairs - 16));
  __m128i low = _mm256_castsi256_si128(bytes);
  __m256i first = eight(merges, _mm512_alignr_epi64(a, nothing, 7), a, _mm512_alignr_epi64(b, a, 1), low, &merging_a);
  __m256i second = _mm256_setzero_si256();
  if (count > 8)
    second = eight(merges, _mm512_alignr_epi64(b, a, 7), b, _mm512_alignr_epi64(c, b, 1), _mm_srli_si128(low, 8),
                   &merging_b);
  __m512i symbols = _mm512_inserti64x4(_mm512_castsi256_si512(first), second, 1);
  if (count <= 16) {
    unsigned kept = _bzhi_u32(~((unsigned)(merging_a | merging_b << 8) << 1), count);
    *ids = _mm512_mask_compress_epi32(outside(), (__mmask16)kept, symbols);
    return (unsigned)__builtin_popcount(kept);
  }
  __m256i third = eight(merges, _mm512_alignr_epi64(c, b, 7), c, _mm512_alignr_epi64(nothing, c, 1),
                        _mm256_extracti128_si256(bytes, 1), &merging_c);
  unsigned kept = _bzhi_u32(~((unsigned)(merging_a | merging_b << 8 | merging_c << 16) << 1), count);
  unsigned total = (unsigned)__builtin_popcount(kept), lower = (unsigned)__builtin_popcount(kept & 0xFFFF);
  if (total > SYMBOLS) return 0;
  __m512i rest = _mm512_maskz_compress_epi32((__mmask16)(kept >> 16), _mm512_castsi256_si512(third));
  __m512i some = _mm512_mask_compress_epi32(outside(), (__mmask16)kept, symbols);
  *ids = _mm512_mask_expand_epi32(some, (__mmask16)(_bzhi_u32(~0u, total) & ~_bzhi_u32(~0u, lower)), rest);
  return total;
}

/// Sets up a lane; false if the word has too many symbols.
WIDE_INLINE _Bool start(const csimd_merges *merges, lane *lane, csimd_merge_word *word) {
  word->written = 0;
  if (word->count <= 0) return 0;
  __m512i ids;
  unsigned count;
  if (word->symbols) {
    if (word->count > SYMBOLS) return 0;
    count = (unsigned)word->count;
    ids = _mm512_mask_loadu_epi32(outside(), (__mmask16)_bzhi_u32(0xFFFF, count), word->symbols);
  } else {
    if (word->count > CSIMD_MERGE_BYTES) return 0;
    count = first_symbols(merges, word->bytes, (unsigned)word->count, &ids);
    if (count == 0) return 0;
  }
  lane->word = word;
  lane->place = count;
  ask(merges, lane, ids, count);
  return 1;
}

/// Merges the pair of the least rank, and asks for the ranks of the new ones; false if there is none.
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
  uint32_t id = merges->rank_offset >= 0 ? least + (uint32_t)merges->rank_offset : merges->merged[least];
  __mmask16 kept = (__mmask16)~(bit << 1);
  ids = _mm512_mask_set1_epi32(ids, (__mmask16)bit, (int)id);
  ids = _mm512_mask_compress_epi32(outside(), kept, ids);
  _mm512_store_si512(lane->ids + SYMBOLS, ids);
  _mm512_store_si512(lane->ranks, _mm512_mask_compress_epi32(_mm512_set1_epi32(NO_RANK), kept, ranks));
  const uint32_t *at = lane->ids + SYMBOLS + place;
  lane->right_pair = (uint64_t)id << 21 | at[1];
  lane->left_pair = (uint64_t)at[-1] << 21 | id;
  lane->right_slot = slot_of(merges, lane->right_pair);
  lane->left_slot = slot_of(merges, lane->left_pair);
  lane->place = place;
  return 1;
}

/// The ranks of a lane with those that the last merge asked for.
WIDE_INLINE __m512i next_ranks(const csimd_merges *merges, const lane *lane) {
  uint32_t right = rank_in(merges->slots[lane->right_slot], lane->right_pair);
  uint32_t left = rank_in(merges->slots[lane->left_slot], lane->left_pair);
  unsigned bit = 1u << lane->place;
  __m512i ranks = _mm512_load_si512(lane->ranks);
  ranks = _mm512_mask_set1_epi32(ranks, (__mmask16)bit, (int)right);
  return _mm512_mask_set1_epi32(ranks, (__mmask16)(bit >> 1), (int)left);
}

__attribute__((target(WIDE))) size_t csimd_merge(const csimd_merges *merges, csimd_merge_word *words, size_t count) {
  // Most of a round is waiting for memory, so that words take their rounds in turn.
  lane lanes[LANES];
  lane *open[LANES];
  for (size_t i = 0; i < LANES; i++) {
    _mm512_store_si512(lanes[i].ids, outside());
    _mm512_store_si512(lanes[i].ids + 2 * SYMBOLS, outside());
  }
  size_t left = 0;
  for (size_t next = 0; next < count;) {
    size_t busy = 0;
    for (; busy < LANES && next < count; next++) {
      open[busy] = lanes + busy;
      if (start(merges, open[busy], words + next)) busy++;
      else left++;
    }
    size_t kept = 0;
    for (size_t i = 0; i < busy; i++) {
      lane *lane = open[i];
      receive(merges, lane, lane->place);
      open[kept] = lane;
      kept += merge_one(merges, lane, _mm512_load_si512(lane->ranks));
    }
    while ((busy = kept) > 0) {
      kept = 0;
      for (size_t i = 0; i < busy; i++) {
        lane *lane = open[i];
        open[kept] = lane;
        kept += merge_one(merges, lane, next_ranks(merges, lane));
      }
    }
  }
  return left;
}
#else
_Bool csimd_can_merge(void) { return 0; }

size_t csimd_merge(const csimd_merges *merges, csimd_merge_word *words, size_t count) {
  for (size_t i = 0; i < count; i++) words[i].written = 0;
  return count;
}
#endif
