#!/usr/bin/env python3
"""Training on several ranks: the same samples and losses as on one, any end survived.

    mpi-check.py BINARIES DATASET OTHER_DATASET

OTHER_DATASET has another manifest. Exit 0, or 1 with the first promise that was not kept.
"""
import hashlib, json, os, sqlite3, subprocess, sys, tempfile, time

binaries, dataset, other = sys.argv[1:]
train, shardify = binaries + "/train-from-manifest", binaries + "/shardify"
LENGTH, BATCH, STEPS = 64, 6, 40
MODEL = ["--sequence-length", LENGTH, "--global-batch", BATCH, "--width", 32, "--layers", 1,
         "--heads", 2, "--eval-tokens", 2048, "--threads", 1, "--warmup-steps", 1, "--quiet",
         "--hash-samples"]


def fail(text, output=""):
    print(f"mpi-check: FAILED: {text}\n{output[-3000:]}", file=sys.stderr)
    sys.exit(1)


def command(ranks, arguments, script=None):
    """A run on so many ranks; `script` is bash around the program, which is "$@" there."""
    line = [train] + [str(a) for a in arguments]
    if script:
        line = ["bash", "-c", script, "bash"] + line
    if ranks > 1:
        # mpirun refuses to run as root unless told twice; the check may run in a container.
        root = ["--allow-run-as-root"] if os.geteuid() == 0 else []
        line = ["mpirun", *root, "--oversubscribe", "-n", str(ranks)] + line
    return line


def run(ranks, arguments, expect=0, script=None, within=120):
    """Runs to the end. `expect` is the exit status; None for any but 0."""
    start = time.monotonic()
    try:
        done = subprocess.run(command(ranks, arguments, script), stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, timeout=within, text=True)
    except subprocess.TimeoutExpired as late:
        fail(f"not over after {within} s: {arguments}", (late.output or b"").decode())
    if done.returncode == 0 if expect is None else done.returncode != expect:
        fail(f"exit status {done.returncode}, expected {expect}: {arguments}", done.stdout)
    return done.stdout, time.monotonic() - start


def events(log, kind):
    with open(log) as lines:
        return [e for e in map(json.loads, lines) if e["event"] == kind]


def same(what, found, wanted):
    """Steps with the same samples, and losses within 1e-3 of each other."""
    if [(e["step"], e["samples_sha256"]) for e in found] != [(e["step"], e["samples_sha256"]) for e in wanted]:
        fail(f"{what}: other samples")
    for a, b in zip(found, wanted):
        if abs(a["loss_nats"] - b["loss_nats"]) > 1e-3 * abs(b["loss_nats"]):
            fail(f"{what}: loss {a['loss_nats']} at step {a['step']}, expected {b['loss_nats']}")


def say(text):
    print(f"mpi-check: {text}", flush=True)


def digests_by_order(steps):
    """The digest of each step's samples, as shardify order has it."""
    lines = subprocess.run(
        [shardify, "order", dataset, "--sequence-length", str(LENGTH), "--global-batch", str(BATCH),
         "--steps", str(steps)], stdout=subprocess.PIPE, text=True, check=True).stdout.splitlines()
    samples = [[] for _ in range(steps)]
    for line in lines:
        columns = line.split("\t")
        samples[int(columns[0])].append(columns[5])
    if [len(s) for s in samples] != [BATCH] * steps:
        fail("shardify order did not give whole batches")
    return [hashlib.sha256(bytes.fromhex("".join(s))).hexdigest() for s in samples]


def steps_of_one_process(work):
    run(1, [dataset, *MODEL, "--steps", STEPS, "--log", f"{work}/1.jsonl"])
    alone = events(f"{work}/1.jsonl", "step")
    if len(alone) != STEPS:
        fail(f"one process made {len(alone)} steps")
    if [e["samples_sha256"] for e in alone] != digests_by_order(STEPS):
        fail("it was trained on other samples than shardify order says")
    say("one process trains on the samples that shardify order says")
    return alone


def ranks_agree_with_one(work, alone):
    for ranks in 2, 3:
        log = f"{work}/{ranks}.jsonl"
        run(ranks, [dataset, *MODEL, "--steps", STEPS, "--log", log])
        if events(log, "started")[0]["world_size"] != ranks:
            fail(f"{ranks} ranks did not join")
        same(f"{ranks} ranks", events(log, "step"), alone)
        say(f"{ranks} ranks: the samples and losses of one process")


def killed_and_resumed_on_fewer(work):
    """kill -9 of a rank in the middle; the rest of the run on fewer ranks."""
    folder = f"{work}/run"
    options = [dataset, *MODEL, "--run", folder, "--checkpoint-every", 4]
    # Rank 1 of 3 dies once step 6 is in the log: between two checkpoints.
    script = (f'if [ "$OMPI_COMM_WORLD_RANK" = 1 ]; then "$@" & child=$!; '
              f'until grep -qs \'"step":6,\' {folder}/log.jsonl; do sleep 0.01; done; '
              'kill -9 $child; wait $child; else exec "$@"; fi')
    output, seconds = run(3, options + ["--steps", 100000], expect=None, script=script, within=60)
    checkpoints = sorted(os.listdir(folder + "/checkpoints"))
    last = int(checkpoints[-1].split("-")[1].split(".")[0])
    say(f"a killed rank ended the others after {seconds:.1f} s; newest checkpoint of step {last}")
    end = last + 8
    run(2, options + ["--steps", end])
    second = events(folder + "/log.jsonl", "started")[1]
    if second["world_size"] != 2 or second["step"] != last or second["samples_consumed"] != last * BATCH:
        fail(f"did not go on from step {last}: {second}")
    # In the database each step is there once, those after the checkpoint replaced.
    rows = sqlite3.connect(f"{folder}/run.sqlite").execute(
        "SELECT step, lower(hex(samples_sha256)) FROM steps ORDER BY step").fetchall()
    if rows != list(zip(range(1, end + 1), digests_by_order(end))):
        fail(f"run.sqlite holds other steps: {[r[0] for r in rows]}")
    say("went on with 2 of 3 ranks from the last checkpoint with the right samples")


def resumed_equals_never_stopped(work, alone):
    folder = f"{work}/stopped"
    options = [dataset, *MODEL, "--run", folder, "--checkpoint-every", 1000, "--steps", STEPS]
    # SIGUSR1 to rank 0 alone: all stop after the same step, with status 130.
    script = (f'if [ "$OMPI_COMM_WORLD_RANK" = 0 ]; then "$@" & child=$!; '
              f'until grep -qs \'"step":3,\' {folder}/log.jsonl; do sleep 0.01; done; '
              'kill -USR1 $child; wait $child; else exec "$@"; fi')
    run(3, options, expect=130, script=script)
    done = events(folder + "/log.jsonl", "step")[-1]["step"]
    if not 3 <= done < STEPS:
        fail(f"stopped after step {done}")
    run(2, options)
    same("stopped and resumed", events(folder + "/log.jsonl", "step"), alone)
    say(f"stopped by a signal on 3 ranks after step {done}, went on with 2: as if never stopped")


def bad_ranks(work):
    by_rank = 'if [ "$OMPI_COMM_WORLD_RANK" = %d ]; then %s; fi; exec "$@"'
    output, _ = run(3, [dataset, *MODEL, "--steps", 2], expect=None,
                    script=by_rank % (1, f'set -- "$1" {other} "${{@:3}}"'))
    if "the manifest of rank 1 differs from that of the others" not in output:
        fail("the rank with another manifest is not named", output)
    output, _ = run(2, [dataset, *MODEL, "--steps", 2], expect=None,
                    script=by_rank % (1, 'set -- "$@" --seed 9'))
    if "a setting of rank 1 differs from that of the others" not in output:
        fail("the rank with another seed is not named", output)
    output, _ = run(2, [dataset, *MODEL, "--steps", 2], expect=None,
                    script=by_rank % (1, f'set -- "$1" {work}/nowhere "${{@:3}}"'))
    if f"rank 1: cannot open manifest: {work}/nowhere" not in output:
        fail("the rank without a manifest is not named", output)
    output, _ = run(3, [dataset, *MODEL, "--global-batch", 2, "--steps", 2], expect=None)
    if "world size 3, expected 1 to the global batch of 2" not in output:
        fail("more ranks than samples", output)
    say("ranks that see another manifest, other settings or none are named, and all stop")


def hanging_rank(work):
    log = f"{work}/hang.jsonl"
    script = (f'if [ "$OMPI_COMM_WORLD_RANK" = 1 ]; then "$@" & child=$!; '
              f'until grep -qs \'"step":3,\' {log}; do sleep 0.01; done; '
              'kill -STOP $child; trap "kill -9 $child" EXIT TERM; wait $child; else exec "$@"; fi')
    output, seconds = run(2, [dataset, *MODEL, "--steps", 100000, "--stall-timeout", 3, "--log", log],
                          expect=None, script=script, within=60)
    if "rank 0: cannot go on: waited 3 s for the other ranks, expected at most 3 s" not in output:
        fail("no message of a rank that hangs", output)
    say(f"a rank that hangs ends the run with a message ({seconds:.1f} s with --stall-timeout 3)")


def main():
    with tempfile.TemporaryDirectory() as work:
        alone = steps_of_one_process(work)
        ranks_agree_with_one(work, alone)
        resumed_equals_never_stopped(work, alone)
        killed_and_resumed_on_fewer(work)
        bad_ranks(work)
        hanging_rank(work)
    say("ok")


main()
