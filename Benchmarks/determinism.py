"""The same bytes out, whatever the jobs, the cutting of the input and the kills. See determinism.sh.

Makes four datasets of one corpus and compares the sha256 of every shard and the manifest's
fingerprint; prints the equation that accounts for every document. Status 1 where anything differs.
"""

import hashlib
import json
import os
import random
import shutil
import subprocess
import sys
import time

import settings

SEED = int(settings.setting("BENCH_SEED", str(random.SystemRandom().randrange(1 << 32))))
KILLS = {"ingest": 3, "balance": 2}
# Smaller runs than the default: more of them stand when a kill comes, and memory must not matter.
KILLED_OPTIONS = ["--memory", "400MB"]
MIXTURE = ["--temperature", "3.33", "--shards", "7"]
PARTS = ("in_shards", "held_out", "left_over", "filtered", "duplicate", "rejected")


def cut_files(generator):
    """The corpus in 7 files, plain, gzip and zstd, in an order of their own."""
    folder = settings.INPUTS + "/cut"
    files = [os.path.join(folder, name) for name in sorted(os.listdir(folder))]
    while files == sorted(files):
        generator.shuffle(files)
    return files


class Dataset:
    """One way to make the dataset."""

    def __init__(self, name, inputs, options):
        self.name = name
        self.folder = os.path.join(settings.WORK, "determinism", name)
        shutil.rmtree(self.folder, ignore_errors=True)
        os.makedirs(self.folder)
        self.store, self.dataset = self.folder + "/store", self.folder + "/dataset"
        self.commands = {
            "ingest": [settings.SHARDIFY, "ingest", *inputs, "--to", self.store, "--tokenizer",
                       settings.TOKENIZER, "--json", *options],
            "balance": [settings.SHARDIFY, "balance", self.store, "--to", self.dataset, "--json",
                        *MIXTURE, *options],
        }
        self.seconds = {}
        self.facts = {}

    def start(self, stage):
        return subprocess.Popen(
            self.commands[stage], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE)

    def finish(self, stage):
        """Runs a stage to its end."""
        begin = time.monotonic()
        process = self.start(stage)
        printed, errors = process.communicate()
        if process.returncode != 0:
            raise SystemExit(f"FAILED {self.name} {stage}: {errors.decode(errors='replace')[-600:]}")
        self.seconds[stage] = time.monotonic() - begin
        if stage == "balance":
            self.facts = json.loads(printed)["facts"]

    def make(self):
        for stage in self.commands:
            self.finish(stage)
        self.say()

    def kill_and_finish(self, stage, kills, expected_seconds, generator):
        """Kills a stage at random moments, then runs it to its end.

        A moment after the end of the stage kills nothing: the stage then begins again from an empty
        folder, and only kills that hit are counted.
        """
        hit = 0
        while hit < kills:
            delay = generator.uniform(0.02, 1.1) * expected_seconds / (1 + hit)
            process = self.start(stage)
            try:
                process.communicate(timeout=delay)
                print(f"  {stage}: ended before the kill at {delay:.2f} s; again from nothing", flush=True)
                if process.returncode != 0:
                    raise SystemExit(f"FAILED {self.name} {stage}: status {process.returncode}")
                shutil.rmtree(self.store if stage == "ingest" else self.dataset)
                hit = 0
            except subprocess.TimeoutExpired:
                process.kill()
                process.communicate()
                hit += 1
                print(f"  {stage}: kill -9 after {delay:.2f} s, {self.on_disk(stage)}", flush=True)
        self.finish(stage)

    def on_disk(self, stage):
        """What a killed stage left, to show that kills fall at different points."""
        folder = self.store + "/runs" if stage == "ingest" else self.dataset + "/shards"
        names = os.listdir(folder) if os.path.isdir(folder) else []
        whole = sum(name.endswith(".zst") for name in names)
        return f"left {whole} whole and {len(names) - whole} unfinished files"

    def hashes(self):
        """sha256 of every shard, by its path in the dataset."""
        found = {}
        for part in ("shards", "holdout"):
            folder = os.path.join(self.dataset, part)
            for name in sorted(os.listdir(folder)):
                with open(os.path.join(folder, name), "rb") as file:
                    found[f"{part}/{name}"] = hashlib.file_digest(file, "sha256").hexdigest()
        return found

    def say(self):
        print(f"{self.name}: ingest {self.seconds['ingest']:.1f} s, balance "
              f"{self.seconds['balance']:.1f} s, fingerprint {self.facts.get('fingerprint')}", flush=True)


def accounted(facts):
    """Prints documents in = ... and says whether it holds."""
    counts = [int(facts["documents_" + part]) for part in PARTS]
    documents = int(facts["documents_in"])
    terms = " + ".join(f"{count:,} {part.replace('_', ' ')}" for part, count in zip(PARTS, counts))
    holds = documents == sum(counts)
    print(f"documents: {documents:,} in {'=' if holds else 'IS NOT'} {terms}")
    return holds


def compare(first, other):
    """Prints where two datasets differ; says whether they are the same."""
    expected, found = first.hashes(), other.hashes()
    differing = sorted(
        name for name in expected.keys() | found.keys() if expected.get(name) != found.get(name))
    same_print = first.facts.get("fingerprint") == other.facts.get("fingerprint") is not None
    same = not differing and same_print and bool(expected)
    print(f"{'same' if same else 'DIFFERENT'}: {first.name} and {other.name}: "
          f"{len(expected) - len(differing)} of {len(expected)} shards equal, fingerprint "
          f"{'equal' if same_print else 'differs'}"
          + (f"; differing: {', '.join(differing[:5])}" if differing else ""))
    return same


def main():
    settings.prepare()
    print(f"seed {SEED} (set BENCH_SEED to repeat)")
    generator = random.Random(SEED)
    whole = [settings.INPUTS + "/whole.jsonl.zst"]
    one = Dataset("one-job", whole, ["--jobs", "1"])
    one.make()
    two = Dataset("two-jobs", whole, ["--jobs", "2"])
    two.make()
    cut = Dataset("seven-files", cut_files(generator), [])
    print("seven files: " + " ".join(os.path.basename(path) for path in cut.commands["ingest"][2:9]))
    cut.make()
    killed = Dataset("killed", whole, KILLED_OPTIONS)
    for stage, kills in KILLS.items():
        killed.kill_and_finish(stage, kills, two.seconds[stage], generator)
    killed.say()
    same = [compare(one, other) for other in (two, cut, killed)]
    same += [accounted(dataset.facts) for dataset in (one, two, cut, killed)]
    if all(same):
        print(f"determinism: all equal; {sum(KILLS.values())} kills, seed {SEED}")
        shutil.rmtree(os.path.join(settings.WORK, "determinism"))
        return
    print(f"determinism: FAILED, seed {SEED}; the datasets stay in {settings.WORK}/determinism")
    sys.exit(1)


main()
