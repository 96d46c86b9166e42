#include "cicu.h"

#include <string.h>
#include <unicode/uchar.h>
#include <unicode/uloc.h>
#include <unicode/unorm2.h>
#include <unicode/uscript.h>
#include <unicode/ustring.h>
#include <unicode/utf16.h>
#include <unicode/uversion.h>

void cicu_version(char out[20]) {
  UVersionInfo version;
  u_getVersion(version);
  out[0] = 0;
  u_versionToString(version, out);
}

static uint8_t kind_of(UChar32 c) {
  uint32_t mask = U_MASK(u_charType(c));
  if (mask & U_GC_L_MASK) return CICU_LETTER;
  if (mask & U_GC_M_MASK) return CICU_MARK;
  if (mask & U_GC_CO_MASK) return CICU_PRIVATE;
  if (mask & U_GC_CN_MASK) return CICU_UNASSIGNED;
  return u_isUWhiteSpace(c) ? CICU_SPACE : CICU_OTHER;
}

void cicu_fill(uint32_t first, uint32_t count, uint8_t *script, uint8_t *kind, uint32_t *lower) {
  for (uint32_t i = 0; i < count; i++) {
    UChar32 c = (UChar32)(first + i);
    UErrorCode status = U_ZERO_ERROR;
    UScriptCode code = uscript_getScript(c, &status);
    script[i] = U_FAILURE(status) || code < 0 || code > 254 ? 255 : (uint8_t)code;
    kind[i] = kind_of(c);
    lower[i] = (uint32_t)u_tolower(c);
  }
}

const char *cicu_script_name(int32_t script) { return uscript_getShortName((UScriptCode)script); }

int32_t cicu_script_extensions(uint32_t code_point, int32_t *out, int32_t capacity) {
  UErrorCode status = U_ZERO_ERROR;
  UScriptCode codes[64];
  int32_t count = uscript_getScriptExtensions((UChar32)code_point, codes, 64, &status);
  if (U_FAILURE(status)) return 0;
  if (count > capacity) count = capacity;
  for (int32_t i = 0; i < count; i++) out[i] = codes[i];
  return count;
}

int32_t cicu_composition(uint32_t code_point, uint32_t *first, uint32_t *second) {
  UErrorCode status = U_ZERO_ERROR;
  const UNormalizer2 *normalizer = unorm2_getNFCInstance(&status);
  if (U_FAILURE(status)) return 0;
  UChar parts[8];
  int32_t length =
      unorm2_getRawDecomposition(normalizer, (UChar32)code_point, parts, 8, &status);
  if (U_FAILURE(status) || length < 2) return 0;
  int32_t at = 0;
  UChar32 a, b;
  U16_NEXT(parts, at, length, a);
  if (at >= length) return 0;
  U16_NEXT(parts, at, length, b);
  if (at != length) return 0;
  if (unorm2_composePair(normalizer, a, b) != (UChar32)code_point) return 0;
  *first = (uint32_t)a;
  *second = (uint32_t)b;
  return 1;
}

int32_t cicu_language_name(const char *language, char *out, int32_t capacity) {
  UErrorCode status = U_ZERO_ERROR;
  UChar name[200];
  int32_t length = uloc_getDisplayLanguage(language, "en", name, 200, &status);
  if (U_FAILURE(status) || status == U_USING_DEFAULT_WARNING || length >= 200) return 0;
  int32_t bytes = 0;
  u_strToUTF8(out, capacity, &bytes, name, length, &status);
  if (U_FAILURE(status) || bytes >= capacity || strcmp(out, language) == 0) return 0;
  return bytes;
}
