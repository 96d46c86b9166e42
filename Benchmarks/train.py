"""Measures train-from-manifest on a dataset: start, resume, elasticity, data wait, speed beside PyTorch, two processes beside one.

train.py [DATASET [RESULTS.jsonl]]    without DATASET that of loader.py, made from the corpus (settings: Benchmarks/README.md)
"""

import collections
import datetime
import hashlib
import json
import os
import random
import shutil
import sqlite3
import statistics
import sys
import tempfile

import measure
import settings

LENGTH, BATCH, WORLDS = 2048, 24, (1, 2, 3, 4, 6, 8)
TRAIN = os.path.join(os.path.dirname(settings.SHARDIFY), "train-from-manifest")
SOURCE = os.path.join(settings.ROOT, "python/src")
ROUNDS = settings.ROUNDS
# Width, layers, heads, width of the feed-forward layer, sequence length, batch; steps timed.
MODELS = {"default": (64, 2, 2, 176, 128, 8, 20), "wide": (256, 4, 4, 688, 256, 8, 8)}
MODELS = {name: MODELS[name] for name in settings.setting("BENCH_TRAINER_MODELS", ",".join(MODELS)).split(",")}
THREADS = [int(count) for count in settings.setting("BENCH_TRAINER_THREADS", "1,2").split(",")]
GROUPS = ("start", "order", "wait", "speed")
WAIT_STEPS = 60
WARM = 2  # steps left out at the start


def table(head, rows):
    return ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)] + ["| " + " | ".join(map(str, row)) + " |" for row in rows]


class Bench:
    def __init__(self, dataset, path):
        self.dataset, self.path, self.lines = dataset, path, []
        self.groups = settings.setting("BENCH_TRAINER_ONLY", ",".join(GROUPS)).split(",")
        # A part that is run again replaces what the file has of it; the rest stays.
        self.rows = []
        if len(self.groups) < len(GROUPS) and os.path.exists(path):
            with open(path) as file:
                self.rows = [row for row in map(json.loads, file) if row["group"] not in self.groups]
        self.torch = settings.venv_python("torch")
        self.work = tempfile.mkdtemp(prefix="shardify-bench-train.", dir=os.environ.get("TMPDIR"))
        self.failed, self.started = [], {}

    def write(self, row):
        self.rows.append({"group": self.group, **row, "load1": round(os.getloadavg()[0], 2)})
        with open(self.path, "w") as file:
            file.writelines(json.dumps(row) + "\n" for row in self.rows)
        print(json.dumps(row), flush=True)

    def train(self, log, *options, ranks=1, environment=None):
        """What the run took, and the events of its log."""
        path = f"{self.work}/{log}.jsonl"
        if os.path.exists(path):
            os.remove(path)
        command = [TRAIN, self.dataset, "--quiet", "--log", path, *map(str, options)]
        if ranks > 1:
            root = ["--allow-run-as-root"] if os.geteuid() == 0 else []
            command = ["mpirun", *root, "--oversubscribe", "--bind-to", "none", "-n", str(ranks), *command]
        taken = measure.run(command, env=environment)
        with open(path) as file:
            return taken, [json.loads(line) for line in file]

    # Start and resume

    def start(self):
        """Wall seconds of a process up to the data of its first step."""
        base = ["--sequence-length", LENGTH, "--global-batch", 8, "--eval-tokens", 0, "--hidden-width", 8, "--width", 8, "--layers", 1, "--heads", 1]
        samples = self.order_facts()["samples_per_epoch"]
        middle = samples // 8 // 2
        rows = collections.defaultdict(list)
        # A checkpoint in the middle of the first epoch, as a run that got there would leave it.
        folder = f"{self.work}/middle"
        self.train("begin", *base, "--steps", 1, "--checkpoint-folder", folder)
        self.move_checkpoint(folder, middle)
        for turn in range(max(5, ROUNDS)):
            for name, options in (("start", ["--steps", 1]), ("resume", ["--steps", middle + 1, "--checkpoint-folder", self.copy(folder, turn)])):
                taken, events = self.train(name, *base, *options)
                step = next(event for event in events if event["event"] == "step")
                if name == "resume" and step["step"] != middle + 1:
                    self.failed.append(f"resume went on with step {step['step']}, expected {middle + 1}")
                # All of the process but the computing of its one step: program start, manifest, counting of tokens, first batch.
                rows[f"train-from-manifest, {name}"].append(taken.wall_s - step["seconds"] * (1 - step["data_wait_share"]))
            for name, step in (("start", 0), ("resume", samples // BATCH // 2), ("resume in the third epoch", samples * 5 // 2 // BATCH)):
                taken = measure.run(self.command(step, 1))
                rows[f"shardify order, {name}"].append(taken.wall_s)
        # On a busy machine wall seconds say little: the CPU seconds of all of a process that makes one small step.
        small = ["--sequence-length", 64, "--global-batch", 1, *base[4:], "--threads", 1, "--steps", 1]
        cpu = [self.train("small", *small)[0].cpu_s for _ in range(5)]
        self.write({"start_cpu_s": [round(value, 3) for value in cpu]})
        self.write({"starts": {name: [round(value, 3) for value in values] for name, values in rows.items()}})
        self.lines += ["", "## Start to first batch, and resume in the middle of an epoch", "",
                       f"Wall seconds of the whole process, sequence length {LENGTH}; of train-from-manifest without the computing of its one step. Wanted: below 1.", ""]
        self.lines += table(("what", "best", "median"), [(name, f"{min(v):.2f} s", f"{statistics.median(v):.2f} s") for name, v in rows.items()])
        self.lines += ["", f"CPU seconds of a whole process of train-from-manifest that makes one small step: {min(cpu):.2f} at best, median {statistics.median(cpu):.2f}."]
        self.failed += [f"{name}: {min(values):.2f} s" for name, values in rows.items() if min(values) >= 1]

    def copy(self, folder, turn):
        """Every resume gets a folder of its own: it leaves a checkpoint."""
        return shutil.copytree(folder, f"{folder}-{turn}")

    def move_checkpoint(self, folder, step):
        """Makes the checkpoint of step 1 one of another step: nothing in it depends on the way there but the weights."""
        (name,) = [name for name in os.listdir(folder) if name.endswith(".safetensors")]
        with open(f"{folder}/{name}", "rb") as file:
            header = json.loads(file.read(int.from_bytes(file.read(8), "little")))
            data = file.read()
        header["__metadata__"].update({"trainer.step": str(step), "loader.samples_consumed": str(step * 8)})
        text = json.dumps(header).encode()
        text += b" " * (-len(text) % 8)
        os.remove(f"{folder}/{name}")
        with open(f"{folder}/checkpoint-{step:08}.safetensors", "wb") as file:
            file.write(len(text).to_bytes(8, "little") + text + data)

    # Order

    def command(self, step, steps, world=1, rank=0, *more, tool=None):
        return [*(tool or [settings.SHARDIFY]), "order", self.dataset, "--sequence-length", str(LENGTH), "--global-batch", str(BATCH), "--world-size", str(world),
                "--rank", str(rank), "--from-step", str(step), "--steps", str(steps), *more]

    def order_facts(self):
        return json.loads(measure.run(self.command(0, 1, 1, 0, "--measure")).stdout)

    def elasticity(self):
        """One hash for all world sizes, and for runs that change it at five random steps."""
        seed = int(settings.setting("BENCH_SEED", str(random.SystemRandom().randrange(1 << 32))))
        chosen, steps, found = random.Random(seed), 30, {}
        ways = [[(world, 0, steps)] for world in WORLDS]
        for _ in range(3):
            edges = [0, *sorted(chosen.sample(range(1, steps), 5)), steps]
            ways.append([])
            for first, last in zip(edges, edges[1:]):
                before = ways[-1][-1][0] if ways[-1] else 0
                ways[-1].append((chosen.choice([world for world in WORLDS if world != before]), first, last - first))
        tools = [(None, way) for way in ways]
        if self.torch:  # its environment has what the Python reader needs
            tools += [([self.torch, "-m", "shardify"], way) for way in (ways[0], ways[2], ways[-1])]
        for tool, way in tools:
            digest = hashlib.sha256()
            for world, first, count in way:
                lines = []
                for rank in range(world):
                    lines += [line.split("\t") for line in measure.run(self.command(first, count, world, rank, tool=tool), env={"PYTHONPATH": SOURCE}).stdout.splitlines()]
                lines.sort(key=lambda line: (int(line[0]), int(line[1])))
                digest.update("".join(f"{line[2]} {line[5]}\n" for line in lines).encode())
            found.setdefault(digest.hexdigest(), []).append(("Python reader" if tool else "shardify", way))
        self.write({"elasticity": found, "seed": seed})
        shown = ", ".join(str(world) for world in WORLDS)
        changes = "; ".join(" ".join(f"{world}@{first}" for world, first, _ in way) for way in ways[len(WORLDS):])
        self.lines += ["", "## Elasticity", "", f"SHA-256 over number and hash of {steps * BATCH} samples: world sizes {shown}, then three runs with a change of world "
                       f"size at five random steps (seed {seed}; size@first step: {changes}), by `shardify order`; three of them also by the Python reader.", "",
                       f"{len(tools)} sequences, {len(found)} hash{'es' if len(found) > 1 else ''}: " + ", ".join(f"`{key}`" for key in found)]
        if len(found) != 1:
            self.failed.append("elasticity: hashes differ")

    def mixture(self):
        """How far languages are from their share of the tokens read, beside the bound of docs/sample-order.md."""
        with sqlite3.connect(f"file:{self.dataset}/manifest.sqlite?mode=ro", uri=True) as database:
            written = dict(database.execute("SELECT language, written_tokens FROM languages WHERE written_tokens > 0"))
            longest = int(database.execute("SELECT value FROM dataset WHERE key = 'max_piece_tokens'").fetchone()[0])
        total, lanes = sum(written.values()), self.order_facts()["lanes"]
        counts, read, rows = collections.Counter(), 0, []
        wanted = (10, 40, 160)
        for line in measure.run(self.command(0, wanted[-1], 1, 0, "--documents", "--no-hash")).stdout.splitlines() + [f"{wanted[-1]}"]:
            columns = line.split("\t")
            step = int(columns[0])
            if wanted and step == wanted[0]:
                name, away = max(((name, counts[name] - count / total * read) for name, count in written.items()), key=lambda pair: abs(pair[1]))
                rows.append((f"{step * BATCH:,}", f"{read:,}", name, f"{away:+,.0f}", f"{100 * away / read:+.2f}%"))
                wanted = wanted[1:]
            if len(columns) > 1:
                counts[columns[8]] += int(columns[7])
                read += int(columns[7])
        self.write({"mixture": rows, "lanes": lanes, "max_piece_tokens": longest})
        self.lines += ["", "## Mixture", "", f"The language that is furthest from its share of the tokens read, of {len(written)}; {lanes} lanes. Bound of `docs/sample-order.md`: two pieces "
                       f"of up to {longest:,} tokens a lane, {2 * longest * lanes:,} tokens, and the cut ends.", ""]
        self.lines += table(("samples", "tokens read", "language", "tokens from its share", "of what was read"), rows)

    # Training

    def shape(self, name):
        width, layers, heads, hidden, length, batch, _ = MODELS[name]
        return ["--width", width, "--layers", layers, "--heads", heads, "--hidden-width", hidden, "--sequence-length", length, "--global-batch", batch,
                "--eval-tokens", 0, "--attend-across-documents"]

    def wait(self):
        """Share of the step time spent waiting for data, at the defaults."""
        rows = []
        for ranks in (1, 2):
            for turn in range(ROUNDS):
                _, events = self.train(f"wait-{ranks}", "--steps", WAIT_STEPS, "--eval-tokens", 0, ranks=ranks)
                steps = [(event["seconds"], event["data_wait_share"]) for event in events if event["event"] == "step"]
                whole = sum(seconds * share for seconds, share in steps) / sum(seconds for seconds, _ in steps)
                later = sum(seconds * share for seconds, share in steps[1:]) / sum(seconds for seconds, _ in steps[1:])
                rows.append((ranks, turn + 1, whole, later, statistics.median(seconds for seconds, _ in steps)))
        self.write({"data_wait": rows})
        self.lines += ["", "## Data wait", "", f"{WAIT_STEPS} steps at the defaults (width 64, 2 layers, 8 samples of 128). Wanted: below 1% of the step time.", ""]
        self.lines += table(("processes", "round", "all steps", "without the first", "median step"),
                            [(ranks, turn, f"{100 * whole:.3f}%", f"{100 * later:.3f}%", f"{1000 * step:.0f} ms") for ranks, turn, whole, later, step in rows])
        self.failed += [f"data wait {100 * whole:.2f}%" for _, _, whole, _, _ in rows if whole >= 0.01]

    def same_model(self):
        """The PyTorch model is the same: loss and gradient of a step from the same weights and samples."""
        rows = []
        for name in MODELS:
            folder = f"{self.work}/same-{name}"
            _, events = self.train(f"same-{name}", *self.shape(name), "--steps", 6, "--checkpoint-every", 5, "--checkpoint-folder", folder)
            ours = next(event for event in events if event["event"] == "step" and event["step"] == 6)
            _, _, _, _, length, batch, _ = MODELS[name]
            done = self.in_torch("check", f"{folder}/checkpoint-00000005.safetensors", length, batch)
            theirs = json.loads(done.stdout.splitlines()[-1])
            row = {key: (ours[key], theirs[key]) for key in ("step", "loss_nats", "gradient_norm")}
            rows.append((name, *(f"{a:.6f}" for a in row["loss_nats"]), *(f"{a:.6f}" for a in row["gradient_norm"])))
            if any(abs(a / b - 1) > 1e-3 for a, b in row.values()):
                self.failed.append(f"the PyTorch model is another: {row}")
        self.write({"same_model": rows})
        self.lines += ["The step after a checkpoint, from its weights and the same samples:", ""]
        self.lines += table(("model", "loss, shardify", "loss, PyTorch", "gradient norm, shardify", "gradient norm, PyTorch"), rows)

    def in_torch(self, what, *arguments):
        command = [self.torch, f"{settings.PEERS}/train_torch.py", what, self.dataset, *map(str, arguments)]
        return measure.run(command, env={"PYTHONPATH": SOURCE, "PYTHONDONTWRITEBYTECODE": "1"})

    def rates(self):
        """Tokens a second beside PyTorch, and two processes beside one, interleaved."""
        found = collections.defaultdict(list)
        for turn in range(1, ROUNDS + 1):
            for model in MODELS:
                for threads in THREADS:
                    tools = [("shardify", 1, lambda: self.ours(model, threads, 1))]
                    if self.torch:
                        tools.append(("PyTorch", 1, lambda: self.theirs(model, threads)))
                    if threads == 1:
                        tools.append(("shardify", 2, lambda: self.ours(model, 1, 2)))
                    for tool, ranks, run in tools:
                        key = model, tool, threads, ranks
                        found[key].append(run())
                        self.write({"speed": key, "round": turn, "tokens_per_second": round(found[key][-1][0], 1), "tokens_per_cpu_second": round(found[key][-1][1], 1)})
        rows, wall, cpu = [], {}, {}
        for key, values in found.items():
            wall[key], cpu[key] = (statistics.median(v[i] for v in values) for i in (0, 1))
            model, tool, threads, ranks = key
            rows.append((model, tool, ranks, threads, f"{wall[key]:,.0f}", f"{cpu[key]:,.0f}"))
        ratios = []
        for model in MODELS:
            for threads in THREADS if self.torch else ():
                a, b = (model, "shardify", threads, 1), (model, "PyTorch", threads, 1)
                ratios.append((f"{model}, {threads} thread{'s' * (threads > 1)}: shardify against PyTorch", f"{wall[a] / wall[b]:.2f}x", f"{cpu[a] / cpu[b]:.2f}x"))
            two = (model, "shardify", 1, 2)
            for threads in THREADS if 1 in THREADS else ():
                one = (model, "shardify", threads, 1)
                ratios.append((f"{model}: 2 processes of 1 thread against 1 process of {threads}", f"{wall[two] / wall[one]:.2f}x", f"{cpu[two] / cpu[one]:.2f}x"))
        self.lines += ["", f"Tokens a second, medians of {ROUNDS} interleaved round{'s' * (ROUNDS > 1)}. *Wall* from the median step; *CPU* from the CPU seconds of the whole process, those of a "
                       "run of fewer steps taken off: the start is in neither.", ""]
        self.lines += table(("model", "trainer", "processes", "threads each", "tokens/s, wall", "tokens/s of CPU"), rows) + [""]
        self.lines += table(("ratio", "wall", "CPU"), ratios)

    def ours(self, model, threads, ranks):
        steps, tokens = MODELS[model][6], MODELS[model][4] * MODELS[model][5]
        alone = {"OMP_NUM_THREADS": "1"} if ranks > 1 else None
        run = lambda count: self.train("speed", *self.shape(model), "--threads", threads, "--steps", count, ranks=ranks, environment=alone)
        taken, events = run(WARM + steps)
        seconds = [event["seconds"] for event in events if event["event"] == "step"]
        start = self.start_cpu((model, threads, ranks), lambda: run(WARM)[0])
        return tokens / statistics.median(seconds[WARM:]), tokens * steps / (taken.cpu_s - start)

    def theirs(self, model, threads):
        width, layers, heads, hidden, length, batch, steps = MODELS[model]
        run = lambda count: self.in_torch("speed", width, layers, heads, hidden, length, batch, count, threads)
        taken = run(WARM + steps)
        seconds = json.loads(taken.stdout.splitlines()[-1])["seconds"]
        start = self.start_cpu((model, threads, "torch"), lambda: run(WARM))
        return length * batch / statistics.median(seconds[WARM:]), length * batch * steps / (taken.cpu_s - start)

    def start_cpu(self, key, run):
        """CPU seconds of the start and the first steps; measured once."""
        if key not in self.started:
            self.started[key] = run().cpu_s
        return self.started[key]

    def run(self, machine):
        """Runs the groups that are wanted; each leaves its section of the report in the results."""
        for group in GROUPS:
            if group in self.groups:
                self.group, self.lines, self.failed = group, [], []
                self.write({"about": machine})
                getattr(self, group)()
                self.write({"section": self.lines, "missed": self.failed})

    def order(self):
        self.elasticity()
        self.mixture()

    def speed(self):
        self.lines += ["", "## Speed", ""] + [f"{name}: width {m[0]}, {m[1]} layers, {m[2]} heads, feed-forward {m[3]}, {m[5]} samples of {m[4]}. " for name, m in MODELS.items()]
        if self.torch:
            version = settings.output_of([self.torch, "-c", "import torch; print(torch.__version__)"])
            self.lines += [f"PyTorch {version}, eager, fused AdamW, the same model (`peers/train_torch.py`), batch and threads.", ""]
            self.same_model()
        else:
            self.lines += ["PyTorch is not installed: see `peers/install.sh`.", ""]
        self.rates()

    def report(self):
        with sqlite3.connect(f"file:{self.dataset}/manifest.sqlite?mode=ro", uri=True) as database:
            tokens, shards = database.execute("SELECT sum(tokens), count(*) FROM shards WHERE split = 'train'").fetchone()
        about = {row["group"]: row["about"] for row in self.rows if "about" in row}
        sections = {row["group"]: row for row in self.rows if "section" in row}
        lines = ["# Measured: training", ""] + [f"- {key}: {value}" for key, value in about[min(about)].items() if key != "load_at_start"]
        lines += [f"- dataset: {tokens:,} tokens in {shards} shards",
                  "- load_at_start: " + "; ".join(f"{group} {about[group]['load_at_start']}" for group in GROUPS if group in about),
                  "", "Run it again with `make bench`, or `Benchmarks/train.sh` alone."]
        missed = [text for row in sections.values() for text in row["missed"]]
        lines += ["", "Missed: " + "; ".join(missed) + "." if missed else "Every bar was met."]
        return "\n".join(lines + [line for group in GROUPS if group in sections for line in sections[group]["section"]]) + "\n"


def main():
    for needed, how in ((settings.SHARDIFY, "run `make build`, or set SHARDIFY"), (TRAIN, "run `make build`")):
        if not os.path.exists(needed):
            settings.skip(f"{needed} is not there; {how}")
    if sys.argv[1:] and sys.argv[1]:
        dataset = os.path.abspath(sys.argv[1])
    else:
        import loader

        loader.make_dataset()
        dataset = loader.DATASET
    path = sys.argv[2] if len(sys.argv) > 2 else f"{settings.RESULTS}/{datetime.datetime.now(datetime.UTC):%Y-%m-%d}-train.jsonl"
    machine = settings.machine()
    bench = Bench(dataset, path)
    try:
        bench.run(machine)
    finally:
        shutil.rmtree(bench.work, ignore_errors=True)
    report = bench.report()
    with open(path.removesuffix(".jsonl") + ".md", "w") as file:
        file.write(report)
    print("\n" + report)
    return 1 if any("hashes differ" in text or "PyTorch model" in text for row in bench.rows for text in row.get("missed", [])) else 0


if __name__ == "__main__":
    sys.exit(main())
