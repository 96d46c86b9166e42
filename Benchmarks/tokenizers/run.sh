#!/usr/bin/env bash
# Times tokenizers side by side and writes Benchmarks/results/DATE-tokenizers.{jsonl,md}. See Benchmarks/README.md.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
results=${BENCH_RESULTS:-$here/../results}
name=$results/${BENCH_TOKENIZERS_NAME:-$(date -u +%Y-%m-%d)-tokenizers}
mkdir -p "$results"
command -v python3 >/dev/null || { echo "bench skipped: python3 is not installed"; exit 0; }
status=0
python3 -B "$here/bench.py" "$name.jsonl" || status=$?
[ $status -ne 75 ] || exit 0 # what is missing was said
[ $status -eq 0 ] || exit $status
python3 -B "$here/report.py" "$name.jsonl" >"$name.md"
echo "results: $name.md, $name.jsonl"
