# Training on two ranks gives what one rank gives.
. "$root/Tests/slow/common.sh"
[ -x "$bin/train-from-manifest" ] || skip "no train-from-manifest in $bin"
command -v mpirun >/dev/null || skip "no mpirun"
dataset=$(demo)
"$root/Tests/mpi-check.sh" "$bin/train-from-manifest" "$dataset" || fail "see above"
