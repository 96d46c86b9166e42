// Labels every line of standard input with Debian's CLD2; the peer of `shardify detect`.
#include <cstdio>  // The next header needs it and does not include it.
#include <iostream>
#include <string>

#include <cld2/public/compact_lang_det.h>

int main() {
  std::ios::sync_with_stdio(false);
  std::string line;
  while (std::getline(std::cin, line)) {
    bool reliable = false;
    CLD2::Language language =
        CLD2::DetectLanguage(line.data(), static_cast<int>(line.size()), true, &reliable);
    std::printf("%s\t%d\n", CLD2::LanguageCode(language), reliable);
  }
}
