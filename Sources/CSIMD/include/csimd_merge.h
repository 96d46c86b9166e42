// Short words merged by byte-pair encoding, several at a time.
#ifndef CSIMD_MERGE_H
#define CSIMD_MERGE_H

#pragma clang assume_nonnull begin

/// The merges of a vocabulary.
typedef struct {
  /// What is known of each pair of bytes, first byte first: the rank of their merge; the least rank of a merge
  /// of anything that ends in the first byte with the second byte; the least of one of the first byte with
  /// anything that starts with the second; 21 bits each from the lowest on, all ones for none. Shape
  /// [256 x 256]. Null if all words come as symbols; else each merge must have a higher rank than those that make its
  /// parts.
  const uint64_t *_Nullable byte_pairs;
  /// The same of first symbols, by the numbers that these have in their upper bits; but of a pair that makes a token
  /// which merges before the pair does, and of number 0, no rank of their merge. Null if nothing is known.
  const uint64_t *_Nullable symbol_pairs;
  /// The token of each byte. Shape [256].
  const uint32_t *byte_tokens;
  /// The token that a rank makes, and what it is over the rank or -1 if that differs.
  const uint32_t *merged;
  int64_t rank_offset;
  /// The perfect hash of the pairs: pilots in the lower half, filters in the upper; 2 bytes past the last must be
  /// readable.
  const uint16_t *pilots;
  const uint64_t *slots;
  uint64_t pilot_shift, slot_shift;
} csimd_merges;

/// A word and what becomes of it.
typedef struct {
  const uint8_t *bytes;
  /// Bytes, or symbols if there are such.
  intptr_t count;
  /// Room for one id a byte.
  uint32_t *out;
  /// Ids written.
  intptr_t written;
  /// For the caller.
  intptr_t index;
  /// The first symbols, in the lower 21 bits; null if they are those of the bytes.
  const uint32_t *_Nullable symbols;
} csimd_merge_word;

enum {
  /// No token has this id, which stands beside the first and the last symbol.
  CSIMD_OUTSIDE = (1 << 21) - 1,
  /// Longer words are not taken.
  CSIMD_MERGE_BYTES = 64,
};

/// The multipliers of the perfect hash.
#define CSIMD_PAIR_SPREAD 0x9E3779B97F4A7C15ull
#define CSIMD_PAIR_STEP 0xD6E8FEB86659FD93ull
#define CSIMD_PAIR_FINAL 0xA0761D6478BD642Full

/// Whether this processor has the instructions that `csimd_merge` needs.
_Bool csimd_can_merge(void);

/// Merges words, least rank first, leftmost first. A word that is not taken, since it has too many symbols, has 0
/// `written`.
/// - Returns: how many were not taken.
size_t csimd_merge(const csimd_merges *merges, csimd_merge_word *words, size_t count);

#pragma clang assume_nonnull end

#endif
