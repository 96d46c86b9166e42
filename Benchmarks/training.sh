#!/usr/bin/env bash
# Times the training of tokenizers beside peers: Benchmarks/results/DATE-training.{jsonl,md}. BENCH_TRAIN_ONLY picks of speed,quality,parity.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
results=${BENCH_RESULTS:-$here/results}
name=$results/${BENCH_TRAIN_NAME:-$(date -u +%Y-%m-%d)-training}
mkdir -p "$results"
command -v python3 >/dev/null || { echo "bench skipped: python3 is not installed"; exit 0; }
[ -e "${BENCH_DATA:-$here/../../shared/data}/corpus/mix.jsonl.zst" ] || { echo "bench skipped: no corpus"; exit 0; }
python3 -B "$here/training.py" "$name.jsonl"
python3 -B "$here/training.py" "$name.jsonl" report >"$name.md"
echo "results: $name.md, $name.jsonl"
