"""Where things lie and how often to measure: environment variables, with defaults from the root of the repository."""

import glob
import json
import os
import platform
import shutil
import subprocess

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
SKIPPED = 75
PEERS = os.path.join(ROOT, "Benchmarks", "peers")


def setting(name, default):
    return os.environ.get(name) or default


def under_root(name, default):
    """A path from the environment (as the caller's shell sees it), or one relative to the root."""
    given = os.environ.get(name)
    return os.path.abspath(given) if given else os.path.normpath(os.path.join(ROOT, default))


SHARDIFY = under_root("SHARDIFY", ".build/release/shardify")
DATA = under_root("BENCH_DATA", "../shared/data")
WORK = under_root("BENCH_WORK", ".build/bench")
RESULTS = under_root("BENCH_RESULTS", "Benchmarks/results")
VENVS = os.path.abspath(setting(
    "BENCH_VENVS",
    os.path.join(setting("XDG_CACHE_HOME", os.path.expanduser("~/.cache")), "shardify-bench")))
ROUNDS = int(setting("BENCH_ROUNDS", "3"))
PEER_ROUNDS = int(setting("BENCH_PEER_ROUNDS", "2"))
DOCUMENTS = int(setting("BENCH_DOCUMENTS", "0"))
GROUPS = setting("BENCH_ONLY", "ingest,balance,encode,memory,data,planning").split(",")
PIECES = setting("BENCH_PIECES", "1000000,10000000")

CORPUS = os.path.join(DATA, "corpus/mix.jsonl.zst")
VOCABULARY = os.path.join(DATA, "tokenizers/vocabs/gpt2")
INPUTS = os.path.join(WORK, "corpus")
TOKENIZER = os.path.join(WORK, "gpt2/tokenizer.json")
RANKS = os.path.join(WORK, "gpt2/r50k_base.tiktoken")


def skip(why):
    """Ends the program with a line that says why nothing was measured; not a failure."""
    print(f"skipped: {why}", flush=True)
    raise SystemExit(SKIPPED)


def venv_python(name):
    """The interpreter of a peer's environment, or nothing where it is not installed."""
    path = os.path.join(VENVS, name, "bin/python")
    return path if os.path.exists(path) else None


def shown(command):
    """A command as text, without the paths of this machine."""
    text = " ".join(command)
    for path, name in (
        (SHARDIFY, "shardify"), (WORK, "$BENCH_WORK"), (DATA, "$BENCH_DATA"),
        (VENVS, "$BENCH_VENVS"), (PEERS, "Benchmarks/peers"), (ROOT + "/", ""),
    ):
        text = text.replace(path, name)
    return text


def prepare():
    """Unpacks the tokenizer and cuts the corpus, once; returns the facts of the corpus."""
    for needed, how in (
        (SHARDIFY, "run `make build`, or set SHARDIFY"),
        (CORPUS, "set BENCH_DATA to the folder that holds corpus/ and tokenizers/"),
        (VOCABULARY + "/tokenizer.json.zst", "set BENCH_DATA"),
    ):
        if not os.path.exists(needed):
            skip(f"{needed} is not there; {how}")
    if shutil.which("zstd") is None:
        skip("the zstd program is not installed; apt install zstd")
    os.makedirs(os.path.dirname(TOKENIZER), exist_ok=True)
    for name, path in (("tokenizer.json", TOKENIZER), ("r50k_base.tiktoken", RANKS)):
        subprocess.run(
            ["zstd", "-dqf", f"{VOCABULARY}/{name}.zst", "-o", path], check=True)
    mark = os.path.join(INPUTS, "made-of.txt")
    made_of = f"{os.path.getsize(CORPUS)} bytes, {DOCUMENTS} documents\n"
    if not os.path.exists(mark) or open(mark).read() != made_of:
        print("cutting the corpus ...", flush=True)
        subprocess.run(
            ["python3", os.path.join(ROOT, "Benchmarks/corpus.py"), CORPUS, INPUTS,
             str(DOCUMENTS)], check=True)
        with open(mark, "w") as file:
            file.write(made_of)
    with open(os.path.join(INPUTS, "facts.json")) as file:
        return json.load(file)


def output_of(command):
    """The first line a command prints, or `unknown`."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT)
        return (done.stdout or done.stderr).strip().splitlines()[0]
    except (OSError, subprocess.CalledProcessError, IndexError):
        return "unknown"


def field(path, name, separator):
    try:
        with open(path) as file:
            for line in file:
                key, _, value = line.partition(separator)
                if key.strip() == name:
                    return value.strip().strip('"')
    except OSError:
        pass
    return "unknown"


def newer_sources():
    """Source files changed after the binary was built: then it is not of this checkout."""
    built = os.path.getmtime(SHARDIFY)
    return sum(
        os.path.getmtime(os.path.join(folder, name)) > built
        for folder, _, names in os.walk(os.path.join(ROOT, "Sources")) for name in names)


def machine():
    """What was measured, with what, on what."""
    memory_kb = field("/proc/meminfo", "MemTotal", ":").split()[0]
    return {
        "shardify": output_of([SHARDIFY, "--version"]),
        "shardify_sha256": output_of(["sha256sum", SHARDIFY]).split()[0][:16],
        "checkout": setting("BENCH_COMMIT", output_of(["git", "describe", "--always", "--dirty"])),
        "sources_newer_than_the_binary": newer_sources(),
        "processor": field("/proc/cpuinfo", "model name", ":"),
        "processors": len(os.sched_getaffinity(0)),
        "memory_gb": round(int(memory_kb) / 1e6, 1) if memory_kb.isdigit() else "unknown",
        "system": field("/etc/os-release", "PRETTY_NAME", "="),
        "kernel": platform.release(),
        "python": platform.python_version(),
        "zstd": output_of(["zstd", "--version"]).strip("* "),
        "load_at_start": [round(load, 2) for load in os.getloadavg()],
        "tokenizer": "gpt2",
    }


def shard_files(dataset):
    return sorted(glob.glob(dataset + "/shards/*.zst"))
