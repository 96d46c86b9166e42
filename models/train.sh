#!/bin/bash
# train.sh DATA OUT: trains the default language model as it is in the program.
# DATA holds xxx_Scrp.txt files, one sentence or paragraph a line. Writes OUT/model.bin and the held-out lines.
# About four minutes of one core and 700 MB. Fixed seed: the same bytes every time on x86-64 with the same libraries.
# Afterwards: cp OUT/model.bin Sources/CLanguageModel/model.bin
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
data=$1
out=$2
scratch=${SCRATCH:-$here/trainer/.build}
mkdir -p "$out"
swift build -c release --package-path "$here/trainer" --scratch-path "$scratch" -Xswiftc -enable-testing
"$scratch/release/TrainLanguageModel" "$data" "$out" name=shardify-lid-1 \
  epochs=5 cap=600000 alpha=0.6 rate=0.15 outputRate=0.5 dropout=0.3 order=4 words=1 rows=245000 \
  featureCap=300 cleanCap=150000 suspects="$here/suspects.tsv" seed=11
