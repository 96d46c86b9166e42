"""Times shardify's readers beside other loaders on the same tokens; writes one JSON line a run and a report.

loader.py RESULTS.jsonl    (settings: Benchmarks/README.md)
"""

import hashlib
import json
import os
import random
import statistics
import subprocess
import sys

import measure
import settings

SEQUENCE_LENGTH, BATCH, SEED, EPOCHS = 2048, 8, 1, 2
FOLDER = os.path.join(settings.WORK, "loader")
DATASET, RAW = FOLDER + "/dataset", FOLDER + "/raw.bin"
SOURCE = os.path.join(settings.ROOT, "python/src")
WORKERS = [int(count) for count in settings.setting("BENCH_LOADER_WORKERS", "0,2").split(",")]
ENVIRONMENT = {"PYTHONDONTWRITEBYTECODE": "1", "OMP_NUM_THREADS": "1"}
BARS = (
    ("Swift reader against StreamingDataset", "shardify", "streaming", 5.0),
    ("Swift reader against memmap in a torch DataLoader", "shardify", "memmap", 0.5),
    ("Swift reader against memmap in a numpy loop", "shardify", "memmap-numpy", None),
    ("Python reader (torch) against StreamingDataset", "shardify-torch", "streaming", 2.0),
    ("Python reader (torch) against memmap in a torch DataLoader", "shardify-torch", "memmap", None),
    ("Python reader (numpy) against memmap in a numpy loop", "shardify-numpy", "memmap-numpy", None),
    ("Python reader (torch) against LitData", "shardify-torch", "litdata", None),
    ("Python reader (torch) against Megatron-style", "shardify-torch", "megatron", None),
)


class Readers:
    """Commands that read epochs of the dataset, by name; those that are not installed are left out."""

    def __init__(self):
        self.python = {name: settings.venv_python(name) for name in ("torch", "mds", "litdata")}
        self.missing = [name for name, path in self.python.items() if path is None]

    def script(self, venv, name, *arguments):
        path = self.python[venv]
        return [path, f"{settings.PEERS}/loader_{name}.py", *map(str, arguments)] if path else None

    def command(self, tool, workers):
        """The command of a tool; nothing where it does not run so."""
        tail = (workers, EPOCHS)
        if tool == "shardify-numpy":
            return self.script("torch", "shardify", "numpy", DATASET, *tail) if workers == 0 else None
        if tool == "shardify-torch":
            return self.script("torch", "shardify", "torch", DATASET, *tail)
        if tool == "memmap-numpy":
            return self.script("torch", "arrays", tool, FOLDER, *tail) if workers == 0 else None
        if tool in ("memmap", "megatron"):
            return self.script("torch", "arrays", tool, FOLDER, *tail)
        return self.script({"streaming": "mds"}.get(tool, tool), tool, "read", FOLDER, *tail)


TOOLS = ("shardify-numpy", "shardify-torch", "memmap-numpy", "memmap", "megatron", "streaming", "litdata")


def make_dataset():
    """The dataset from the whole corpus, once; the facts of the corpus."""
    facts = settings.prepare()
    os.makedirs(FOLDER, exist_ok=True)
    if not os.path.exists(DATASET + "/manifest.sqlite"):
        print("making the dataset ...", flush=True)
        run([settings.SHARDIFY, "ingest", settings.INPUTS + "/whole.jsonl.zst", "--to", FOLDER + "/store", "--tokenizer",
             settings.TOKENIZER, "--quiet"])
        run([settings.SHARDIFY, "balance", FOLDER + "/store", "--to", DATASET, "--temperature", "3.33", "--quiet"])
    return facts


def prepare(readers):
    """The dataset from the whole corpus, and the same tokens as the peers store them; once."""
    facts = make_dataset()
    if not os.path.exists(FOLDER + "/prepared"):
        print("writing the tokens in the peers' formats ...", flush=True)
        measure.run(["zstd", "-dcq", *settings.shard_files(DATASET)], stdout=RAW)
        if readers.python["torch"]:
            run([readers.python["torch"], "-c", "import sys, numpy, shardify; d = shardify.Dataset(sys.argv[1]); numpy.save("
                 "sys.argv[2], numpy.concatenate([d.shard(i).pieces.tokens for i in range(len(d.manifest.train))]))",
                 DATASET, FOLDER + "/lengths.npy"])
        for venv, name in (("mds", "streaming"), ("litdata", "litdata")):
            if command := readers.script(venv, name, "prepare", FOLDER, RAW):
                run(command)
        open(FOLDER + "/prepared", "w").close()
    return facts


def run(command):
    subprocess.run(command, check=True, env={**os.environ, **ENVIRONMENT, "PYTHONPATH": SOURCE}, stdout=subprocess.DEVNULL)


class Bench:
    """Runs readers and keeps what they took."""

    def __init__(self, path, readers):
        self.readers, self.rows, self.file = readers, [], open(path, "w")
        self.checks = {}

    def write(self, row):
        self.file.write(json.dumps(row) + "\n")
        self.file.flush()

    def add(self, tool, workers, turn, epochs, **extra):
        """Keeps a run: M tokens per CPU second of each epoch."""
        row = {"tool": tool, "workers": workers, "round": turn, "epochs": epochs, "load1": round(os.getloadavg()[0], 2), **extra}
        row["mtok_cpu_s"] = [round(e["tokens"] / e["cpu_s"] / 1e6, 2) for e in epochs]
        self.rows.append(row)
        self.write(row)
        print(f"  {tool:15} workers {workers}  M tokens/CPU s: " + ", ".join(f"{r:7.1f}" for r in row["mtok_cpu_s"])
              + f"   wall {epochs[-1]['wall_s']:6.2f} s   load {row['load1']:.1f}", flush=True)

    def peer(self, tool, workers, turn):
        command = self.readers.command(tool, workers)
        if command is None:
            return
        try:
            taken = measure.run(command, env=ENVIRONMENT)
        except (measure.CommandFailed, OSError) as error:
            print(f"FAILED {tool}: {error}", flush=True)
            return self.write({"failed": tool, "workers": workers, "why": settings.shown([str(error)])[-400:]})
        lines = [line for line in taken.stdout.splitlines() if line.startswith("{")]
        result = json.loads(lines[-1])
        self.add(tool, workers, turn, result["epochs"], version=result["version"], setup_s=result["setup_s"],
                 peak_pss_mb=round(taken.peak_pss_mb, 1), command=settings.shown(command))

    def swift(self, turn):
        """The reader that training uses, an epoch of whole batches."""
        command = [settings.SHARDIFY, "order", DATASET, "--sequence-length", str(SEQUENCE_LENGTH), "--global-batch", str(BATCH),
                   "--seed", str(SEED), "--steps", str(self.steps), "--measure"]
        taken = measure.run(command)
        found = json.loads(taken.stdout)
        epoch = {"tokens": found["tokens"], "cpu_s": found["cpu_seconds"], "wall_s": found["seconds"],
                 "first_batch_s": found["first_batch_seconds"]}
        self.add("shardify", 0, turn, [epoch], version=settings.output_of([settings.SHARDIFY, "--version"]),
                 peak_pss_mb=round(taken.peak_pss_mb, 1), command=settings.shown(command))

    # Start, resume, elasticity

    def order_command(self, tool, world, rank, step, steps, *more):
        base = [settings.SHARDIFY] if tool == "shardify" else [self.readers.python["torch"], "-m", "shardify"]
        return [*base, "order", DATASET, "--sequence-length", str(SEQUENCE_LENGTH), "--global-batch", "24", "--seed", str(SEED),
                "--world-size", str(world), "--rank", str(rank), "--from-step", str(step), "--steps", str(steps), *more]

    def starts(self):
        """Wall seconds of a whole process that reads one batch: at the start, and in the middle of the third epoch."""
        for tool in self.order_tools():
            for name, step in (("start to first batch", 0), ("resume in the third epoch", self.steps * BATCH * 5 // 2 // 24)):
                taken = [measure.run(self.order_command(tool, 1, 0, step, 1), env={"PYTHONPATH": SOURCE}) for _ in range(3)]
                wall, cpu = (statistics.median(getattr(run, key) for run in taken) for key in ("wall_s", "cpu_s"))
                load = os.getloadavg()[0]
                self.checks[f"{tool}: {name}, whole process, median of 3"] = f"{wall:.2f} s wall, {cpu:.2f} s CPU, load {load:.0f}"

    def elasticity(self):
        """The hash of a sequence of samples must be the same for every world size, with five changes on the way."""
        seed = int(settings.setting("BENCH_SEED", str(random.SystemRandom().randrange(1 << 32))))
        chosen, steps, hashes = random.Random(seed), 40, {}
        for tool in self.order_tools():
            for worlds in [[(size, 0, steps)] for size in (1, 2, 3, 4, 6, 8)] + [self.cut(chosen, steps) for _ in range(1)]:
                hashes.setdefault(self.sequence(tool, worlds), []).append((tool, worlds))
        self.checks[f"elasticity, seed {seed}"] = (
            f"{sum(map(len, hashes.values()))} sequences of {steps * 24} samples by {', '.join(self.order_tools())}: "
            + ("one hash" if len(hashes) == 1 else f"DIFFER: {hashes}"))

    @staticmethod
    def cut(chosen, steps):
        """World sizes with the steps they read: five changes."""
        edges = [0, *sorted(chosen.sample(range(1, steps), 5)), steps]
        return [(chosen.choice((1, 2, 3, 4, 6, 8)), first, last - first) for first, last in zip(edges, edges[1:])]

    def sequence(self, tool, worlds):
        """SHA-256 over the hashes of the samples, in the order of global samples."""
        digest = hashlib.sha256()
        for world, first, steps in worlds:
            lines = []
            for rank in range(world):
                done = measure.run(self.order_command(tool, world, rank, first, steps), env={"PYTHONPATH": SOURCE})
                lines += [line.split("\t") for line in done.stdout.splitlines()]
            lines.sort(key=lambda line: (int(line[0]), int(line[1])))
            digest.update("".join(f"{line[2]} {line[5]}\n" for line in lines).encode())
        return digest.hexdigest()

    def order_tools(self):
        return ["shardify"] + (["python"] if self.readers.python["torch"] else [])

    # Report

    def rate(self, tool, workers=0, epoch=0):
        """Median M tokens per CPU second of the first epoch, the one that reads what is on disk, or of another."""
        rates = [row["mtok_cpu_s"][epoch] for row in self.rows
                 if row["tool"] == tool and row["workers"] == workers and len(row["mtok_cpu_s"]) > epoch]
        return statistics.median(rates) if rates else None

    def report(self, facts, machine):
        lines = ["# Measured: loaders", ""] + [f"- {key}: {value}" for key, value in {**machine, **facts}.items()]
        lines += ["", f"{self.tokens:,} tokens in samples of {SEQUENCE_LENGTH}, shuffled, batches of {BATCH} rows as int64 (Swift: 32-bit ids and piece",
                  "spans). M tokens per CPU second, user and system, of the whole process from the request for the first batch to the end of the",
                  "epoch; medians of interleaved rounds. Epoch 2 of StreamingDataset reads the second, decompressed copy that its epoch 1 wrote.",
                  "Run it again with `make bench`, or `Benchmarks/loader.sh` alone.", "",
                  "| ratio, no workers | epoch 1 | epoch 2 of the peer | wanted |", "|---|---|---|---|"]
        for name, ours, theirs, bar in BARS:
            upper, lower, later = self.rate(ours), self.rate(theirs), self.rate(theirs, 0, 1)
            shown = ["not measured" if upper is None or not low else f"{upper / low:.2f}x" for low in (lower, later)]
            lines.append(f"| {name} | {shown[0]} | {shown[1]} | {'' if bar is None else f'>= {bar:g}x'} |")
        lines += ["", "| loader | workers | epoch 1 | epoch 2 | first batch | wall, epoch 1 | peak PSS | version |", "|---|---|---|---|---|---|---|---|"]
        for tool in ("shardify", *TOOLS):
            for workers in WORKERS:
                rows = [row for row in self.rows if row["tool"] == tool and row["workers"] == workers]
                if rows:
                    later = self.rate(tool, workers, 1)
                    middle = [statistics.median(row["epochs"][0][key] for row in rows) for key in ("first_batch_s", "wall_s")]
                    memory = statistics.median(row["peak_pss_mb"] for row in rows)
                    lines.append(f"| {tool} | {workers} | {self.rate(tool, workers):.1f} | {'' if later is None else f'{later:.1f}'} | "
                                 f"{middle[0]:.2f} s | {middle[1]:.1f} s | {memory:.0f} MB | {rows[0]['version']} |")
        lines += ["", "| check | found |", "|---|---|"] + [f"| {name} | {found} |" for name, found in self.checks.items()]
        missing = [f"\nNot installed, not measured: {', '.join(self.readers.missing)}."] if self.readers.missing else []
        return "\n".join(lines + missing) + "\n"


def main():
    path = sys.argv[1]
    readers = Readers()
    facts = prepare(readers)
    machine = settings.machine()
    bench = Bench(path, readers)
    bench.write({"about": {**machine, **facts}})
    bench.tokens = os.path.getsize(RAW) // 2
    bench.steps = bench.tokens // SEQUENCE_LENGTH // BATCH - 8  # an epoch but for the ends of the lanes
    rounds = settings.ROUNDS if "rates" in settings.setting("BENCH_LOADER_ONLY", "rates,checks") else 0
    for turn in range(1, rounds + 1):
        print(f"round {turn} of {settings.ROUNDS}", flush=True)
        bench.swift(turn)
        for workers in WORKERS:
            for tool in TOOLS:
                bench.peer(tool, workers, turn)
    if "checks" in settings.setting("BENCH_LOADER_ONLY", "rates,checks"):
        bench.starts()
        bench.elasticity()
    bench.write({"checks": bench.checks})
    report = bench.report(facts, machine)
    with open(path.removesuffix(".jsonl") + ".md", "w") as file:
        file.write(report)
    print("\n" + report)
    return 1 if "DIFFER" in str(bench.checks) else 0


if __name__ == "__main__":
    sys.exit(main())
