# The same dataset for other jobs, memory, file splits, orders and compressions of the input.
. "$root/Tests/slow/common.sh"
corpus=$(corpus 40 14)
expected=$(expected "$corpus")

check() { # what, input, options...
  local what=$1 input=$2
  shift 2
  "$bin/shardify" ingest "$input" --to "$work/same.store" "${ingest_options[@]}" "$@"
  "$bin/shardify" balance "$work/same.store" --to "$work/same.data" "${balance_options[@]}" "$@"
  same "$what" "$(digests "$work/same.data")" "$expected"
  rm -rf "$work/same.store" "$work/same.data"
}

check "one job" "$corpus" --jobs 1
check "four jobs in little memory" "$corpus" --jobs 4 --memory 32MB

split=$work/same.split
mkdir "$split"
# Seven files of whole lines, dealt in turn from the last document to the first.
cat "$corpus"/*.jsonl | tac | split -n r/7 --additional-suffix=.jsonl - "$split/z-"
check "seven files in another order" "$split"
gzip -1 "$split"/z-a[abc].jsonl
zstd -q -1 --rm "$split"/z-a[de].jsonl
check "compressed files" "$split"
rm -rf "$split"

cat "$corpus"/*.jsonl >"$work/same.jsonl"
check "one file" "$work/same.jsonl" --jobs 2
rm "$work/same.jsonl"
