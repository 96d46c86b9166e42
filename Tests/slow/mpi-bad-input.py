#!/usr/bin/env python3
"""What train-from-manifest says to bad input: one clear line and its exit status, by itself and on two ranks.

    mpi-bad-input.py BINARIES DATASET OTHER_DATASET SMALL_DATASET

OTHER_DATASET is of the same store with another seed; SMALL_DATASET has fewer tokens than a sample of 60,000. Exit 0, or 1
with every row of the table that did not hold.
"""
import importlib, os, shutil, sqlite3, sys, tempfile, types

from ranks import LENGTH, MODEL, begin, fail, run, say

binaries, dataset, other, small = sys.argv[1:]
PYTHON = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../python/src")


def first_shards(folder):
    return sorted(f"{folder}/shards/{name}" for name in os.listdir(folder + "/shards"))[:2]


class Broken:
    """Copies of the dataset, each spoilt in one way."""

    def __init__(self, work):
        self.work = work

    def copy(self, name, change):
        folder = f"{self.work}/{name}"
        shutil.copytree(dataset, folder)
        change(folder)
        return folder

    def make(self):
        """Rows: the dataset, and what the message must have."""
        own, others = plan(dataset), plan(other)
        swapped = "the shard and the manifest do not belong together; run verify"
        return [
            ("no manifest", self.copy("none", lambda f: os.remove(f + "/manifest.sqlite")),
             "cannot open manifest: {}/manifest.sqlite: no such file"),
            ("no dataset", self.work + "/nowhere", "cannot open manifest: {}: no such file"),
            ("manifest of a newer version", self.copy("newer", lambda f: statement(f, "PRAGMA user_version = 99")),
             "cannot open manifest: {}/manifest.sqlite: format version 99, expected "),
            ("manifest cut", self.copy("cut", lambda f: os.truncate(f + "/manifest.sqlite", 5000)), "manifest: {}/manifest.sqlite: "),
            ("manifest that is text", self.copy("text", lambda f: write(f + "/manifest.sqlite", b"not a database\n" * 99)),
             "manifest: {}/manifest.sqlite: "),
            ("manifest changed by hand", self.copy("edited", lambda f: statement(f, "UPDATE shards SET tokens = tokens + 1 WHERE shard = 1")),
             "cannot open manifest: {}/manifest.sqlite: rows with fingerprint "),
            ("path that leaves the folder", self.copy("leaves", lambda f: statement(f, "UPDATE shards SET path = '../../etc/passwd' WHERE shard = 0")),
             "cannot open manifest: {}/manifest.sqlite: shard path \"../../etc/passwd\", expected a path inside"),
            ("such a path, well sealed", self.copy("sealed", lambda f: (
                statement(f, "UPDATE shards SET path = '/etc/passwd' WHERE shard = 0"), seal(f))),
             "cannot open manifest: {}/manifest.sqlite: shard path \"/etc/passwd\", expected a path inside"),
            ("shard missing", self.copy("missing", lambda f: os.remove(first_shards(f)[1])), "{}/shards/shard-00001.zst: no such file"),
            ("shard that is a folder", self.copy("folder", lambda f: (os.remove(first_shards(f)[1]), os.mkdir(first_shards(f)[0][:-5] + "1.zst"))),
             "{}/shards/shard-00001.zst: "),
            ("shard truncated", self.copy("truncated", lambda f: os.truncate(first_shards(f)[1], os.path.getsize(first_shards(f)[1]) - 10)),
             "cannot read shard: {}/shards/shard-00001.zst at byte "),
            ("shard empty", self.copy("empty", lambda f: os.truncate(first_shards(f)[1], 0)), "{}/shards/shard-00001.zst: 0 bytes"),
            ("byte of a frame flipped", self.copy("flipped", lambda f: flip(first_shards(f)[1], 1000)),
             "cannot read shard: {}/shards/shard-00001.zst at byte 0: "),
            ("byte of the tables flipped", self.copy("tables", lambda f: flip(first_shards(f)[1], -100)),
             "cannot read shard: {}/shards/shard-00001.zst at byte "),
            ("shards swapped", self.copy("swapped", swap), "{}/shards/shard-0000", "number ", ", expected ", swapped),
            ("shard of another dataset", self.copy("foreign", lambda f: shutil.copy(first_shards(other)[1], first_shards(f)[1])),
             f"cannot read shard: {{}}/shards/shard-00001.zst: plan {others}, expected {own}; {swapped}"),
            ("held-out shard in its place", self.copy("held", lambda f: shutil.copy(f + "/holdout/shard-00000.zst", first_shards(f)[0])),
             "cannot read shard: {}/shards/shard-00000.zst: part holdout, expected train"),
            ("training shard held out", self.copy("trained", lambda f: shutil.copy(first_shards(f)[0], f + "/holdout/shard-00000.zst")),
             "cannot read shard: {}/holdout/shard-00000.zst: part train, expected holdout"),
        ]


def plan(folder):
    with sqlite3.connect(f"file:{folder}/manifest.sqlite?mode=ro", uri=True) as database:
        return database.execute("SELECT value FROM dataset WHERE key = 'plan_sha256'").fetchone()[0]


def statement(folder, text):
    database = sqlite3.connect(folder + "/manifest.sqlite")
    database.execute(text)
    database.commit()
    database.close()


def seal(folder):
    """Gives a manifest the fingerprint of its rows: what someone who means harm would do."""
    # The package itself needs zstandard; its module that reads manifests does not.
    package = types.ModuleType("shardify")
    package.__path__ = [PYTHON + "/shardify"]
    sys.modules["shardify"] = package
    manifest = importlib.import_module("shardify.manifest")
    database = sqlite3.connect(folder + "/manifest.sqlite")
    reader = manifest.Manifest.__new__(manifest.Manifest)
    reader.path, reader.version = folder, database.execute("PRAGMA user_version").fetchone()[0]
    database.execute("UPDATE dataset SET value = ? WHERE key = 'fingerprint'", (reader._recomputed(database),))
    database.commit()
    database.close()


def write(path, data):
    with open(path, "wb") as file:
        file.write(data)


def flip(path, at):
    with open(path, "r+b") as file:
        file.seek(at, os.SEEK_END if at < 0 else os.SEEK_SET)
        byte = file.read(1)[0]
        file.seek(-1, os.SEEK_CUR)
        file.write(bytes([byte ^ 4]))


def swap(folder):
    a, b = first_shards(folder)
    os.rename(a, a + ".aside")
    os.rename(b, a)
    os.rename(a + ".aside", b)


def checkpoints(work):
    """Rows: what a run that begins at a checkpoint of another run is told."""
    folder, record = work + "/checkpoints", work + "/run"
    run(1, [dataset, *MODEL, "--steps", 2, "--checkpoint-folder", folder])
    run(1, [dataset, *MODEL, "--steps", 2, "--run", record])
    file = folder + "/checkpoint-00000002.safetensors"
    damaged = f"{work}/damaged.safetensors"
    shutil.copy(file, damaged)
    flip(damaged, -100)
    base = ["--steps", 4, "--checkpoint-folder", folder]
    resume = f"cannot resume: {file}: "
    return [
        ("another width", dataset, [*base, "--width", 64], f"cannot read checkpoint: {file}: width 32, expected 64; give the model options"),
        ("more layers", dataset, [*base, "--layers", 2], f"cannot read checkpoint: {file}: layers 1, expected 2; give the model options"),
        ("another dataset", other, base, resume + "dataset ", "point to the dataset it was made with, go on to this one with --start-from, or start anew with --resume none"),
        ("another seed", dataset, [*base, "--seed", 5], resume + "seed 1, expected 5; use --seed 1"),
        ("another sequence length", dataset, [*base, "--sequence-length", 32],
         resume + f"sequence length {LENGTH}, expected 32; use --sequence-length {LENGTH}"),
        ("other lanes", dataset, [*base, "--lanes", 3], resume + "lanes ", ", expected 3; use --lanes "),
        ("run folder of another run", dataset, ["--steps", 4, "--run", record, "--seed", 5], record + "/run.sqlite", "seed 1", "seed 5"),
        ("a damaged checkpoint by name", dataset, [*base, "--resume", damaged], f"cannot read checkpoint: {damaged}: data with sha256 "),
        ("a checkpoint that is none", dataset, [*base, "--resume", dataset + "/plan.txt"], f"cannot read checkpoint: {dataset}/plan.txt"),
        ("no such checkpoint", dataset, [*base, "--resume", work + "/nothing"], f"{work}/nothing: no such file"),
        ("a new run in the folder of another", dataset, [*base, "--resume", "none"], "cannot start: " + file),
    ]


def settings(work):
    """Rows of settings that do not fit; then wrong usage, which ends with 64."""
    rows = [
        ("sequence longer than the data", small, ["--steps", 2, "--sequence-length", 60000], "cannot order samples: ",
         " tokens in 1 lanes are too few for one sample, expected at least 60001 tokens in a lane; lower the sequence length"),
        ("more lanes than the data fill", dataset, ["--steps", 2, "--lanes", 16000], "too few for one sample", "lower the sequence length or the number of lanes"),
        ("heads that do not divide the width", dataset, ["--steps", 2, "--heads", 3], "cannot make model: width 32 with 3 heads"),
        ("a checkpoint folder that cannot be", dataset, ["--steps", 2, "--checkpoint-folder", "/proc/x"], "cannot make folder: /proc/x: "),
        ("a log that cannot be", dataset, ["--steps", 2, "--log", "/proc/x/log"], "/proc/x/log"),
    ]
    usage = [
        ("no steps", [dataset, "--steps", 0], "--steps must be 1 or more, not 0"),
        ("no batch", [dataset, "--global-batch", 0], "--global-batch must be 1 or more, not 0"),
        ("a word for a number", [dataset, "--steps", "many"], "many"),
        ("an option that is none", [dataset, "--stepps", 2], "Unknown option '--stepps'"),
        ("no dataset", [], "Missing expected argument '<manifest>'"),
        ("an empty --resume", [dataset, "--resume", ""], "--resume needs auto, none or a path"),
    ]
    return rows, usage


class Table:
    def __init__(self):
        self.failures, self.rows = [], 0

    def check(self, name, arguments, fragments, expect=1, ranks=1, errors=None):
        self.rows += 1
        output, _ = run(ranks, arguments, expect=expect, within=60)
        lines = [line for line in output.splitlines() if line.lower().startswith("error: ")]
        # Each rank says what it met; a rank that met nothing says that another did.
        found = [line for line in lines if all(fragment in line for fragment in fragments)]
        if not found or ranks == 1 and (len(lines) != 1 or expect == 1 and len(output.splitlines()) != 1):
            self.failures.append(f"{name}, {ranks} ranks: expected one line with {fragments}\n{output[-1500:]}")
        if any(word in output for word in ("Fatal error", "Stack dump", "Segmentation")):
            self.failures.append(f"{name}, {ranks} ranks: it crashed\n{output[-1500:]}")


def skipped(work, folder):
    """A shard that is missing, where it may be: its samples are left out, counted and said."""
    for ranks in 1, 2:
        log = f"{work}/skipped-{ranks}.jsonl"
        output, _ = run(ranks, [folder, *MODEL, "--steps", 20, "--skip-bad-shards", "--log", log])
        with open(log) as file:
            text = file.read()
        if '"event":"shard_skipped"' not in text or "shard-00001.zst" not in text or "skipped  " not in output:
            fail(f"{ranks} ranks: what was left out is not said", output + text[-500:])


def main():
    begin(binaries, dataset)
    table = Table()
    with tempfile.TemporaryDirectory() as work:
        rows = [(name, folder, ["--steps", 20], *[f.replace("{}", folder) for f in fragments])
                for name, folder, *fragments in Broken(work).make()]
        own_settings, usage = settings(work)
        rows += own_settings + checkpoints(work)
        for ranks in 1, 2:
            for name, folder, options, *fragments in rows:
                table.check(name, [folder, *MODEL, *options], fragments, ranks=ranks)
        for name, arguments, fragment in usage:
            table.check(name, arguments, [fragment], expect=64)
        table.check("more ranks than samples", [dataset, *MODEL, "--global-batch", 2, "--steps", 2],
                    ["world size 3, expected 1 to the global batch of 2"], ranks=3)
        skipped(work, work + "/missing")
    if table.failures:
        fail(f"{len(table.failures)} rows", "\n".join(table.failures))
    say(f"{table.rows} runs with bad input, each with its line and status")


main()
