// The best pieces of several words at once, by a unigram model. See unigram.c.
#ifndef CSIMD_UNIGRAM_H
#define CSIMD_UNIGRAM_H
#include <stddef.h>
#include <stdint.h>

/// A node of a trie over symbols: the child for a symbol is at `base ^ symbol`, and is labelled with it.
typedef struct {
  /// 0 if there are no children.
  uint32_t base;
  uint16_t label;
  /// Bit i is set if a child has a label whose lowest four bits are i.
  uint16_t children;
  /// Minus infinity if no piece ends here.
  float score;
  uint32_t id;
} csimd_node;

/// A walk through the trie: the node's base, and the slot where it started.
typedef struct {
  uint32_t base, slot;
} csimd_walk;

/// What is found of a word: its ids are the `count` from `ids[first]` on; `margin` is how far the best path is from the
/// next best.
typedef struct {
  uint32_t first, count;
  float margin;
  /// The sum of its scores, the last first.
  float score;
  /// At least the symbols of the longest stretch that no piece reaches into or out of: all ways go through its ends.
  uint32_t span;
  /// CSIMD_KNOWN, CSIMD_UNKNOWN or CSIMD_LONG.
  uint32_t kind;
} csimd_path;

/// Whether a path has unknown characters; or a piece may be longer than CSIMD_PIECE: then nothing else counts.
enum { CSIMD_KNOWN = 0, CSIMD_UNKNOWN = 1, CSIMD_LONG = 2 };

/// Symbols of the longest piece.
enum { CSIMD_PIECE = 16 };

/// Words to be searched, and room for what is found. Each word has a slot for each of its symbols, one or more, and one
/// with symbol 0 behind them.
typedef struct {
  const csimd_node *nodes;
  /// The node of each symbol; with a score and an id where the symbol alone is no piece, too.
  const csimd_node *firsts;
  uint32_t unknown;
  /// Shape [slots + 1].
  const uint16_t *symbols;
  size_t slots;
  /// Where each word starts, and the end. Shape [words + 1].
  const uint32_t *starts;
  size_t words;
  /// Shape [slots].
  csimd_walk *walks;
  /// Scores and ids of pieces by slot and symbols less one. Shape [slots x CSIMD_PIECE], aligned to 64 bytes.
  float *scores;
  uint32_t *piece_ids;
  /// Shape [slots].
  float *margins;
  uint32_t *from;
  uint32_t *ids;
  /// Shape [words].
  csimd_path *paths;
} csimd_lattice;

/// Finds the best path of each word. Scores are added up from zero, as floats; of equals any may be taken, with a margin
/// of zero.
void csimd_best_paths(const csimd_lattice *lattice);

/// The same without instructions that not all processors have.
void csimd_best_paths_portable(const csimd_lattice *lattice);

/// The path of a word after `csimd_best_paths`, its scores added up from `sum` on; of equals the one whose last piece is
/// longest.
csimd_path csimd_best_path_from(const csimd_lattice *lattice, size_t word, float sum);

/// Where the symbols of characters are: those of each 256 code points, and where these start.
typedef struct {
  const uint32_t *pages;
  const uint16_t *symbols;
} csimd_symbol_table;

/// Writes the symbols of text, one for each character, and returns how many there are; 0 if the text is not UTF-8, where
/// what was written does not count.
CSIMD_INLINE size_t csimd_symbols(csimd_symbol_table table, const uint8_t *text, size_t count, uint16_t *out) {
  const uint16_t *ascii = table.symbols + table.pages[0];
  size_t at = 0, found = 0;
  uint32_t bad = 0;
  while (at < count) {
    uint32_t scalar = text[at];
    if (scalar < 0x80) {
      out[found++] = ascii[scalar];
      at++;
      continue;
    }
    size_t left = count - at;
    if (scalar < 0xE0) {
      if (left < 2) return 0;
      uint32_t b = text[at + 1];
      // Below zero, which is large, if this is none of its leads.
      scalar = (scalar - 0xC0) << 6 | (b & 0x3F);
      bad |= ((b & 0xC0) ^ 0x80) | (scalar - 0x80 >= 0x780);
      at += 2;
    } else if (scalar < 0xF0) {
      if (left < 3) return 0;
      uint32_t b = text[at + 1], c = text[at + 2];
      scalar = (scalar & 0x0F) << 12 | (b & 0x3F) << 6 | (c & 0x3F);
      bad |= ((b & 0xC0) ^ 0x80) | ((c & 0xC0) ^ 0x80) | (scalar < 0x800) | (scalar - 0xD800 < 0x800);
      at += 3;
    } else {
      if (left < 4) return 0;
      uint32_t b = text[at + 1], c = text[at + 2], d = text[at + 3];
      scalar = (scalar & 0x0F) << 18 | (b & 0x3F) << 12 | (c & 0x3F) << 6 | (d & 0x3F);
      bad |= ((b & 0xC0) ^ 0x80) | ((c & 0xC0) ^ 0x80) | ((d & 0xC0) ^ 0x80) | (scalar - 0x10000 >= 0x100000);
      at += 4;
    }
    if (bad) return 0;
    out[found++] = table.symbols[table.pages[scalar >> 8] + (scalar & 0xFF)];
  }
  return found;
}

typedef uint8_t csimd_bytes8 __attribute__((vector_size(8)));
typedef uint16_t csimd_shorts8 __attribute__((vector_size(16)));

/// The same for text of `count` bytes, up to 24, in three words with zeros behind, if all are ASCII from 2 on, whose symbols
/// they are: then writes 24 and returns true.
CSIMD_INLINE _Bool csimd_ascii_symbols(uint64_t a, uint64_t b, uint64_t c, size_t count, uint16_t *out) {
  uint64_t words[3] = {a, b, c}, ones = 0x0101010101010101, fit = 0;
  if ((a | b | c) & ones << 7) return 0;
  for (int i = 0; i < 3; i++) {
    csimd_bytes8 bytes;
    memcpy(&bytes, words + i, 8);
    csimd_shorts8 wide = __builtin_convertvector(bytes, csimd_shorts8);
    memcpy(out + 8 * i, &wide, 16);
    // One in each byte that is 2 or more.
    fit += ((words[i] >> 1 & ones * 0x7F) + ones * 0x7F) >> 7 & ones;
  }
  return fit * ones >> 56 == count;
}
#endif
