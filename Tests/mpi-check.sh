#!/bin/bash
# Trains the same 20 steps on one process and on two and three under mpirun: the same samples, losses within 1e-3;
# then stops a run, goes on with fewer ranks, and compares with never having stopped; then kills a rank, and starts
# ranks that disagree.
#
#   Tests/mpi-check.sh TRAIN_FROM_MANIFEST DATASET
set -euo pipefail
[ $# -eq 2 ] || { echo "usage: $0 TRAIN_FROM_MANIFEST DATASET" >&2; exit 64; }
train=$1 dataset=$2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
options=(--steps 20 --sequence-length 64 --global-batch 6 --width 32 --layers 1 --heads 2 --eval-tokens 4096 --threads 1 --quiet)

# mpirun refuses to run as root unless told twice; the check may run in a container.
mpi() {
  local ranks=$1
  shift
  local root=()
  [ "$(id -u)" -ne 0 ] || root=(--allow-run-as-root)
  timeout 300 mpirun "${root[@]}" --oversubscribe -n "$ranks" "$@"
}

# field FILE NAME: the number NAME of each step, one a line.
field() { grep '"event":"step"' "$1" | sed "s/.*\"$2\":\([^,}]*\).*/\1/"; }

# close_to A B: as many lines, each within 1e-3 relative.
close_to() {
  [ -s "$1" ] && [ "$(wc -l <"$1")" -eq "$(wc -l <"$2")" ] &&
    paste "$1" "$2" | awk '{ d = $1 - $2; if (d < 0) d = -d; if (d > 1e-3 * $1) bad = 1 } END { exit bad }'
}

fail() { echo "mpi-check: FAILED: $1" >&2; exit 1; }

"$train" "$dataset" "${options[@]}" --log "$work/1.jsonl" >"$work/1.txt"
field "$work/1.jsonl" loss_nats >"$work/1.loss"
[ "$(wc -l <"$work/1.loss")" -eq 20 ] || fail "one process did not make 20 steps"
for ranks in 2 3; do
  mpi "$ranks" "$train" "$dataset" "${options[@]}" --log "$work/$ranks.jsonl" >"$work/$ranks.txt"
  grep -q "\"world_size\":$ranks" "$work/$ranks.jsonl" || fail "$ranks ranks did not join"
  field "$work/$ranks.jsonl" loss_nats >"$work/$ranks.loss"
  close_to "$work/1.loss" "$work/$ranks.loss" || fail "losses on $ranks ranks differ from those on one"
  echo "mpi-check: $ranks ranks: 20 losses as on one process"
done

folder=(--checkpoint-folder "$work/checkpoints" --checkpoint-every 7)
mpi 3 "$train" "$dataset" "${options[@]}" "${folder[@]}" --steps 14 --warmup-steps 1 --log "$work/a.jsonl" >/dev/null
"$train" "$dataset" "${options[@]}" --steps 14 --warmup-steps 1 --log "$work/b.jsonl" >/dev/null
mpi 2 "$train" "$dataset" "${options[@]}" "${folder[@]}" --resume auto --steps 20 --warmup-steps 1 --log "$work/c.jsonl" >/dev/null
grep -q '"resumed_from".*"step":14,"samples_consumed":84' "$work/c.jsonl" || fail "did not go on from step 14"
field "$work/a.jsonl" loss_nats >"$work/a.loss"
field "$work/b.jsonl" loss_nats >"$work/b.loss"
close_to "$work/b.loss" "$work/a.loss" || fail "losses with checkpoints differ"
[ "$(field "$work/c.jsonl" samples_consumed | tr '\n' ' ')" = "90 96 102 108 114 120 " ] || fail "other samples after the resume"
echo "mpi-check: stopped on 3 ranks at step 14, went on with 2"

if mpi 2 bash -c '[ "$OMPI_COMM_WORLD_RANK" = 0 ] && seed=1 || seed=2; exec "$0" "$@" --seed $seed' "$train" "$dataset" "${options[@]}" \
  >"$work/d.txt" 2>&1; then fail "ranks with different seeds were accepted"; fi
grep -q "the dataset or the settings of rank 1 differs from that of rank 0" "$work/d.txt" || fail "the rank that differs is not named"
echo "mpi-check: ranks that disagree are refused by name"

start=$SECONDS
if mpi 2 bash -c '[ "$OMPI_COMM_WORLD_RANK" = 0 ] || (sleep 3; kill -9 $$) & exec "$0" "$@"' "$train" "$dataset" "${options[@]}" --steps 1000000 \
  >"$work/e.txt" 2>&1; then fail "a killed rank went unnoticed"; fi
[ $((SECONDS - start)) -lt 60 ] || fail "the others took $((SECONDS - start)) s to stop"
echo "mpi-check: a killed rank ends the run within seconds"
echo "mpi-check: ok"
