// What shardify needs of ICU. No ICU header is visible here: Foundation carries its own, newer ICU
// with the same C type names, and a compilation that sees both is refused.
#ifndef CICU_H
#define CICU_H
#include <stdint.h>

/// Writes the library's version, such as "72.1", and a final zero.
void cicu_version(char out[20]);

/// How a code point takes part in text.
enum {
  CICU_OTHER = 0,
  CICU_LETTER = 1,
  CICU_MARK = 2,
  CICU_SPACE = 3,
  CICU_PRIVATE = 4,
  CICU_UNASSIGNED = 5,
};

/// Writes for each code point from `first` its script code (255 if it has none below 255), its class
/// (above) and its simple lower case.
void cicu_fill(uint32_t first, uint32_t count, uint8_t *script, uint8_t *kind, uint32_t *lower);

/// The four letters of a script code, or NULL.
const char *cicu_script_name(int32_t script);

/// Writes the scripts that use a code point, in ICU's order, and returns how many; 0 on an error.
int32_t cicu_script_extensions(uint32_t code_point, int32_t *out, int32_t capacity);

/// Writes the English name of a language, UTF-8 and a final zero; returns its bytes, 0 if ICU knows none.
int32_t cicu_language_name(const char *language, char *out, int32_t capacity);

/// If the code point is the canonical composition of two, writes them and returns 1.
int32_t cicu_composition(uint32_t code_point, uint32_t *first, uint32_t *second);
/// ICU's word boundaries of the root locale; for one thread at a time.
typedef struct cicu_words cicu_words;

/// Opens the rules; NULL if ICU has not got them.
cicu_words *cicu_words_open(void);

/// Counts the segments of UTF-8 that hold a letter, digit, kana or ideograph.
int64_t cicu_words_count(cicu_words *words, const uint8_t *text, int64_t length);

void cicu_words_close(cicu_words *words);
#endif
