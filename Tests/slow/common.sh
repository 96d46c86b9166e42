# What the checks share; sourced by each. Set by run-slow.sh: bin, root, work, seed.
set -euo pipefail

fixtures=$root/fixtures
ingest_options=(--tokenizer "$fixtures/tokenizer/tokenizer.json" --language-field lang
  --source-field source --trust input --quiet)
balance_options=(--temperature 3.33 --shards 6 --quiet)

fail() {
  echo "    $*" >&2
  exit 1
}

skip() {
  echo "    skipped: $*" >&2
  exit 77
}

# corpus MEGABYTES FILES: makes it once and prints its folder.
corpus() {
  local folder=$work/corpus-$1-$2
  if [ ! -d "$folder" ]; then
    python3 "$root/Tests/slow/make-corpus.py" "$fixtures/corpus" "$folder.new" "$1" "$2"
    mv "$folder.new" "$folder"
  fi
  echo "$folder"
}

# digests DATASET: what must be the same, as one line.
digests() {
  (
    cd "$1"
    sha256sum shards/* holdout/*
    "$bin/shardify" inspect . --json | grep -oE '"fingerprint": ?"[0-9a-f]{64}"'
  ) | sha256sum
}

# expected CORPUS: the digests of an undisturbed ingest and balance at default settings, made once.
expected() {
  local name=$work/expected-${1##*/}
  if [ ! -f "$name.digests" ]; then
    "$bin/shardify" ingest "$1" --to "$name.store" "${ingest_options[@]}" >&2
    "$bin/shardify" balance "$name.store" --to "$name.data" "${balance_options[@]}" >&2
    digests "$name.data" >"$name.new"
    mv "$name.new" "$name.digests"
  fi
  cat "$name.digests"
}

same() { # what, found, expected
  [ "$2" = "$3" ] || fail "$1: other digests than undisturbed"
}

# milliseconds COMMAND...: how long it takes.
milliseconds() {
  local start
  start=$(date +%s%N)
  "$@" >/dev/null
  echo $((($(date +%s%N) - start) / 1000000))
}

# kill_after MILLISECONDS COMMAND...: 0 if it was killed, 1 if it ended before.
kill_after() {
  local wait=$1 status=0
  shift
  "$@" >/dev/null 2>&1 &
  local process=$!
  sleep "$(printf '%d.%03d' $((wait / 1000)) $((wait % 1000)))"
  kill -9 "$process" 2>/dev/null || true
  wait "$process" 2>/dev/null || status=$?
  [ "$status" = 137 ]
}

# demo: the dataset of `make demo`, made once; prints its folder. Not to be changed.
demo() {
  if [ ! -d "$work/demo.data" ]; then
    "$bin/shardify" ingest "$fixtures/corpus" --to "$work/demo.store" "${ingest_options[@]}" \
      --document-separator '\n-----\n' >&2
    "$bin/shardify" balance "$work/demo.store" --to "$work/demo.new" "${balance_options[@]}" >&2
    mv "$work/demo.new" "$work/demo.data"
  fi
  echo "$work/demo.data"
}

# golden_lines: what the labelled part of the fixtures becomes, told without what depends on the
# language model or the version of libzstd.
golden_lines() {
  "$bin/shardify" ingest "$fixtures/corpus/stories" "$fixtures/corpus/letters.jsonl" \
    --to "$work/golden.store" "${ingest_options[@]}" >&2
  "$bin/shardify" balance "$work/golden.store" --to "$work/golden.data" "${balance_options[@]}" >&2
  python3 - "$work/golden.data/manifest.sqlite" <<'PYTHON'
import sqlite3, sys
query = "SELECT split, shard, tokens, pieces, hex(payload_sha256) FROM shards ORDER BY split, shard"
for row in sqlite3.connect(f"file:{sys.argv[1]}?mode=ro", uri=True).execute(query):
    print(*row, sep="\t")
PYTHON
}
