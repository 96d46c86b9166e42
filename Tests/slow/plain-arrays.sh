# `zstd -d` of the shards, read as plain arrays of 16-bit ids, gives the corpus back, each text once.
. "$root/Tests/slow/common.sh"
corpus=$(corpus 5 3)
"$bin/shardify" ingest "$corpus" --to "$work/plain.store" --tokenizer bytes --trust input \
  --language-field lang --max-piece-tokens 262144 --quiet
"$bin/shardify" balance "$work/plain.store" --to "$work/plain.data" --proportional --max-epochs 1 \
  --shards 3 --include-undetermined --quiet
python3 "$root/Tests/slow/check-arrays.py" "$corpus" "$work/plain.data" || fail "see above"
