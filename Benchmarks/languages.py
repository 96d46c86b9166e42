#!/usr/bin/env python3
"""languages.py CORPUS.jsonl.zst REPORT.md: MB of text per CPU second of language identifiers, one thread; and a large model's load.

Documents of the corpus of at least 1,500 bytes, cut to 2 KB, a line each, scored whole; interleaved rounds, medians; the time of one line is taken off
each. Peers: Debian's CLD2 (libcld2-dev, g++), Debian's fasttext on the same model files: FASTTEXT_MODEL (lid.176.ftz of the environment of the peers by
default) and a dense model that it trains here. The script histogram alone is measured in process by EvaluateLanguageModel (models/evaluate.sh builds it;
EVALUATE names it), on texts in memory. What is missing is named and skipped. BENCH_ROUNDS (7), SHARDIFY, BENCH_VENVS as in README.md.
"""
import glob
import json
import os
import pathlib
import random
import re
import resource
import shutil
import statistics
import struct
import subprocess
import sys
import tempfile
import time

here = pathlib.Path(__file__).resolve().parent
shardify = os.environ.get("SHARDIFY", str(here.parent / ".build/release/shardify"))
venvs = os.environ.get("BENCH_VENVS", os.path.expanduser("~/.cache/shardify-bench"))
evaluate = os.environ.get("EVALUATE", str(here.parent / "models/trainer/.build/release/EvaluateLanguageModel"))
MEGABYTES = 20
# A model of the size of GlotLID's: 1.6 GB.
LARGE = {"words": 500_000, "buckets": 1_050_000, "labels": 2000, "dimension": 256}


def documents(corpus, megabytes):
    """(label, text) of cut documents, in an order of their own."""
    texts = []
    with subprocess.Popen(["zstd", "-dc", corpus], stdout=subprocess.PIPE) as source:
        for line in source.stdout:
            document = json.loads(line)
            text = document["text"].encode("utf-8", "surrogatepass")
            if len(text) >= 1500:
                cut = text[:2048].decode("utf-8", "ignore").encode()
                texts.append((document["lang"], b" ".join(cut.split())))
    random.Random(1).shuffle(texts)
    total, kept = 0, []
    for pair in texts:
        kept.append(pair)
        total += len(pair[1])
        if total > megabytes * 1_000_000:
            break
    return kept, texts[len(kept) : len(kept) + 3000]


def seconds(command, path):
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    with open(path, "rb") as source:
        subprocess.run(command, stdin=source, stdout=subprocess.DEVNULL, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def dense_model(folder, texts):
    """A model of letter n-grams, as lid.176.bin is one, trained in a minute."""
    with open(f"{folder}/train", "wb") as file:
        file.writelines(b"__label__" + label.encode() + b" " + text[:400] + b"\n" for label, text in texts)
    subprocess.run(
        ["fasttext", "supervised", "-input", f"{folder}/train", "-output", f"{folder}/dense", "-dim", "16", "-minn", "2", "-maxn", "4",
         "-bucket", "2000000", "-loss", "hs", "-epoch", "2", "-thread", "1"], check=True, capture_output=True)
    return f"{folder}/dense.bin"


def large_model(path):
    """Writes a dense classifier of 1.6 GB, its rows filled with small numbers."""
    words, buckets, labels, dimension = LARGE.values()
    block = struct.pack("<65536f", *(((i * 7919) % 2048 - 1024) / 1e5 for i in range(65536)))
    with open(path, "wb", buffering=1 << 20) as file:
        file.write(struct.pack("<14id", 793712314, 12, dimension, 5, 5, 1, 5, 1, 3, 3, buckets, 2, 5, 100, 0.0))
        file.write(struct.pack("<3iqq", words + labels, words, labels, 1, -1))
        for i in range(words):
            file.write(b"w%d\0" % i + struct.pack("<qb", 1, 0))
        for i in range(labels):
            name = "".join(chr(97 + i // 26**k % 26) for k in range(3))
            file.write(b"__label__%s_Latn\0" % name.encode() + struct.pack("<qb", 1, 1))
        for rows in (words + buckets, labels):
            file.write(b"\0" + struct.pack("<qq", rows, dimension))
            left = rows * dimension * 4
            while left > 0:
                file.write(block[:left])
                left -= len(block)


def memory(pid):
    fields = {}
    with open(f"/proc/{pid}/smaps_rollup", encoding="ascii") as file:
        for line in file:
            if line.startswith(("Rss:", "Pss:", "Private_Dirty:")):
                fields[line.split(":")[0]] = int(line.split()[1]) / 1024
    return fields


def load(folder, full):
    """Wall seconds to the first answer, and the memory of two processes that each have scored the texts."""
    path = f"{folder}/large.bin"
    large_model(path)
    rows, starts = [], []
    for _ in range(5):
        start = time.monotonic()
        subprocess.run([shardify, "detect", "--language-model", path], input=b"one line of text\n", stdout=subprocess.DEVNULL, check=True)
        starts.append(time.monotonic() - start)
    command = [shardify, "detect", "--no-sample", "--language-model", path]
    processes = [subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL) for _ in range(2)]
    data = pathlib.Path(full).read_bytes()
    for process in processes:
        process.stdin.write(data)
        process.stdin.flush()
    time.sleep(5)
    found = [memory(process.pid) for process in processes]
    for process in processes:
        process.stdin.close()
        process.wait()
    rows.append(f"| file | {os.path.getsize(path) / 1e9:.2f} GB |")
    rows.append(f"| wall to the first answer, median of 5 (lowest, highest) | {statistics.median(starts):.2f} s ({min(starts):.2f}, {max(starts):.2f}) |")
    for name in ("Rss", "Pss", "Private_Dirty"):
        rows.append(f"| {name} of two processes after {MEGABYTES} MB of text each | {' + '.join(f'{f[name]:.0f}' for f in found)} MiB |")
    os.remove(path)
    return rows


def script_pass(folder, texts, rounds):
    if not os.access(evaluate, os.X_OK):
        print(f"script histogram skipped: no {evaluate}; run models/evaluate.sh", file=sys.stderr)
        return []
    gold = f"{folder}/gold"
    pathlib.Path(gold).write_bytes(b"".join(b"eng_Latn\t" + text + b"\n" for _, text in texts))
    found = []
    for _ in range(rounds):
        out = subprocess.run([evaluate, "-", gold], capture_output=True, check=True).stdout.decode()
        found.append(float(re.search(r"script pass alone ([0-9.]+)", out)[1]))
    return found


def main(corpus, report):
    rounds = int(os.environ.get("BENCH_ROUNDS", 7))
    with tempfile.TemporaryDirectory() as folder:
        full, empty = f"{folder}/texts", f"{folder}/empty"
        texts, others = documents(corpus, MEGABYTES)
        pathlib.Path(full).write_bytes(b"".join(text + b"\n" for _, text in texts))
        pathlib.Path(empty).write_bytes(texts[0][1] + b"\n")
        size = os.path.getsize(full)
        detect = [shardify, "detect", "--no-sample", "--jobs", "1"]
        commands = {"shardify, own model": detect, "shardify, own model, sampled": [*detect[:2], "--jobs", "1"],
                    "shardify, script only (detect --only-script)": [shardify, "detect", "--only-script", "--jobs", "1"]}
        ratios = []
        if shutil.which("fasttext"):
            small = os.environ.get("FASTTEXT_MODEL") or next(iter(glob.glob(f"{venvs}/*/lib/python*/site-packages/**/lid.176.ftz", recursive=True)), None)
            for model in filter(None, (small, dense_model(folder, others))):
                name = os.path.basename(model)
                commands[f"shardify, {name}"] = [*detect, "--language-model", model]
                commands[f"fasttext, {name}"] = ["fasttext", "predict-prob", model, "-", "1"]
                ratios.append((f"shardify, {name}", f"fasttext, {name}", 5))
        else:
            print("fasttext skipped: not installed", file=sys.stderr)
        if shutil.which("g++") and os.path.exists("/usr/include/cld2/public/compact_lang_det.h"):
            subprocess.run(["g++", "-O2", "-o", f"{folder}/cld2", str(here / "languages.cc"), "-lcld2"], check=True)
            commands["CLD2"] = [f"{folder}/cld2"]
            ratios.append(("shardify, own model", "CLD2", 2))
        else:
            print("CLD2 skipped: libcld2-dev or g++ not installed", file=sys.stderr)
        found = {name: [] for name in commands}
        for _ in range(rounds):
            for name, command in commands.items():
                spent = seconds(command, full) - seconds(command, empty)
                found[name].append(size / 1e6 / max(spent, 1e-3))
        rates = script_pass(folder, texts, rounds)
        lines = ["# Speed of language identification", "", f"`{pathlib.Path(report).name}` by `Benchmarks/languages.sh`. {len(texts)} documents cut to 2 KB, {size / 1e6:.1f} MB in all, "
                 f"as lines; one thread; medians of {rounds} interleaved rounds (lowest, highest); MB per CPU second, whole processes less their start. Load average {os.getloadavg()[0]:.1f}.", ""]
        lines += ["| program | MB per CPU second |", "|---|---|"]
        lines += [f"| {n} | {statistics.median(v):.1f} ({min(v):.1f}, {max(v):.1f}) |" for n, v in found.items()]
        if rates:
            lines.append(f"| shardify, script histogram in process | {statistics.median(rates):.0f} ({min(rates):.0f}, {max(rates):.0f}) |")
        lines += ["", "| ratio, median of the rounds' | found | wanted |", "|---|---|---|"]
        for ours, theirs, wanted in ratios:
            ratio = statistics.median(a / b for a, b in zip(found[ours], found[theirs]))
            lines.append(f"| {ours} to {theirs} | {ratio:.2f} | {wanted} |")
        lines += ["", "| a large fastText model | |", "|---|---|", *load(folder, full)]
        pathlib.Path(report).write_text("\n".join(lines) + "\n", encoding="utf-8")
        print("\n".join(lines) + f"\n\nresults: {report}")


if __name__ == "__main__":
    main(*sys.argv[1:])
