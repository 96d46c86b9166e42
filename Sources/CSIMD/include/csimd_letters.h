// Where runs of letters end, by a bit for each byte of a window of text.
#ifndef CSIMD_LETTERS_H
#define CSIMD_LETTERS_H

#pragma clang assume_nonnull begin

/// Which characters of two and three bytes are letters, as bits by their last byte's lower six bits, eight to a
/// byte.
typedef struct {
  /// By the lower five bits of the lead byte.
  uint8_t two[256];
  /// Of three bytes, by the lower four bits of the lead byte and the second byte: whether all of the 64 are
  /// letters, and whether none is.
  uint8_t all[128], none[128];
  /// By the second and third byte, for lead bytes 0xE0, 0xE1 and 0xE3.
  uint8_t pages[3][512];
} csimd_letter_table;

enum { CSIMD_LETTER_WINDOW = 4096 };

/// A text and the letters of a part of it.
typedef struct {
  const uint8_t *_Nullable text;
  size_t end;
  /// The part: `span` bytes from `start` on. A bit is set for each byte of a letter.
  size_t start, span;
  const csimd_letter_table *_Nullable table;
  /// The classes of the first code points, and the bit of letters in them; all others are none.
  const uint8_t *_Nullable classes;
  size_t class_count;
  uint8_t letter;
  /// 0x20 if capital ASCII letters are letters too, else 0.
  uint8_t ascii_case;
  uint64_t bits[CSIMD_LETTER_WINDOW / 64];
} csimd_letter_map;

/// Whether this processor has the instructions that a map needs.
_Bool csimd_can_map_letters(void);

/// Moves the part to where the character at `at`, below the end, starts.
void csimd_map_letters(csimd_letter_map *map, size_t at);

/// Where the run of letters that starts at `at` ends.
CSIMD_INLINE size_t csimd_letters_end(csimd_letter_map *map, size_t at) {
  while (at < map->end) {
    // Also if `at` is before the part.
    if (at - map->start >= map->span) csimd_map_letters(map, at);
    size_t place = at - map->start, shift = place & 63;
    uint64_t others = ~map->bits[place >> 6] >> shift;
    if (others != 0) return at + (size_t)__builtin_ctzll(others);
    at += 64 - shift;
  }
  return map->end;
}

#pragma clang assume_nonnull end

#endif
