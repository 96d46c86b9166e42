#!/bin/bash
# evaluate.sh SPLIT OUT [MODEL [CORPUS.jsonl.zst]]: the model (embedded by default) and its peers on texts of held-out sources.
# PEERS_PYTHON has the peers (Benchmarks/peers/install.sh); what they say is kept in OUT and asked once. `make bench` runs this
# where SPLIT is there. With CORPUS, one {"text", "lang"} a line, that too.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
split=$1
out=$2
model=${3:--}
python=${PEERS_PYTHON:-${XDG_CACHE_HOME:-$HOME/.cache}/shardify-bench/lid/bin/python}
scratch=${SCRATCH:-$here/trainer/.build}
mkdir -p "$out"
swift build -c release --package-path "$here/trainer" --scratch-path "$scratch" -Xswiftc -enable-testing
evaluate="$scratch/release/EvaluateLanguageModel"
"$evaluate" "$model" "$split/test.tsv" predict >"$out/ours.full"
"$evaluate" "$model" "$split/test.tsv" predict characters=50 >"$out/ours.c50"
"$evaluate" "$model" "$split/test.tsv" predict characters=20 >"$out/ours.c20"
for name in cld2 cld3 lid176 langid lingua; do
  [ -x "$python" ] || { echo "peers skipped: no $python; run Benchmarks/peers/install.sh" >&2; break; }
  [ -s "$out/$name.labels" ] || "$python" -B "$here/peers.py" "$name" "$split/test.tsv" "$out"
done
python3 -B "$here/eval.py" "$split" "$out" "$out"
if [ $# -ge 4 ]; then
  framed=$(mktemp)
  trap 'rm -f "$framed"' EXIT
  zstd -dc "$4" | python3 "$here/frame_corpus.py" >"$framed"
  echo "== corpus, sampled"
  "$evaluate" "$model" "$framed" framed
  echo "== corpus, whole"
  "$evaluate" "$model" "$framed" framed whole
fi
