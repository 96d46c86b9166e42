# Peak memory does not grow with the corpus: once and three times as much, in the same --memory,
# with shards of the same size.
. "$root/Tests/slow/common.sh"
memory=256MB

peak() { # name, command...
  local name=$1
  shift
  python3 "$root/Tests/slow/peak.py" "$work/peak-$name" "$@" || fail "$name failed"
  cat "$work/peak-$name"
}

measure() { # megabytes, shards -> "ingest balance" in kB
  local corpus store=$work/flat-$1.store
  corpus=$(corpus "$1" 14)
  echo "$(peak "ingest-$1" "$bin/shardify" ingest "$corpus" --to "$store" \
    "${ingest_options[@]}" --memory $memory)" \
    "$(peak "balance-$1" "$bin/shardify" balance "$store" --to "$work/flat-$1.data" \
      --temperature 3.33 --shards "$2" --quiet --memory $memory)"
}

read -r ingest_once balance_once <<<"$(measure 40 6)"
read -r ingest_thrice balance_thrice <<<"$(measure 120 18)"
echo "    peak kB, 40 MB and 120 MB: ingest $ingest_once $ingest_thrice," \
  "balance $balance_once $balance_thrice"
for kilobytes in "$ingest_once" "$ingest_thrice" "$balance_once" "$balance_thrice"; do
  [ "$kilobytes" -lt 1000000 ] || fail "a peak of $kilobytes kB, expected below 1 GB"
done
[ $((ingest_thrice * 10)) -le $((ingest_once * 13)) ] || fail "ingest grows with the corpus"
[ $((balance_thrice * 10)) -le $((balance_once * 13)) ] || fail "balance grows with the corpus"
