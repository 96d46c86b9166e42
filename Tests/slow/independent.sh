# A reader that knows only docs/ recomputes shares, deviations and accounting.
. "$root/Tests/slow/common.sh"
checker=$root/Tests/independent/check_dataset.py
dataset=$(demo)
python3 "$checker" "$dataset" || fail "see above"
# The checker must also see when something is wrong.
cp -r "$dataset" "$work/damaged.data"
printf 'shardify' | dd of="$work/damaged.data/shards/shard-00002.zst" bs=1 seek=2000 conv=notrunc status=none
if python3 "$checker" "$work/damaged.data" >/dev/null 2>&1; then
  fail "a damaged shard was not noticed"
fi
