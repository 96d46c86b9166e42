#!/bin/bash
# evaluate.sh MODEL HELDOUT [CORPUS.jsonl.zst]: accuracy and speed of a model (- for the embedded one).
# HELDOUT is the OUT folder of train.sh; CORPUS has one {"text", "lang"} a line.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
model=$1
heldout=$2
scratch=${SCRATCH:-$here/trainer/.build}
swift build -c release --package-path "$here/trainer" --scratch-path "$scratch" -Xswiftc -enable-testing
evaluate="$scratch/release/EvaluateLanguageModel"
for name in heldout heldout50; do
  echo "== $name"
  "$evaluate" "$model" "$heldout/$name.tsv" whole confusions=20
done
if [ $# -ge 3 ]; then
  framed=$(mktemp)
  trap 'rm -f "$framed"' EXIT
  zstd -dc "$3" | python3 "$here/frame_corpus.py" > "$framed"
  echo "== corpus, sampled"
  "$evaluate" "$model" "$framed" framed perLabel confusions=40
  echo "== corpus, whole"
  "$evaluate" "$model" "$framed" framed whole
fi
