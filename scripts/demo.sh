#!/usr/bin/env bash
# The whole way on the bundled fixtures: ingest, balance, verify, train.
#   demo.sh BINARIES FOLDER
set -euo pipefail
bin=$1 out=$2
start=$SECONDS
rm -rf "$out"
mkdir -p "$out"

step() { printf '\n== %s\n   %s\n\n' "$1" "$2"; }

command="shardify ingest fixtures/corpus --to $out/store --tokenizer fixtures/tokenizer/tokenizer.json --source-field source --language-field lang --document-separator \\n-----\\n"
step "1. ingest: read, detect script and language, tokenize, sort" "$command"
"$bin/shardify" ingest fixtures/corpus --to "$out/store" \
  --tokenizer fixtures/tokenizer/tokenizer.json --source-field source --language-field lang \
  --document-separator '\n-----\n'

command="shardify balance $out/store --to $out/dataset --temperature 3.33 --shards 4"
step "2. balance: plan the mixture, write shards that each hold it" "$command"
"$bin/shardify" balance "$out/store" --to "$out/dataset" --temperature 3.33 --shards 4

step "3. verify: check every promise of the dataset" "shardify verify $out/dataset --store $out/store"
"$bin/shardify" verify "$out/dataset" --store "$out/store"

command="train-from-manifest $out/dataset/manifest.sqlite --steps 300 --run $out/run"
step "4. train: a small GPT on the shards" "$command"
"$bin/train-from-manifest" "$out/dataset/manifest.sqlite" --steps 300 --run "$out/run"

printf '\n== done in %d s\n' $((SECONDS - start))
printf '   token store   %s\n' "$out/store"
printf '   dataset       %s   (shards, manifest.sqlite)\n' "$out/dataset"
printf '   training run  %s\n' "$out/run"
