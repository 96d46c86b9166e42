# Training on several ranks gives what one gives, whatever happens to one of them.
. "$root/Tests/slow/common.sh"
[ -x "$bin/train-from-manifest" ] || skip "no train-from-manifest in $bin"
command -v mpirun >/dev/null || skip "no mpirun"
dataset=$(demo)
"$bin/shardify" balance "$work/demo.store" --to "$work/demo.other" "${balance_options[@]}" --seed 2
python3 "$root/Tests/slow/mpi-check.py" "$bin" "$dataset" "$work/demo.other" || fail "see above"
