# The test itself, in namespaces of its own; see run.sh.
#   inside.sh ROOT BINARIES WORK
set -euo pipefail
mkdir -p "$3/shared"
mount -t tmpfs tmpfs /run
# Nodes have a /tmp of their own, so what they share must not lie there.
mkdir -p /run/root /run/bin /run/shared /run/slurm/{log,state,spool}
mount --bind "$1" /run/root
mount --bind "$2" /run/bin
mount --bind "$3/shared" /run/shared
. /run/root/Tests/cluster/nodes.sh
export PATH=/run/bin:$PATH
trap 'exit 130' INT TERM
cd /run/shared

say() { printf 'test-cluster: %3d s: %s\n' "$SECONDS" "$*"; }

fail() {
  say "FAILED: $*" >&2
  tail -n 40 ./*.log /run/slurm/log/* >&2 || true
  exit 1
}

# until_true SECONDS WHAT COMMAND...
until_true() {
  local limit=$((SECONDS + $1)) what=$2
  shift 2
  until "$@"; do
    [ "$SECONDS" -lt "$limit" ] || fail "no $what"
    sleep 0.2
  done
}

nodes=3 steps=120
hub_up $nodes
for number in $(seq $nodes); do node_up "$number"; done
slurm_up $nodes
say "$nodes nodes under $(slurmctld -V)"
timeout 30 srun -N$nodes hostname | sort | tr '\n' ' ' | grep -q '^n1 n2 n3 $' || fail "srun does not reach all nodes"

events() { grep -cs "\"event\":\"$1\"" run/log.jsonl || true; }
started() { [ "$(events started)" -ge "$1" ]; }
reached() { grep -qs "\"event\":\"step\",\"step\":$1," run/log.jsonl; }
ended() { scontrol show job "$1" | grep -qE 'JobState=(COMPLETED|FAILED|CANCELLED|TIMEOUT|NODE_FAIL)'; }
completed() { scontrol show job "$1" | grep -q JobState=COMPLETED; }
all_idle() { [ "$(sinfo -h -o %t -N | grep -c '^idle$')" = $nodes ]; }

# The examples of cluster/, as a user submits them.
prepare=$(CORPUS=/run/root/fixtures/corpus/stories TOKENIZER=/run/root/fixtures/tokenizer/tokenizer.json \
  STORE=store DATASET=dataset BALANCE="--temperature 3.33 --shards 4" \
  sbatch --parsable /run/root/cluster/prepare.sbatch --language-field lang --trust input)
until_true 60 "dataset" ended "$prepare"
completed "$prepare" || fail "the job that makes the dataset"
say "job $prepare made the dataset"
until_true 30 "idle nodes" all_idle # with --nodes=2-3 a job does not wait for the third

model=(--steps $steps --global-batch 12 --eval-tokens 2048 --eval-every 20 --hash-samples)
train=$(DATASET=dataset RUN=run sbatch --parsable /run/root/cluster/train.sbatch "${model[@]}" --checkpoint-every 4)
until_true 60 "step 10" reached 10
say "job $train: step 10 on $(grep -o '"world_size":[0-9]*' run/log.jsonl | tail -1 | grep -o '[0-9]*$') nodes"
node_kill n3
say "node n3 killed"
until_true 150 "second start" started 2
say "requeued, started again on $(grep -o '"world_size":[0-9]*' run/log.jsonl | tail -1 | grep -o '[0-9]*$') nodes"

# What Slurm sends before the time limit.
until_true 60 "step 40" reached 40
scancel --signal=USR1 "$train"
until_true 90 "third start" started 3
say "stopped in order by SIGUSR1, requeued, started again"
until_true 120 "end of the job" ended "$train"
completed "$train" || fail "job $train: $(scontrol show job "$train" | grep -o 'JobState=[A-Z_]*')"
say "job $train is complete"

train-from-manifest dataset "${model[@]}" --threads 1 --quiet --log one.jsonl >one.txt
python3 /run/root/Tests/cluster/check.py run one.jsonl $steps || fail "see above"
say "ok"
