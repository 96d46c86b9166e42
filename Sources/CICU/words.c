#include "cicu.h"

#include <stdlib.h>
#include <unicode/ubrk.h>
#include <unicode/utext.h>

struct cicu_words {
  UBreakIterator *breaks;
  UText *text;
};

cicu_words *cicu_words_open(void) {
  cicu_words *words = calloc(1, sizeof *words);
  if (!words) return NULL;
  UErrorCode status = U_ZERO_ERROR;
  words->breaks = ubrk_open(UBRK_WORD, "", NULL, 0, &status);
  if (U_FAILURE(status) || !words->breaks) {
    free(words);
    return NULL;
  }
  return words;
}

int64_t cicu_words_count(cicu_words *words, const uint8_t *text, int64_t length) {
  UErrorCode status = U_ZERO_ERROR;
  words->text = utext_openUTF8(words->text, (const char *)text, length, &status);
  if (U_FAILURE(status)) return 0;
  ubrk_setUText(words->breaks, words->text, &status);
  if (U_FAILURE(status)) return 0;
  int64_t count = 0;
  ubrk_first(words->breaks);
  while (ubrk_next(words->breaks) != UBRK_DONE) {
    if (ubrk_getRuleStatus(words->breaks) >= UBRK_WORD_NUMBER) count++;
  }
  return count;
}

void cicu_words_close(cicu_words *words) {
  if (!words) return;
  ubrk_close(words->breaks);
  utext_close(words->text);
  free(words);
}
