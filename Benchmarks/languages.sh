#!/usr/bin/env bash
# Language identification beside its peers: speed, and where LID_SPLIT (a folder that models/split.py wrote) is there, quality.
# Writes Benchmarks/results/DATE-language-speed.md and DATE-language.md. See languages.py and models/evaluate.sh.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
results=${BENCH_RESULTS:-$here/results}
data=${BENCH_DATA:-$here/../../shared/data}
date=$(date -u +%Y-%m-%d)
mkdir -p "$results"
if [ -f "$data/corpus/mix.jsonl.zst" ]; then
  python3 -B "$here/languages.py" "$data/corpus/mix.jsonl.zst" "$results/${BENCH_NAME:-$date-language-speed}.md"
else
  echo "language speed skipped: no $data/corpus/mix.jsonl.zst" >&2
fi
if [ -n "${LID_SPLIT:-}" ]; then
  out=${BENCH_WORK:-$here/../.build/bench}/language
  sum=$(sha256sum "$here/../Sources/CLanguageModel/model.bin" | cut -d' ' -f1)
  {
    echo "# Language identification on held-out sources, $date"
    echo
    echo "model sha256 \`$sum\`; \`LID_SPLIT=SPLIT Benchmarks/languages.sh\`; split: \`models/split.tsv\`. How labels are compared: \`models/MODEL.md\`."
    echo
    "$here/../models/evaluate.sh" "$LID_SPLIT" "$out" - | sed -n '/ texts of /,$p'
  } >"$results/$date-language.md"
  echo "results: $results/$date-language.md"
else
  echo "language quality skipped: LID_SPLIT names no folder of models/split.py" >&2
fi
