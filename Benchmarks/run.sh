#!/usr/bin/env bash
# Times shardify beside its peers and writes Benchmarks/results/DATE-ingest.{jsonl,md}. See Benchmarks/README.md.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
results=${BENCH_RESULTS:-$here/results}
name=$results/${BENCH_NAME:-$(date -u +%Y-%m-%d)-ingest}
mkdir -p "$results"
command -v python3 >/dev/null || { echo "bench skipped: python3 is not installed"; exit 0; }
status=0
python3 -B "$here/bench.py" "$name.jsonl" || status=$?
[ $status -ne 75 ] || exit 0 # what is missing was said
[ $status -eq 0 ] || exit $status
python3 -B "$here/report.py" "$name.jsonl" >"$name.md"
echo
python3 -B "$here/report.py" "$name.jsonl" --text
echo
echo "results: $name.md, $name.jsonl"
