# Training on several ranks gives what one gives, whatever happens to one of them; bad input has its message.
. "$root/Tests/slow/common.sh"
[ -x "$bin/train-from-manifest" ] || skip "no train-from-manifest in $bin"
command -v mpirun >/dev/null || skip "no mpirun"
dataset=$(demo)
"$bin/shardify" balance "$work/demo.store" --to "$work/demo.other" "${balance_options[@]}" --seed 2
"$bin/shardify" balance "$work/demo.store" --to "$work/demo.small" --temperature 3.33 --budget 20000 --quiet
export PYTHONDONTWRITEBYTECODE=1
python3 "$root/Tests/slow/mpi-bad-input.py" "$bin" "$dataset" "$work/demo.other" "$work/demo.small" || fail "see above"
python3 "$root/Tests/slow/mpi-check.py" "$bin" "$dataset" "$work/demo.other" || fail "see above"
