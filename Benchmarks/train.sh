#!/usr/bin/env bash
# Measures train-from-manifest and writes Benchmarks/results/DATE-train.{jsonl,md}. See Benchmarks/README.md.
#   train.sh [DATASET]    without it the dataset of loader.sh, made from the corpus
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
results=${BENCH_RESULTS:-$here/results}
name=$results/${BENCH_TRAINER_NAME:-$(date -u +%Y-%m-%d)-train}
mkdir -p "$results"
command -v python3 >/dev/null || { echo "bench skipped: python3 is not installed"; exit 0; }
command -v mpirun >/dev/null || { echo "bench skipped: mpirun is not installed"; exit 0; }
status=0
python3 -B "$here/train.py" "${1:-}" "$name.jsonl" || status=$?
[ $status -ne 75 ] || exit 0 # what is missing was said
[ $status -eq 0 ] || exit $status
echo "results: $name.md, $name.jsonl"
