# kill -9 of balance at random moments, then the same command once more: the same dataset.
. "$root/Tests/slow/common.sh"
RANDOM=$seed
corpus=$(corpus 40 14)
expected=$(expected "$corpus")
balance=("$bin/shardify" balance "$work/expected-${corpus##*/}.store" "${balance_options[@]}")
whole=$(milliseconds "${balance[@]}" --to "$work/kill-balance.timed")
rm -rf "$work/kill-balance.timed"
killed=0 runs=0
for round in $(seq "${KILL_ROUNDS:-4}"); do
  data=$work/kill-balance.data$round
  for _ in 1 2 3 4; do
    runs=$((runs + 1))
    if kill_after $((RANDOM % (whole + 1))) "${balance[@]}" --to "$data"; then
      killed=$((killed + 1))
    fi
  done
  "${balance[@]}" --to "$data"
  same "round $round" "$(digests "$data")" "$expected"
  [ -z "$(find "$data" -name '*.partial')" ] || fail "left-overs stay in the dataset"
  rm -rf "$data"
done
echo "    killed $killed of $runs runs"
[ "$killed" -ge $((runs / 5)) ] || fail "only $killed of $runs runs were killed"
