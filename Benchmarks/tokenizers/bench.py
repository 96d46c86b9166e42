"""Times tokenizers side by side, interleaved; writes one JSON line a run.

bench.py RESULTS.jsonl    (settings: Benchmarks/README.md)
"""

import json
import os
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.dirname(HERE))
import settings  # noqa: E402

BENCHMARK = settings.under_root(
    "TOKENIZE_BENCHMARK", ".build/release/TokenizeBenchmark")
WORK = os.path.join(settings.WORK, "tokenizers")
VOCABULARIES, CORPORA = os.path.join(WORK, "vocabs"), os.path.join(WORK, "corpora")
GROUPS = settings.setting("BENCH_TOKENIZERS", "ids,halves,warm,script,models,hard,threads").split(",")
MEGABYTES = float(settings.setting("BENCH_MEGABYTES", "100"))
BPE = {
    "gpt2": ("gpt2/r50k_base.tiktoken", "gpt2"),
    "cl100k": ("cl100k_base/cl100k_base.tiktoken", "cl100k"),
    "o200k": ("o200k_base/o200k_base.tiktoken", "o200k"),
    "qwen2": ("qwen2/tokenizer.gen.json", None)}
MODELS = {
    "uni_mix": ("uni_mix/tokenizer.model", ("sentencepiece", "gigatoken", "hf")),
    "bpe_mix": ("bpe_mix/tokenizer.model", ("sentencepiece", "gigatoken")),
    "mistral_v1": ("mistral_v1/tokenizer.model", ("sentencepiece", "gigatoken")),
    "mbert": ("mbert/tokenizer.json", ("hf",))}


def peers_of(name):
    """fastokens refuses the tokenizer.json of cl100k and o200k that is made from their ranks."""
    return ("gigatoken", "tiktoken") + (("fastokens",) if name in ("gpt2", "qwen2") else ())


def jobs():
    """(group, setting, tool, corpus, megabytes, mode, passes)"""
    mix = "mix"
    for name in BPE:
        for tool in ("shardify",) + peers_of(name):
            yield "halves", name, tool, mix, MEGABYTES, "halves", 2
        for tool in ("shardify", "gigatoken"):
            yield "warm", name, tool, mix, MEGABYTES / 4, "passes", 2
    for script in ("ascii", "latin", "cyrillic", "arabic", "devanagari", "thai", "cjk", "hangul"):
        for tool in ("shardify", "gigatoken", "bpe_openai", "tiktoken"):
            yield "script", f"cl100k {script}", tool, f"script_{script}", 3, "passes", 1
        for tool in ("shardify", "gigatoken", "fastokens"):
            yield "script", f"qwen2 {script}", tool, f"script_{script}", 3, "passes", 1
    for name, (_, peers) in MODELS.items():
        for tool in ("shardify",) + peers:
            yield "models", name, tool, mix, min(MEGABYTES, 3 if tool == "hf" else 6), "passes", 1
    for case in ("spaces", "letters", "han"):
        for name in BPE:
            yield "hard", f"{name} {case}", "shardify", case, 1, "passes", 2
    for threads in (1, 2):
        yield "threads", f"cl100k {threads}", "shardify", mix, MEGABYTES / 2, "passes", threads


# Whose ids count for each file: the program that its format is of.
REFERENCES = {"gpt2": "tiktoken", "cl100k": "tiktoken", "o200k": "tiktoken", "qwen2": "hf",
              "uni_mix": "sentencepiece", "bpe_mix": "sentencepiece",
              "mistral_v1": "sentencepiece", "mbert": "hf"}


def id_jobs():
    """(setting, tool, megabytes): the texts that `halves` and `models` time."""
    for name in BPE:
        for tool in dict.fromkeys((REFERENCES[name], *peers_of(name))):
            yield name, tool, MEGABYTES
        if name == "qwen2":
            yield name, "tiktoken of NFC", MEGABYTES
    for name, (_, peers) in MODELS.items():
        for tool in peers:
            yield name, tool, min(MEGABYTES, 3 if tool == "hf" else 6)


def compare_ids(write):
    """Compares ids document by document, shardify's with each peer's; once, not timed."""
    ours = os.path.join(WORK, "ids-shardify")
    theirs = os.path.join(WORK, "ids-peer")
    known = None
    for setting, tool, megabytes in id_jobs():
        row = {"group": "ids", "setting": setting, "tool": tool,
               "reference": tool == REFERENCES[setting]}
        try:
            if known != (setting, megabytes):
                known = None
                write_ids(command("ids", setting, "shardify", "mix", megabytes, "", 1), ours)
                known = setting, megabytes
            write_ids(command("ids", setting, tool, "mix", megabytes, "ids", 1), theirs)
            row.update(difference(ours, theirs))
        except (subprocess.CalledProcessError, ValueError) as error:
            lines = (getattr(error, "stderr", "") or str(error)).strip().splitlines()
            row["failed"] = lines[-1][:200] if lines else "no output"
        write(row)
        print(f"ids {setting} {tool}: " + (
            row.get("failed") or f"{row['differ']} of {row['documents']} documents differ"),
            flush=True)
    for path in (ours, theirs):
        if os.path.exists(path):
            os.remove(path)


def write_ids(run, path):
    with open(path, "w") as file:
        subprocess.run(run, stdout=file, stderr=subprocess.PIPE, text=True, check=True)


def difference(ours, theirs):
    """How many lines of two files of ids differ, and where the first two that do part."""
    documents, differ, first = 0, 0, None
    with open(ours) as mine, open(theirs) as other:
        for documents, (a, b) in enumerate(zip(mine, other, strict=True), 1):
            if a == b:
                continue
            differ += 1
            if first is None:
                a, b = a.split(), b.split()
                place = next((i for i, (x, y) in enumerate(zip(a, b)) if x != y),
                             min(len(a), len(b)))
                first = {"document": documents - 1, "place": place,
                         "shardify": list(map(int, a[place:place + 6])),
                         "theirs": list(map(int, b[place:place + 6]))}
    return {"documents": documents, "differ": differ, "first": first}


def command(group, setting, tool, corpus, megabytes, mode, passes):
    name = setting.split()[0]
    path = f"{CORPORA}/{corpus}.jsonl"
    if tool != "shardify":
        python = settings.venv_python("tokenizers")
        return [python, "-B", os.path.join(HERE, "peer.py"), tool, name, VOCABULARIES, path,
                str(megabytes), mode, str(passes)]
    file, pattern = BPE[name] if name in BPE else (MODELS[name][0], None)
    threads = passes if group == "threads" else 1
    return [BENCHMARK, f"{VOCABULARIES}/{file}", corpus if group == "hard" else path,
            "--max-mb", str(megabytes), "--threads", str(threads),
            *(["--pattern", pattern] if pattern else []), *(["--ids"] if group == "ids" else []),
            *(["--halves"] if mode == "halves" else
              ["--passes", "1" if group == "threads" else str(passes)])]


def prepare():
    for needed, how in ((BENCHMARK, "run `make build`"), (settings.CORPUS, "set BENCH_DATA")):
        if not os.path.exists(needed):
            settings.skip(f"{needed} is not there; {how}")
    if settings.venv_python("tokenizers") is None:
        settings.skip("the peers are not installed; run Benchmarks/peers/install.sh")
    source = os.path.join(settings.DATA, "tokenizers/vocabs")
    for folder in sorted(os.listdir(source)):
        os.makedirs(f"{VOCABULARIES}/{folder}", exist_ok=True)
        for file in sorted(os.listdir(f"{source}/{folder}")):
            target = f"{VOCABULARIES}/{folder}/{file.removesuffix('.zst')}"
            if not os.path.exists(target):
                subprocess.run(["zstd", "-dqf", f"{source}/{folder}/{file}", "-o", target],
                               check=True)
    if not os.path.exists(f"{CORPORA}/script_hangul.jsonl"):
        print("cutting the corpus ...", flush=True)
        subprocess.run([sys.executable, "-B", os.path.join(HERE, "corpora.py"), settings.CORPUS,
                        CORPORA], check=True)


def main(results):
    prepare()
    with open(results, "w") as file:
        def write(row):
            file.write(json.dumps(row) + "\n")
            file.flush()
        write({"about": {**settings.machine(), "tokenizer": "several"}})
        if "ids" in GROUPS:
            compare_ids(write)
        for number in range(settings.ROUNDS):
            for job in jobs():
                group, setting, tool, _, _, _, _ = job
                if group not in GROUPS or tool == "hf" and number >= settings.PEER_ROUNDS:
                    continue
                run = command(*job)
                if group != "threads":
                    run = ["taskset", "-c", settings.setting("BENCH_CPU", "0"), *run]
                row = {"group": group, "setting": setting, "tool": tool, "round": number,
                       "load": round(os.getloadavg()[0], 1)}
                try:
                    done = subprocess.run(run, capture_output=True, text=True, timeout=900)
                    row.update(json.loads(done.stdout.strip().splitlines()[-1]))
                except (subprocess.TimeoutExpired, ValueError, IndexError):
                    row["failed"] = (done.stderr.strip().splitlines() or ["no output"])[-1][:200]
                write(row)
                print(f"round {number + 1} {group} {setting} {tool}: " + (
                    row.get("failed") or f"{row['mb0'] / row['cpu0']:.1f} MB per CPU second"),
                    flush=True)


main(sys.argv[1])
