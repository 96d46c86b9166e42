#!/usr/bin/env bash
# Whole runs through the release binaries: kill -9, full disk, memory, MPI, independent readers.
#   run-slow.sh BINARIES [CHECK...]     checks are the names of Tests/slow/*.sh
# SEED fixes the random moments; KILL_ROUNDS asks for more of them. Everything is written below TMPDIR and removed.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
bin=$(cd "${1:?usage: run-slow.sh BINARIES [CHECK...]}" && pwd)
shift
[ -x "$bin/shardify" ] || {
  echo "error: no shardify in $bin; run make build" >&2
  exit 1
}
seed=${SEED:-$RANDOM}
work=$(mktemp -d "${TMPDIR:-/tmp}/shardify-slow.XXXXXX")
trap 'rm -rf "$work"' EXIT
export root bin seed work
echo "seed $seed"

checks=("$@")
[ ${#checks[@]} -gt 0 ] || checks=(
  golden plain-arrays same-content kill-ingest kill-balance disk-full file-limit flat-memory
  independent python mpi language-model train-tokenizer tokenizer-parity)
passed=0 failed=0
for check in "${checks[@]}"; do
  start=$SECONDS status=0
  bash "$root/Tests/slow/$check.sh" || status=$?
  case $status in
    0) passed=$((passed + 1)) result=passed ;;
    77) result=skipped ;;
    *) failed=$((failed + 1)) result=FAILED ;;
  esac
  echo "$result $check ($((SECONDS - start)) s)"
done
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
