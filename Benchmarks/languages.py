#!/usr/bin/env python3
"""languages.py CORPUS.jsonl.zst [ROUNDS]: MB of text per CPU second of language identifiers, one thread.

Documents of the corpus cut to 2 KB, a line each, scored whole; interleaved rounds, medians; the time of an
empty input is taken off each. Needs Debian's fasttext, libcld2-dev and g++; what is missing is skipped.
FASTTEXT_MODEL names a model file for both fastText and shardify.
"""
import json
import os
import pathlib
import random
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile

here = pathlib.Path(__file__).resolve().parent
shardify = os.environ.get("SHARDIFY", str(here.parent / ".build/release/shardify"))


def documents(corpus, megabytes):
    texts = []
    with subprocess.Popen(["zstd", "-dc", corpus], stdout=subprocess.PIPE) as source:
        for line in source.stdout:
            text = json.loads(line)["text"].encode("utf-8", "surrogatepass")
            if len(text) >= 1500:
                cut = text[:2048].decode("utf-8", "ignore").encode()
                texts.append(b" ".join(cut.split()))
    random.Random(1).shuffle(texts)
    total = 0
    for text in texts:
        total += len(text)
        yield text
        if total > megabytes * 1_000_000:
            return


def seconds(command, path):
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    with open(path, "rb") as source:
        subprocess.run(command, stdin=source, stdout=subprocess.DEVNULL, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main():
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else 5
    with tempfile.TemporaryDirectory() as folder:
        full, empty = f"{folder}/texts", f"{folder}/empty"
        lines = list(documents(sys.argv[1], 20))
        pathlib.Path(full).write_bytes(b"".join(line + b"\n" for line in lines))
        pathlib.Path(empty).write_bytes(lines[0] + b"\n")
        size = os.path.getsize(full)
        commands = {
            "shardify": [shardify, "detect", "--no-sample", "--jobs", "1"],
            "shardify, script only": [shardify, "detect", "--only-script", "--jobs", "1"],
        }
        model = os.environ.get("FASTTEXT_MODEL")
        if model:
            commands["shardify, fastText model"] = [
                shardify, "detect", "--no-sample", "--jobs", "1", "--language-model", model]
            if shutil.which("fasttext"):
                commands["fasttext"] = ["fasttext", "predict-prob", model, "-", "1"]
        if shutil.which("g++") and os.path.exists("/usr/include/cld2/public/compact_lang_det.h"):
            subprocess.run(
                ["g++", "-O2", "-o", f"{folder}/cld2", str(here / "languages.cc"), "-lcld2"],
                check=True)
            commands["CLD2"] = [f"{folder}/cld2"]
        found = {name: [] for name in commands}
        for _ in range(rounds):
            for name, command in commands.items():
                spent = seconds(command, full) - seconds(command, empty)
                found[name].append(size / 1e6 / spent)
        for name, speeds in found.items():
            row = {"name": name, "mb_per_cpu_second": round(statistics.median(speeds), 2),
                   "lowest": round(min(speeds), 2), "highest": round(max(speeds), 2),
                   "bytes": size, "documents": len(lines), "rounds": rounds}
            print(json.dumps(row))


if __name__ == "__main__":
    main()
