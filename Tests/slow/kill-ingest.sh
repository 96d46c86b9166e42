# kill -9 of ingest at random moments, then the same command once more: the same dataset.
. "$root/Tests/slow/common.sh"
RANDOM=$seed
corpus=$(corpus 40 14)
expected=$(expected "$corpus")
# Small runs, so that there are many to keep and more than are left unmerged.
ingest=("$bin/shardify" ingest "$corpus" "${ingest_options[@]}" --memory 48MB)
whole=$(milliseconds "${ingest[@]}" --to "$work/kill-ingest.timed")
rm -rf "$work/kill-ingest.timed"
killed=0
for _ in 1 2 3 4 5 6 7 8 9 10 11 12; do
  # Up to a bit more than a whole run; what is kept makes each run shorter than the one before.
  if kill_after $((RANDOM % (whole * 11 / 10 + 1))) "${ingest[@]}" --to "$work/kill-ingest.store"; then
    killed=$((killed + 1))
  fi
done
echo "    killed $killed of 12 runs"
[ "$killed" -ge 3 ] || fail "only $killed of 12 runs were killed"
"${ingest[@]}" --to "$work/kill-ingest.store"
[ -z "$(find "$work/kill-ingest.store" -name '*.partial')" ] || fail "left-overs stay in the store"
"$bin/shardify" balance "$work/kill-ingest.store" --to "$work/kill-ingest.data" \
  "${balance_options[@]}"
same "after $killed kills" "$(digests "$work/kill-ingest.data")" "$expected"
"$bin/shardify" verify "$work/kill-ingest.data" --store "$work/kill-ingest.store" --quiet ||
  fail "verify found something"
