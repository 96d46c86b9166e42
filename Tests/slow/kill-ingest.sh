# kill -9 of ingest at random moments, then the same command once more: the same dataset.
. "$root/Tests/slow/common.sh"
RANDOM=$seed
corpus=$(corpus 40 14)
expected=$(expected "$corpus")
# Small runs, so that there are many to keep and more than are left unmerged.
ingest=("$bin/shardify" ingest "$corpus" "${ingest_options[@]}" --memory 48MB)
whole=$(milliseconds "${ingest[@]}" --to "$work/kill-ingest.timed")
rm -rf "$work/kill-ingest.timed"
killed=0 runs=0
for round in $(seq "${KILL_ROUNDS:-3}"); do
  store=$work/kill-ingest.store$round data=$work/kill-ingest.data$round
  for _ in 1 2 3 4 5; do
    runs=$((runs + 1))
    # What is kept makes each run shorter than the one before, so the later ones often finish.
    if kill_after $((RANDOM % (whole * 6 / 10 + 1))) "${ingest[@]}" --to "$store"; then
      killed=$((killed + 1))
    fi
  done
  "${ingest[@]}" --to "$store"
  [ -z "$(find "$store" -name '*.partial')" ] || fail "left-overs stay in the store"
  "$bin/shardify" balance "$store" --to "$data" "${balance_options[@]}"
  same "round $round" "$(digests "$data")" "$expected"
  "$bin/shardify" verify "$data" --store "$store" --quiet || fail "verify found something"
  rm -rf "$store" "$data"
done
echo "    killed $killed of $runs runs"
[ "$killed" -ge $((runs / 5)) ] || fail "only $killed of $runs runs were killed"
