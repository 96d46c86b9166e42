#!/usr/bin/env bash
# Writes tests/golden anew with the release binary: a small dataset, and what `shardify order` says of it.
#   make-golden.sh BINARIES
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
bin=$(cd "${1:?usage: make-golden.sh BINARIES}" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

"$bin/shardify" ingest "$root/fixtures/corpus/letters.jsonl" --to "$work/store" --quiet --trust input \
  --tokenizer "$root/fixtures/tokenizer/tokenizer.json" --language-field lang --source-field source
"$bin/shardify" balance "$work/store" --to "$work/dataset" --quiet --temperature 3.33 --budget 40Ki --shards 3 \
  --compression-level 19
# Provenance holds paths and times; the fingerprint does not cover it.
python3 - "$work/dataset/manifest.sqlite" <<'PYTHON'
import sqlite3, sys
database = sqlite3.connect(sys.argv[1])
database.execute("DELETE FROM provenance")
database.commit()
database.execute("VACUUM")
PYTHON
rm -f "$work/dataset/lock"

# Everything a rank is given, for many parameters: the SHA-256 of the lines that are printed.
order() { "$bin/shardify" order "$work/dataset" "$@"; }
{
  echo "length	batch	world	rank	seed	lanes	from	steps	documents	sha256"
  for parameters in \
    "16 4 1 7 -" "16 7 3 7 5" "64 12 5 1 -" "64 12 12 1 8" "100 3 2 18446744073709551615 1" "333 8 4 99 2" \
    "333 6 6 12345 -" "1000 2 2 3 3" "2000 5 1 4 16" "5000 4 3 1 2"; do
    read -r length batch world seed lanes <<<"$parameters"
    options=(--sequence-length "$length" --global-batch "$batch" --world-size "$world" --seed "$seed")
    [ "$lanes" = - ] || options+=(--lanes "$lanes")
    for from in 0 3 50 1000003; do
      for ((rank = 0; rank < world; rank++)); do
        for documents in "" --documents; do
          digest=$(order "${options[@]}" --rank "$rank" --from-step "$from" --steps 9 $documents | sha256sum)
          printf '%s\t' "$length" "$batch" "$world" "$rank" "$seed" "$lanes" "$from" 9 "${documents:--}"
          echo "${digest%% *}"
        done
      done
    done
  done
} >"$work/order.tsv"
order --sequence-length 64 --global-batch 12 --seed 7 --steps 25 >"$work/lines.tsv"

rm -rf "$here/golden"
mkdir -p "$here/golden"
cp -r "$work/dataset" "$work/order.tsv" "$work/lines.tsv" "$here/golden/"
