// Writes the Han characters that only simplified or only traditional text uses, by ICU's
// Simplified-Traditional transliterator, as the Swift source Sources/Detect/HanVariants+Lists.swift.
// A character that stands in both (one simplified character for several traditional ones, and itself
// one of them) tells nothing and is left out.
// Build and run: cc han_variants.c -licui18n -licuuc -o han_variants && ./han_variants > FILE
#include <stdio.h>
#include <unicode/ustring.h>
#include <unicode/utrans.h>

static int changes(UTransliterator *t, UChar32 c, UChar32 *to) {
  UErrorCode status = U_ZERO_ERROR;
  UChar text[32];
  int32_t length = 0;
  U16_APPEND_UNSAFE(text, length, c);
  int32_t limit = length;
  utrans_transUChars(t, text, &length, 32, 0, &limit, &status);
  int32_t at = 0;
  U16_NEXT(text, at, length, *to);
  return U_SUCCESS(status) && at == length && *to != c;
}

static void list(const char *name, UTransliterator *yes, UTransliterator *no) {
  printf("  /// Written in one of the two forms only, by code point.\n  static let %s: StaticString = \"\"\"\n", name);
  int column = 0;
  for (UChar32 c = 0x3400; c < 0xA000; c++) {
    UChar32 to, back;
    if (!changes(yes, c, &to) || changes(no, c, &back)) continue;
    char bytes[8];
    int32_t n = 0;
    U8_APPEND_UNSAFE(bytes, n, c);
    if (column == 0) printf("    ");
    printf("%.*s", (int)n, bytes);
    if (++column == 46) {
      printf("\\\n");
      column = 0;
    }
  }
  printf("%s    \"\"\"\n", column ? "\n" : "");
}

int main(void) {
  UErrorCode status = U_ZERO_ERROR;
  UChar forward[64], reverse[64];
  u_uastrcpy(forward, "Simplified-Traditional");
  u_uastrcpy(reverse, "Traditional-Simplified");
  UTransliterator *st = utrans_openU(forward, -1, UTRANS_FORWARD, 0, 0, 0, &status);
  UTransliterator *ts = utrans_openU(reverse, -1, UTRANS_FORWARD, 0, 0, 0, &status);
  if (U_FAILURE(status)) return 1;
  printf("// Made by models/han_variants.c from ICU; do not edit.\nextension HanVariants {\n");
  list("simplified", st, ts);
  printf("\n");
  list("traditional", ts, st);
  printf("}\n");
  return 0;
}
