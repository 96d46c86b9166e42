"""Times the training of tokenizers beside peers, and what parity does to languages.

training.py RESULTS.jsonl           (settings: Benchmarks/README.md; peers: Benchmarks/peers/install.sh)
training.py RESULTS.jsonl report    prints the results as Markdown

Text is cut from the shared corpus in an order fixed by a seed: 100 MB for BPE, 24 MB for Unigram, and 2 MB at the other end
that those do not see. For what training does to languages a tenth of the documents is held out, and measured; the rest is trained on.
"""

import json
import os
import random
import statistics
import subprocess
import sys

import measure
import settings

PEER = settings.PEERS + "/train_tokenizer.py"
BPE_BYTES = int(os.environ.get("BENCH_TRAIN_BPE_MB", "100")) * 1_000_000
UNIGRAM_BYTES = int(os.environ.get("BENCH_TRAIN_UNIGRAM_MB", "24")) * 1_000_000
HELD_BYTES = 2_000_000
VOCABULARY = 32_000
LABELS = ["--language-field", "lang", "--trust", "input"]


def cut(folder):
    """Cuts the inputs once; gives their paths."""
    names = {"bpe": BPE_BYTES, "unigram": UNIGRAM_BYTES}
    paths = {name: f"{folder}/train-{name}-{size}.jsonl" for name, size in names.items()}
    paths["held"] = f"{folder}/train-held-{HELD_BYTES}.jsonl"
    paths["most"], paths["tenth"] = f"{folder}/train-most.jsonl", f"{folder}/train-tenth.jsonl"
    if all(map(os.path.exists, paths.values())):
        return paths
    os.makedirs(folder, exist_ok=True)
    lines = subprocess.run(["zstd", "-dcq", settings.CORPUS], check=True,
                           stdout=subprocess.PIPE).stdout.splitlines(keepends=True)
    random.Random(1).shuffle(lines)
    for name, source, limit in (("bpe", lines, BPE_BYTES), ("unigram", lines, UNIGRAM_BYTES),
                                ("held", list(reversed(lines)), HELD_BYTES)):
        total = 0
        with open(paths[name] + ".new", "wb") as file:
            for line in source:
                total += len(json.loads(line)["text"].encode())
                if total > limit:
                    break
                file.write(line)
        os.rename(paths[name] + ".new", paths[name])
    tenth = len(lines) // 10
    for name, part in (("most", lines[:-tenth]), ("tenth", lines[-tenth:])):
        with open(paths[name] + ".new", "wb") as file:
            file.writelines(part)
        os.rename(paths[name] + ".new", paths[name])
    return paths


class Training:
    def __init__(self, path):
        self.file = open(path, "w")
        self.cpu = {}
        self.folder = settings.WORK + "/training"
        os.makedirs(self.folder, exist_ok=True)
        self.write({"about": settings.machine()})

    def write(self, row):
        self.file.write(json.dumps(row) + "\n")
        self.file.flush()

    def run(self, what, tool, command, round_number, **facts):
        try:
            taken = measure.run(command, env={"RAYON_NUM_THREADS": "1"})
        except (measure.CommandFailed, OSError) as error:
            print(f"FAILED {what} {tool}: {str(error)[-300:]}", flush=True)
            self.write({"measure": what, "tool": tool, "failed": str(error)[-300:]})
            return None
        self.cpu.setdefault((what, tool), []).append(taken.cpu_s)
        self.write({"measure": what, "tool": tool, "round": round_number, **taken.row(), **facts})
        print(f"  {what:8} {tool:22} cpu {taken.cpu_s:7.1f} s  wall {taken.wall_s:7.1f} s  rss "
              f"{taken.peak_rss_mb:6.0f} MB  load {taken.load1:.1f}", flush=True)
        return taken

    def shardify(self, what, tool, source, options, round_number):
        output = f"{self.folder}/{what}-{tool.replace(' ', '-')}.json"
        self.run(what, tool, [settings.SHARDIFY, "train-tokenizer", source, "--to", output, "--overwrite",
                              "--vocabulary-size", str(VOCABULARY), "--quiet", *options],
                 round_number)
        return output

    def peer(self, what, kind, source, round_number):
        python = settings.venv_python("tokenizers")
        if python is None:
            print(f"skipped: {kind} is not installed; run Benchmarks/peers/install.sh")
            return
        self.run(what, kind, [python, PEER, kind, source, str(VOCABULARY),
                              f"{self.folder}/{what}-{kind}"], round_number)

    def speed(self, paths):
        for round_number in range(1, settings.ROUNDS + 1):
            for tool, options in (("shardify", []), ("shardify huggingface",
                                                     ["--tie-rule", "huggingface"])):
                self.shardify("bpe", tool, paths["bpe"], ["--jobs", "1", *options], round_number)
            if round_number <= settings.PEER_ROUNDS:
                for kind in ("sp_bpe", "gigatoken_bpe", "hf_bpe"):
                    self.peer("bpe", kind, paths["bpe"], round_number)
            self.shardify("unigram", "shardify", paths["unigram"],
                          ["--kind", "unigram", "--jobs", "1", "--end-of-text", "none"],
                          round_number)
            if round_number <= settings.PEER_ROUNDS:
                self.peer("unigram", "sp_unigram", paths["unigram"], round_number)

    def quality(self, paths):
        """Bits and tokens on held-out text: shardify's Unigram and SentencePiece's."""
        python = settings.venv_python("tokenizers")
        if python is None:
            return
        own, peer = f"{self.folder}/unigram-shardify.json", f"{self.folder}/unigram-sp_unigram.model"
        for path in (own, peer):
            if os.path.exists(path):
                taken = measure.run([python, PEER, "score", paths["held"], path])
                row = json.loads(taken.stdout)
                self.write({"measure": "quality", **row})
                print("  quality", row, flush=True)

    def same_vocabulary(self):
        """Whether the tie rule of Hugging Face gave its trainer's vocabulary on the text of the timing."""
        models = []
        for tool in ("shardify-huggingface", "hf_bpe"):
            path = f"{self.folder}/bpe-{tool}.json"
            if not os.path.exists(path):
                return
            with open(path) as file:
                model = json.load(file)["model"]
            merges = [merge.split(" ") if isinstance(merge, str) else merge for merge in model["merges"]]
            models.append((model["vocab"], merges))
        row = {"measure": "equal", "ids": len(models[0][0]), "vocabulary": models[0][0] == models[1][0],
               "merges": models[0][1] == models[1][1]}
        self.write(row)
        print("  equal to Hugging Face's trainer:", row, flush=True)

    def parity(self, paths):
        made = []
        for tool, options in (
            ("bpe", []), ("bpe temperature 3.33", ["--temperature", "3.33", "--max-epochs", "none"]),
            ("bpe unimax", ["--unimax"]), ("bpe uniform", ["--uniform", "--max-epochs", "none"]),
            ("parity-bpe", ["--kind", "parity-bpe"]),
            ("parity-bpe hybrid", ["--kind", "parity-bpe", "--parity-warmup", "16000"]),
        ):
            made.append((tool, self.shardify("parity", tool, paths["most"], [*LABELS, *options], 1)))
        command = [settings.SHARDIFY, "tokenizer-report", paths["tenth"], *LABELS, "--json",
                   "--min-bytes", "10000"]
        for _, path in made:
            command += ["--tokenizer", path]
        report = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)
        for (tool, _), tokenizer in zip(made, report["tokenizers"]):
            self.write({"measure": "fairness", "tool": tool, **tokenizer["summary"]})
            print("  fairness", tool, tokenizer["summary"], flush=True)

def report(path):
    """A results file as Markdown."""
    rows = [json.loads(line) for line in open(path)]
    about = rows[0]["about"]
    lines = ["# Training tokenizers", "", ", ".join(f"{key}: {value}" for key, value in about.items()), "",
             "| work | tool | median CPU s | median wall s | most RSS MB | rounds |", "|---|---|---|---|---|---|"]
    timed = {}
    for row in rows:
        if "cpu_s" in row:
            timed.setdefault((row["measure"], row["tool"]), []).append(row)
    for (what, tool), runs in timed.items():
        middle = {key: statistics.median(run[key] for run in runs) for key in ("cpu_s", "wall_s")}
        lines.append(f"| {what} | {tool} | {middle['cpu_s']:.1f} | {middle['wall_s']:.1f} | "
                     f"{max(run['peak_rss_mb'] for run in runs):.0f} | {len(runs)} |")
    for what, title, columns in (
        ("quality", "Unigram on held-out text", ("model", "bytes", "tokens", "bytes_per_token", "byte_tokens",
                                                 "bits_per_byte")),
        ("fairness", "Languages: tokens for the same content (byte premiums) of held-out text, each language counting once",
         ("tool", "languages", "gini", "worst", "worst_to_best", "worst_to_reference", "mean_tokens_per_word",
          "mean_bytes_per_token", "bytes_per_token", "tokens")),
    ):
        found = [row for row in rows if row.get("measure") == what]
        if found:
            lines += ["", f"## {title}", "", "| " + " | ".join(columns) + " |", "|---" * len(columns) + "|"]
            for row in found:
                cells = [row.get(column) for column in columns]
                lines.append("| " + " | ".join(f"{cell:.4f}" if isinstance(cell, float) else str(cell)
                                               for cell in cells) + " |")
    lines += [f"\nEqual to Hugging Face's BpeTrainer with `--tie-rule huggingface`, {row['ids']} ids of 100 MB: vocabulary "
              f"{row['vocabulary']}, merges {row['merges']}." for row in rows if row.get("measure") == "equal"]
    lines += [f"\nFAILED {row['measure']} {row['tool']}: {row['failed']}" for row in rows if "failed" in row]
    return "\n".join(lines) + "\n"


def main():
    if len(sys.argv) > 2:
        print(report(sys.argv[1]), end="")
        return
    training = Training(sys.argv[1])
    paths = cut(settings.WORK + "/inputs")
    groups = os.environ.get("BENCH_TRAIN_ONLY", "speed,quality,parity").split(",")
    if "speed" in groups:
        training.speed(paths)
    if "quality" in groups:
        training.quality(paths)
        training.same_vocabulary()
    if "parity" in groups:
        training.parity(paths)


main()
