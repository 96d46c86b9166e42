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
# Languages divided over their sources; the checker tells the part of each document from the inputs.
inputs=("$fixtures"/corpus/stories/*.jsonl "$fixtures/corpus/letters.jsonl" "$fixtures/corpus/notes/others.jsonl")
"$bin/shardify" ingest "${inputs[@]}" --to "$work/parts.store" "${ingest_options[@]}" >&2
"$bin/shardify" balance "$work/parts.store" --to "$work/parts.data" "${balance_options[@]}" \
  --source-weight 'no*=3' --source-weight stories=0.5 >&2
python3 "$checker" "$work/parts.data" "${inputs[@]}" || fail "see above"
# From a mixture that is not divided to one that is, then other weights, and a source left out.
cat >"$work/parts.yaml" <<'YAML'
temperature: 3.33
max_epochs: none
stages:
  - {budget: 60k, shards: 4}
  - {budget: 90k, shards: 3, source_basis: weight, source_weights: [{"no*": 1}, {stories: 2}]}
  - {budget: 50k, shards: 2, exclude: [rus_Cyrl], source_weights: [{"no*": 4}, {stories: 0}]}
  - {budget: 80k, shards: 2, source_weights: [{"no*": 1}, {stories: 1}]}
YAML
"$bin/shardify" balance "$work/parts.store" --to "$work/parts.stages" --stages "$work/parts.yaml" --quiet >&2
python3 "$checker" "$work/parts.stages" "${inputs[@]}" || fail "see above"
"$bin/shardify" verify "$work/parts.stages" --store "$work/parts.store" --quiet >&2 || fail "see above"
sed 's/"source":"stories"/"source":"letters"/' "${inputs[0]}" >"$work/other.jsonl"
if python3 "$checker" "$work/parts.data" "$work/other.jsonl" >/dev/null 2>&1; then
  fail "documents under another part than their source's were not noticed"
fi
