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
  /// Whether an id is that of unknown characters, or a piece may be longer than CSIMD_PIECE: then nothing else counts.
  uint32_t is_hard;
} csimd_path;

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
#endif
