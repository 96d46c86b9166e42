# The tokens of every shard made from the fixtures are those of version 1, in the same order.
. "$root/Tests/slow/common.sh"
golden_lines >"$work/golden.tsv"
diff "$fixtures/golden/shards-v1.tsv" "$work/golden.tsv" >&2 ||
  fail "other tokens than before: mend it, or give the order a new version and run make golden"
