#!/bin/bash
# train.sh SPLIT OUT: trains the default language model as it is in the program and calibrates it.
# SPLIT is what split.py writes. Writes OUT/model.bin. About five minutes of one core and 2 GB. Fixed seed: the same
# bytes every time on x86-64 with the same libraries. Afterwards: cp OUT/model.bin Sources/CLanguageModel/model.bin
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
split=$1
out=$2
scratch=${SCRATCH:-$here/trainer/.build}
mkdir -p "$out"
swift build -c release --package-path "$here/trainer" --scratch-path "$scratch" -Xswiftc -enable-testing
# Further NAME=VALUE arguments override these, for trials.
"$scratch/release/TrainLanguageModel" "$split/train" "$out" name=shardify-lid-4 \
  epochs=6 cap=480000 alpha=0.6 sourceAlpha=0.5 rate=0.15 outputRate=0.5 dropout=0.3 order=4 words=1 rows=240000 \
  featureCap=300 cleanCap=0 seed=11 blame=0.5 close="$here/close.tsv" \
  common="$here/common.txt" commonWorth=3 commonCap=1.3 crops=5 longestCrop=80 "${@:3}"
mv "$out/model.bin" "$out/uncalibrated.bin"
"$scratch/release/CalibrateLanguageModel" "$out/uncalibrated.bin" "$out/model.bin" "$here/common.txt" \
  "$split/calibration.tsv" "$split/lines.tsv"
