"""Runs train-from-manifest on one rank or several; what mpi-check.py and mpi-bad-input.py share.

Set by `begin`: the binaries and the dataset.
"""
import hashlib, json, os, subprocess, sys, time

LENGTH, BATCH = 64, 6
MODEL = ["--sequence-length", LENGTH, "--global-batch", BATCH, "--width", 32, "--layers", 1,
         "--heads", 2, "--eval-tokens", 2048, "--threads", 1, "--warmup-steps", 1, "--quiet",
         "--hash-samples"]
NAME = os.path.basename(sys.argv[0]).removesuffix(".py")
binaries = dataset = ""


def begin(path, data):
    global binaries, dataset
    binaries, dataset = path, data


def say(text):
    print(f"{NAME}: {text}", flush=True)


def fail(text, output=""):
    print(f"{NAME}: FAILED: {text}\n{output[-3000:]}", file=sys.stderr)
    sys.exit(1)


def command(ranks, arguments, script=None):
    """A run on so many ranks; `script` is bash around the program, which is "$@" there."""
    line = [binaries + "/train-from-manifest"] + [str(a) for a in arguments]
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


def digests_by_order(steps, of=None):
    """The digest of each step's samples, as shardify order has it."""
    lines = subprocess.run(
        [binaries + "/shardify", "order", of or dataset, "--sequence-length", str(LENGTH), "--global-batch",
         str(BATCH), "--steps", str(steps)], stdout=subprocess.PIPE, text=True, check=True).stdout.splitlines()
    samples = [[] for _ in range(steps)]
    for line in lines:
        columns = line.split("\t")
        samples[int(columns[0])].append(columns[5])
    if [len(s) for s in samples] != [BATCH] * steps:
        fail("shardify order did not give whole batches")
    return [hashlib.sha256(bytes.fromhex("".join(s))).hexdigest() for s in samples]
