// The best pieces of several words at once: walks through a trie from all symbols of all words side by side, then a
// Viterbi search of each word in registers. See csimd_unigram.h.
#include "csimd.h"
#include "csimd_unigram.h"

typedef float scores16 __attribute__((ext_vector_type(16)));
typedef int32_t ints16 __attribute__((ext_vector_type(16)));

static const float nothing = -__builtin_inff();

/// Finds the pieces at all slots. A walk is a chain of loads that ends where none can foretell: so all walks take a step
/// in turn, without a branch. Returns how many have pieces longer than a row, perhaps.
CSIMD_INLINE size_t walk(const csimd_lattice *l) {
  csimd_walk *restrict walks = l->walks;
  const csimd_node *restrict nodes = l->nodes, *restrict firsts = l->firsts;
  const uint16_t *restrict symbols = l->symbols;
  float *restrict scores = l->scores;
  uint32_t *restrict ids = l->piece_ids;
  size_t open = 0, slots = l->slots;
  scores16 empty = nothing;
  for (size_t slot = 0; slot < slots; slot++) {
    const csimd_node *node = firsts + symbols[slot];
    scores16 row = empty;
    row[0] = node->score;
    memcpy(scores + slot * CSIMD_PIECE, &row, sizeof row);
    ids[slot * CSIMD_PIECE] = node->id;
    uint32_t next = symbols[slot + 1], place = node->base ^ next;
    __builtin_prefetch(nodes + place);
    walks[open] = (csimd_walk){place, (uint32_t)slot};
    open += node->children >> (next & 15) & 1;
  }
  for (size_t level = 1; level < CSIMD_PIECE && open > 0; level++) {
    size_t kept = 0;
    const uint16_t *restrict here = symbols + level;
    for (size_t i = 0; i < open; i++) {
      size_t slot = walks[i].slot, place = slot * CSIMD_PIECE + level;
      uint32_t bits, next = here[slot + 1];
      const csimd_node *node = nodes + walks[i].base;
      uint32_t children = node->children;
      memcpy(&bits, &node->score, 4);
      _Bool is_child = node->label == here[slot];
      bits = __builtin_unpredictable(is_child) ? bits : 0xFF800000;
      children = __builtin_unpredictable(is_child) ? children : 0;
      memcpy(scores + place, &bits, 4);
      ids[place] = node->id;
      uint32_t to = node->base ^ next;
      __builtin_prefetch(nodes + to);
      walks[kept] = (csimd_walk){to, (uint32_t)slot};
      kept += children >> (next & 15) & 1;
    }
    open = kept;
  }
  return open;
}

/// A search on the way: the best ways to the slots ahead, lane i to the one i + 1 further on, their last slots and the
/// scores of the next best; and the score of the best way here.
typedef struct {
  scores16 best, second, here;
  ints16 from;
} csimd_chain;

CSIMD_INLINE csimd_chain chain_from(float sum) {
  return (csimd_chain){nothing, nothing, sum, 0};
}

/// Takes all ways from a slot at once, and notes the best one to the next.
CSIMD_INLINE void step(const csimd_lattice *l, csimd_chain *c, size_t slot) {
  scores16 empty = nothing, score;
  memcpy(&score, l->scores + slot * CSIMD_PIECE, sizeof score);
  score += c->here;
  ints16 is_better = score > c->best;
  scores16 loser = is_better ? c->best : score;
  scores16 second = loser > c->second ? loser : c->second, best = is_better ? score : c->best;
  ints16 from = is_better ? (ints16)(int32_t)slot : c->from;
  c->here = __builtin_shufflevector(best, best, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0);
  l->margins[slot + 1] = best[0] - second[0];
  l->from[slot + 1] = (uint32_t)from[0];
  c->best = __builtin_shufflevector(best, empty, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16);
  c->second = __builtin_shufflevector(second, empty, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16);
  c->from = __builtin_shufflevector(from, from, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 15);
}

/// Notes the best way to each slot after the first of a word, and to its end.
CSIMD_INLINE void search(const csimd_lattice *l, csimd_chain chain, size_t start, size_t end) {
  for (size_t slot = start; slot < end; slot++) step(l, &chain, slot);
}

/// The same of two words, whose steps do not wait for each other.
CSIMD_INLINE void search_two(const csimd_lattice *l, size_t word) {
  size_t first = l->starts[word], first_end = l->starts[word + 1] - 1;
  size_t second = l->starts[word + 1], second_end = l->starts[word + 2] - 1;
  csimd_chain a = chain_from(0), b = chain_from(0);
  while (first < first_end && second < second_end) {
    step(l, &a, first++);
    step(l, &b, second++);
  }
  search(l, a, first, first_end);
  search(l, b, second, second_end);
}

/// Symbols of words that are taken for one stretch.
enum { SHORT_WORD = 24 };

/// The symbols of the longest stretch of a word that no piece reaches into or out of.
static uint32_t longest_span(const csimd_lattice *l, size_t start, size_t end) {
  size_t from = start, reach = start, longest = 0;
  for (size_t slot = start; slot <= end; slot++) {
    if (reach <= slot) {
      longest = slot - from > longest ? slot - from : longest;
      from = slot;
    }
    size_t last = slot == end ? 0 : CSIMD_PIECE;
    while (last > 0 && l->scores[slot * CSIMD_PIECE + last - 1] == nothing) last--;
    reach = slot + last > reach ? slot + last : reach;
  }
  return (uint32_t)longest;
}

/// Writes the ids of the best path of a word, the last at its end.
CSIMD_INLINE csimd_path read_path(const csimd_lattice *l, size_t start, size_t end) {
  size_t at = end, first = end;
  float margin = __builtin_inff(), score = 0;
  uint32_t unknown = 0;
  while (at > start) {
    size_t from = l->from[at];
    size_t place = from * CSIMD_PIECE + (at - from - 1);
    uint32_t id = l->piece_ids[place];
    score += l->scores[place];
    l->ids[--first] = id;
    unknown |= id == l->unknown;
    margin = l->margins[at] < margin ? l->margins[at] : margin;
    at = from;
  }
  uint32_t span = end - start > SHORT_WORD ? longest_span(l, start, end) : (uint32_t)(end - start);
  return (csimd_path){(uint32_t)first, (uint32_t)(end - first), margin, score, span,
                      unknown ? CSIMD_UNKNOWN : CSIMD_KNOWN};
}

CSIMD_INLINE void best_paths(const csimd_lattice *l) {
  size_t open = walk(l);
  size_t next = 0;
  for (; next + 1 < l->words; next += 2) search_two(l, next);
  if (next < l->words) search(l, chain_from(0), l->starts[next], l->starts[next + 1] - 1);
  // After all searches, whose ends are not waited for then.
  for (size_t word = 0; word < l->words; word++)
    l->paths[word] = read_path(l, l->starts[word], l->starts[word + 1] - 1);
  for (size_t i = 0, word = 0; i < open; i++) {
    while (l->starts[word + 1] <= l->walks[i].slot) word++;
    l->paths[word].kind = CSIMD_LONG;
  }
}

csimd_path csimd_best_path_from(const csimd_lattice *l, size_t word, float sum) {
  search(l, chain_from(sum), l->starts[word], l->starts[word + 1] - 1);
  return read_path(l, l->starts[word], l->starts[word + 1] - 1);
}

void csimd_best_paths_portable(const csimd_lattice *lattice) { best_paths(lattice); }

#if defined(__x86_64__)
static __attribute__((target("avx512f,avx512vl,avx512dq,avx512bw,bmi2"))) void wide_best_paths(
    const csimd_lattice *lattice) {
  best_paths(lattice);
}

void csimd_best_paths(const csimd_lattice *lattice) {
  if (__builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl") &&
      __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("bmi2"))
    wide_best_paths(lattice);
  else
    best_paths(lattice);
}
#else
void csimd_best_paths(const csimd_lattice *lattice) { best_paths(lattice); }
#endif
