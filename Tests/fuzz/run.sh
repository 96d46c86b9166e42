#!/usr/bin/env bash
# Fuzzes the readers of tokenizers and language models, encoding and detection, with libFuzzer and the address sanitizer.
#   run.sh [SECONDS] [TARGET...]      targets: json ranks model encode languagemodel detect; 60 s each if not told otherwise
# Text is encoded with the built-in tokenizer and those of FUZZ_TOKENIZERS, paths with colons between (the fixtures' if not told otherwise).
# Inputs that were found to be new are kept in FUZZ_CORPUS (.build/fuzz/corpus); a crash leaves its input in .build/fuzz.
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
seconds=${1:-60}
shift || true
targets=("$@")
[ ${#targets[@]} -gt 0 ] || targets=(json ranks model encode languagemodel detect)
build=${FUZZ_BUILD:-$root/.build/fuzz}
corpus=${FUZZ_CORPUS:-$build/corpus}
mkdir -p "$build"
export FUZZ_TOKENIZERS=${FUZZ_TOKENIZERS:-$root/fixtures/tokenizer/tokenizer.json}
cd "$build"
clang=$(dirname "$(command -v swiftc)")/clang
headers=()
for module in CSystem CCrypto CSIMD CICU CLanguageModel; do
  mkdir -p "$module"
  printf 'module %s { umbrella "%s" export * }\n' "$module" "$root/Sources/$module/include" >"$module/module.modulemap"
  headers+=(-Xcc "-fmodule-map-file=$build/$module/module.modulemap" -Xcc -I -Xcc "$root/Sources/$module/include")
  for source in "$root/Sources/$module"/*.c; do
    "$clang" -O1 -g -fsanitize=fuzzer-no-link,address -I "$root/Sources/$module/include" -c "$source" -o "$module.$(basename "$source").o"
  done
done
flags=(-O -wmo -g -enable-testing -parse-as-library -swift-version 6 -sanitize=fuzzer,address -I . -module-cache-path cache
  -package-name main "${headers[@]}")
for module in ShardifyCore Files Tokenize Detect; do
  swiftc "${flags[@]}" -module-name $module -emit-module -emit-module-path $module.swiftmodule \
    -c "$root/Sources/$module"/*.swift -o $module.o
done
for target in "${targets[@]}"; do
  swiftc "${flags[@]}" -D "FUZZ_${target^^}" "$root/Tests/fuzz/FuzzTarget.swift" ./*.o -lcrypto -licui18n -licuuc -o "fuzz-$target"
  mkdir -p "$corpus/$target"
  case $target in languagemodel | detect) python3 -B "$root/Tests/fuzz/seeds.py" "$target" "$corpus/$target" ;; esac
  echo "== $target, $seconds s"
  ASAN_OPTIONS=detect_leaks=0 SWIFT_BACKTRACE=enable=no timeout -k 10 $((seconds + 60)) "./fuzz-$target" \
    -max_total_time="$seconds" -timeout=20 -rss_limit_mb=4096 -print_final_stats=1 \
    -artifact_prefix="$build/crash-$target-" "$corpus/$target" >"$target.log" 2>&1 || {
    tail -30 "$target.log"
    exit 1
  }
  grep -E 'number_of_executed_units|peak_rss_mb' "$target.log"
done
