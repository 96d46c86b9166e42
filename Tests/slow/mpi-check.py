#!/usr/bin/env python3
"""Training on several ranks: the same samples and losses as on one, any end survived.

    mpi-check.py BINARIES DATASET OTHER_DATASET

OTHER_DATASET has another manifest. Exit 0, or 1 with the first promise that was not kept.
"""
import os, random, signal, sqlite3, subprocess, sys, tempfile, time

from ranks import BATCH, MODEL, begin, command, digests_by_order, events, fail, run, say

binaries, dataset, other = sys.argv[1:]
STEPS = 40


def same(what, found, wanted):
    """Steps with the same samples, and losses within 1e-3 of each other."""
    if [(e["step"], e["samples_sha256"]) for e in found] != [(e["step"], e["samples_sha256"]) for e in wanted]:
        fail(f"{what}: other samples")
    for a, b in zip(found, wanted):
        if abs(a["loss_nats"] - b["loss_nats"]) > 1e-3 * abs(b["loss_nats"]):
            fail(f"{what}: loss {a['loss_nats']} at step {a['step']}, expected {b['loss_nats']}")


def same_evaluation(what, found, wanted):
    """The same held-out tokens of each language, and bits per byte within 1e-3."""
    if len(found) != len(wanted) or not wanted:
        fail(f"{what}: {len(found)} evaluations, expected {len(wanted)}")
    for a, b in zip(found, wanted):
        of = [[(x["language"], x["tokens"], round(x["bytes"], 3)) for x in e["languages"]] for e in (a, b)]
        if of[0] != of[1] or len(of[0]) < 5:
            fail(f"{what}: other held-out text at step {a['step']}: {of}")
        for x, y in zip(a["languages"], b["languages"]):
            if abs(x["bits_per_byte"] - y["bits_per_byte"]) > 1e-3 * y["bits_per_byte"]:
                fail(f"{what}: {x}, expected {y}")


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
        same_evaluation(f"{ranks} ranks", events(log, "evaluation"), events(f"{work}/1.jsonl", "evaluation"))
        say(f"{ranks} ranks: the samples, losses and held-out text of one process")


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


class Killed:
    """A run on 3 ranks of which one is killed: `victim`, in the middle or while a checkpoint is written."""

    def __init__(self, work, victim, writing):
        self.folder = f"{work}/killed-{victim}-{'writing' if writing else 'between'}"
        self.pids = self.folder + ".pids"
        os.mkdir(self.pids)
        # Wide enough that a checkpoint takes a while to write.
        self.options = [dataset, *MODEL, "--width", 128, "--run", self.folder, "--checkpoint-every", 3,
                        "--checkpoints-kept", 3, "--eval-tokens", 0]
        self.victim, self.writing = victim, writing

    def pid(self, rank):
        with open(f"{self.pids}/{rank}") as file:
            return int(file.read())

    def partial(self):
        """Whether a checkpoint is being written."""
        try:
            return any(name.endswith(".safetensors.partial") for name in os.listdir(self.folder + "/checkpoints"))
        except FileNotFoundError:
            return False

    def steps(self):
        try:
            return len(events(self.folder + "/log.jsonl", "step"))
        except (FileNotFoundError, ValueError):
            return 0

    def strike(self):
        """Kills the victim at its moment; false if the moment was missed."""
        if not self.writing:
            os.kill(self.pid(self.victim), signal.SIGKILL)
            return True
        # Rank 0, which writes, is stopped first: so it is known that it was at it.
        writer = self.pid(0)
        os.kill(writer, signal.SIGSTOP)
        time.sleep(0.02)
        hit = self.partial()
        if hit:
            os.kill(self.pid(self.victim), signal.SIGKILL)
        if self.victim != 0 or not hit:
            os.kill(writer, signal.SIGCONT)
        return hit

    def run(self, after):
        """The output, and the seconds from the kill to the end of all."""
        script = f'echo $$ > {self.pids}/$OMPI_COMM_WORLD_RANK; exec "$@"'
        process = subprocess.Popen(command(3, self.options + ["--steps", 100000], script), stdout=subprocess.PIPE,
                                   stderr=subprocess.STDOUT, text=True)
        limit = time.monotonic() + 60
        struck = False
        while not struck:
            if process.poll() is not None or time.monotonic() > limit:
                process.kill()
                fail(f"{self.folder}: no moment to kill rank {self.victim}", process.communicate()[0])
            if self.steps() < after or self.writing and not self.partial():
                time.sleep(0 if self.writing else 0.01)
                continue
            struck = self.strike()
        start = time.monotonic()
        try:
            output = process.communicate(timeout=30)[0]
        except subprocess.TimeoutExpired:
            process.kill()
            fail(f"rank {self.victim} killed, the others go on for 30 s", process.communicate()[0])
        if process.returncode == 0:
            fail(f"rank {self.victim} killed, exit status 0", output)
        return output, time.monotonic() - start


def killed_and_resumed_on_fewer(work, seed):
    """kill -9 of each rank of 3, in the middle and while a checkpoint is written; the rest of the run on fewer."""
    chosen = random.Random(seed)
    for writing in False, True:
        for victim in 0, 1, 2:
            killed = Killed(work, victim, writing)
            output, seconds = killed.run(after=chosen.randrange(4, 12))
            if "signal 9" not in output and "Killed" not in output:
                fail(f"nothing says that rank {victim} was killed", output)
            if writing and victim == 0 and not killed.partial():
                fail("the writer was killed, and no half of a checkpoint lies there")
            last = newest(killed.folder)
            fewer = chosen.choice((1, 2))
            end = last + 5
            run(fewer, killed.options + ["--steps", end])
            second = events(killed.folder + "/log.jsonl", "started")[1]
            if second["world_size"] != fewer or second["step"] != last or second["samples_consumed"] != last * BATCH:
                fail(f"did not go on from step {last}: {second}")
            # In the database each step is there once, those after the checkpoint replaced.
            rows = sqlite3.connect(f"{killed.folder}/run.sqlite").execute(
                "SELECT step, lower(hex(samples_sha256)) FROM steps ORDER BY step").fetchall()
            if rows != list(zip(range(1, end + 1), digests_by_order(end))):
                fail(f"run.sqlite holds other steps: {[r[0] for r in rows]}")
            say(f"kill -9 of rank {victim} of 3 {'while a checkpoint was written' if writing else 'between checkpoints'}: all over after "
                f"{seconds:.1f} s; {fewer} went on from step {last} with the right samples")


def stages(work):
    """Two datasets one after another in one run, killed in both, on changing ranks: as if never stopped."""
    first, end = 12, 24
    losses = {}
    for name, kills in ("whole", False), ("killed", True):
        folder = f"{work}/stages-{name}"
        options = [*MODEL, "--run", folder, "--checkpoint-every", 3, "--schedule-steps", end, "--eval-tokens", 0]
        for data, steps, more in (dataset, first, []), (other, end, ["--start-from", folder]):
            line = [data, *options, "--steps", steps, *more]
            if kills:
                script = (f'if [ "$OMPI_COMM_WORLD_RANK" = 0 ]; then "$@" & child=$!; '
                          f'until grep -qs \'"step":{steps - 4},\' {folder}/log.jsonl; do sleep 0.01; done; '
                          'kill -KILL $child; wait $child; else exec "$@"; fi')
                run(3, line, expect=None, script=script)
            run(2 if kills else 1, line)
        rows = sqlite3.connect(f"{folder}/run.sqlite").execute(
            "SELECT step, lower(hex(samples_sha256)), samples_consumed, loss_nats FROM steps ORDER BY step").fetchall()
        wanted = digests_by_order(first) + digests_by_order(end - first, of=other)
        if [row[:2] for row in rows] != list(zip(range(1, end + 1), wanted)):
            fail(f"stages {name}: other samples than those of both datasets from 0")
        if [row[2] for row in rows] != [BATCH * k for n in (first, end - first) for k in range(1, n + 1)]:
            fail(f"stages {name}: samples consumed {[row[2] for row in rows]}")
        began = sqlite3.connect(f"{folder}/run.sqlite").execute("SELECT step, started_from FROM stages ORDER BY step").fetchall()
        if began != [(0, None), (first, f"{folder}/checkpoints/checkpoint-{first:08}.safetensors")]:
            fail(f"stages {name}: {began}")
        losses[name] = [row[3] for row in rows]
    for step, (a, b) in enumerate(zip(losses["killed"], losses["whole"]), 1):
        if abs(a - b) > 1e-3 * abs(b):
            fail(f"stages: loss {a} at step {step}, expected {b}")
    output, _ = run(2, [other, *MODEL, "--steps", 30, "--start-from", f"{work}/none"], expect=1)
    if f"{work}/none: no such file" not in output:
        fail("a checkpoint that is not there is not named", output)
    say("two stages, each killed on 3 ranks and resumed on 2: samples and losses of one process never stopped")


def newest(folder):
    """The step of the newest checkpoint."""
    names = [name for name in os.listdir(folder + "/checkpoints") if name.endswith(".safetensors")]
    return max(int(name.split("-")[1].split(".")[0]) for name in names)


def bad_ranks(work):
    by_rank = 'if [ "$OMPI_COMM_WORLD_RANK" = %d ]; then %s; fi; exec "$@"'
    output, _ = run(3, [dataset, *MODEL, "--steps", 2], expect=1,
                    script=by_rank % (1, f'set -- "$1" {other} "${{@:3}}"'))
    if "the manifest of rank 1 differs from that of the others" not in output:
        fail("the rank with another manifest is not named", output)
    output, _ = run(2, [dataset, *MODEL, "--steps", 2], expect=1,
                    script=by_rank % (1, 'set -- "$@" --seed 9'))
    if "a setting of rank 1 differs from that of the others" not in output:
        fail("the rank with another seed is not named", output)
    output, _ = run(2, [dataset, *MODEL, "--steps", 2], expect=1,
                    script=by_rank % (1, f'set -- "$1" {work}/nowhere "${{@:3}}"'))
    if f"rank 1: cannot open manifest: {work}/nowhere" not in output:
        fail("the rank without a manifest is not named", output)
    say("ranks that see another manifest, other settings or none are named, and all stop")


def hanging_rank(work):
    """Each rank in turn is stopped, not killed: the others wait for it in vain."""
    for victim in 0, 1:
        log = f"{work}/hang-{victim}.jsonl"
        script = (f'if [ "$OMPI_COMM_WORLD_RANK" = {victim} ]; then "$@" & child=$!; '
                  f'until grep -qs \'"step":3,\' {log}; do sleep 0.01; done; '
                  'kill -STOP $child; trap "kill -9 $child" EXIT TERM; wait $child; else exec "$@"; fi')
        output, seconds = run(2, [dataset, *MODEL, "--steps", 100000, "--stall-timeout", 3, "--log", log],
                              expect=None, script=script, within=60)
        wanted = f"rank {1 - victim}: cannot go on: waited 3 s for the other ranks, expected at most 3 s"
        if wanted not in output:
            fail("no message of a rank that hangs", output)
        say(f"rank {victim} hangs: the run ends with a message ({seconds:.1f} s with --stall-timeout 3)")


def main():
    begin(binaries, dataset)
    seed = int(os.environ.get("seed", "0")) or random.SystemRandom().randrange(1 << 16)
    say(f"seed {seed}")
    with tempfile.TemporaryDirectory() as work:
        alone = steps_of_one_process(work)
        ranks_agree_with_one(work, alone)
        resumed_equals_never_stopped(work, alone)
        killed_and_resumed_on_fewer(work, seed)
        stages(work)
        bad_ranks(work)
        hanging_rank(work)
    say("ok")


main()
