"""The group `data`: writing datasets from a store, beside peers that are given the same ids ready.

What the peers take is the writing alone, by their own clock: start, imports and reading of the ids are off. shardify's is the whole
process, with its start and the planning.
"""

import glob
import gzip
import json
import os
import shutil
import subprocess

import measure
import settings

LANGUAGES = ("eng_Latn", "deu_Latn", "rus_Cyrl", "zho_Hans", "jpn_Jpan", "arb_Arab", "hin_Deva",
             "tha_Thai", "tur_Latn", "amh_Ethi")


def write(bench, round_number, store):
    """Writing against zstd, and against the peers' writers."""
    for level in ("3", "1"):
        dataset = bench.shardify_balance(
            f"jobs 1, level {level}",
            ["--temperature", "3.33", "--jobs", "1", "--compression-level", level], round_number,
            f"data-{level}", store, "data")
    raw, packed = settings.WORK + "/data-raw.bin", settings.WORK + "/data-raw.zst"
    if dataset is None:
        return
    measure.run(["zstd", "-dcq", *settings.shard_files(dataset)], stdout=raw)
    tokens = os.path.getsize(raw) // 2
    for setting, command, stdout in (
        ("-1 to a file", ["zstd", "-1", "-qf", "--single-thread", raw, "-o", packed], None),
        ("-d to nowhere", ["zstd", "-dcq", "--single-thread", packed], "/dev/null"),
    ):
        bench.run("data", "zstd", setting, command, round_number, stdout=stdout, tokens=tokens)
    if round_number > settings.PEER_ROUNDS:
        return
    # A fixed part for the peers, which are slow: the first 20 million ids, whole documents.
    part = settings.WORK + "/data-part.bin"
    with open(raw, "rb") as source, open(part, "wb") as target:
        target.write(source.read(40_000_000))
    for name, script, options in (
        ("mds", "mds_ids.py", []),
        ("datatrove", "datatrove_merge.py", [end_of_text(store)]),
    ):
        python = settings.venv_python(name)
        if python is None:
            bench.skip(f"{name} is not installed; run Benchmarks/peers/install.sh")
            continue
        bench.run("data", name, "ready ids",
                  [python, f"{settings.PEERS}/{script}", part, *options,
                   bench.fresh(f"data-{name}")], round_number)


def end_of_text(store):
    """The end-of-text id of a store."""
    shown = subprocess.run(
        [settings.SHARDIFY, "inspect", os.path.join(settings.WORK, store), "--json"],
        capture_output=True, text=True, check=True).stdout
    return str(json.loads(shown)["end_of_text_id"])


def sizes(bench, store):
    """Bytes a token on disk by language, at three levels, beside other forms of the same ids."""
    python = settings.venv_python("mds")
    for language in LANGUAGES:
        row = {}
        for level in ("1", "3", "9"):
            dataset = bench.fresh("data-size")
            done = subprocess.run(
                [settings.SHARDIFY, "balance", os.path.join(settings.WORK, store), "--to", dataset,
                 "--include", language, "--budget", "2M", "--max-epochs", "none", "--shards", "1",
                 "--compression-level", level, "--quiet"], capture_output=True, text=True)
            if done.returncode != 0:
                bench.skip(f"sizes of {language}: {done.stderr.strip()[-200:]}")
                break
            files = settings.shard_files(dataset)
            raw = subprocess.run(["zstd", "-dcq", *files], capture_output=True, check=True).stdout
            row[f"shardify level {level}"] = sum(map(os.path.getsize, files)) / (len(raw) / 2)
        else:
            row["gzip -6 of ids"] = len(gzip.compress(raw, 6)) / (len(raw) / 2)
            # Megatron's .bin is the ids as they are; its .idx adds 20 bytes a document.
            row["Megatron bin"] = 2.0
            if python:
                ids = settings.WORK + "/data-size.bin"
                with open(ids, "wb") as file:
                    file.write(raw)
                out = bench.fresh("data-mds")
                done = measure.run([python, f"{settings.PEERS}/mds_ids.py", ids, out])
                taken = json.loads(done.stdout.strip().splitlines()[-1])
                row["MDS zstd:3"] = taken["size_bytes"] / taken["tokens"]
            bench.write({"measure": "data", "tool": "size", "language": language,
                         "bytes_per_token": {key: round(value, 4) for key, value in row.items()}})
            print(f"  {language} " + "  ".join(f"{k} {v:.3f}" for k, v in row.items()), flush=True)


def second(bench, round_number, store):
    """Another mixture from a store that is there."""
    bench.shardify_balance("alpha 0.5, jobs 1", ["--alpha", "0.5", "--jobs", "1"], round_number,
                           "data-second", store, "data")


def memory(bench):
    """Peak memory of ingest and balance on a slice once, three and ten times."""
    piece = settings.INPUTS + "/slice.jsonl"
    if not os.path.exists(piece):
        return bench.skip("memory of the slice: no slice in BENCH_WORK")
    folder = bench.fresh("data-copies")
    os.makedirs(folder)
    with open(piece, "rb") as file:
        lines = file.read()
    for copy in range(10):
        # Another text in every copy, so that no document is a duplicate of another.
        with open(f"{folder}/{copy}.jsonl", "wb") as file:
            file.write(lines.replace(b'"text": "', b'"text": "%d ' % copy)
                       .replace(b'"text":"', b'"text":"%d ' % copy))
    for times in (1, 3, 10):
        inputs = [f"{folder}/{copy}.jsonl" for copy in range(times)]
        store = f"data-store-{times}"
        if bench.shardify_ingest(f"slice {times} times, ingest", inputs, [], 0, 1, store, "data"):
            bench.shardify_balance(f"slice {times} times, balance", ["--temperature", "3.33"], 1,
                                   "data-memory", store, "data")
        shutil.rmtree(os.path.join(settings.WORK, store), ignore_errors=True)
    shutil.rmtree(folder, ignore_errors=True)


def run(bench, rounds):
    """The whole group; the store is that of the group `ingest`, or BENCH_STORE."""
    store = os.environ.get("BENCH_STORE") or "store"
    if not glob.glob(os.path.join(settings.WORK, store, "catalog.sqlite")):
        return bench.skip("data: there is no store; BENCH_ONLY needs ingest, or set BENCH_STORE")
    for round_number in range(1, rounds + 1):
        write(bench, round_number, store)
        second(bench, round_number, store)
    sizes(bench, store)
    memory(bench)
