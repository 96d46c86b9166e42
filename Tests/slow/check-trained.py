"""Trains with shardify and with Hugging Face's tokenizers, and compares merges and ids.

check-trained.py SHARDIFY CORPUS-FOLDER WORK SEED
"""

import json
import os
import pathlib
import random
import subprocess
import sys

from tokenizers import Regex, Tokenizer, models, pre_tokenizers, trainers

shardify, corpus, work, seed = sys.argv[1:]
os.makedirs(work, exist_ok=True)
rng = random.Random(int(seed))
files = sorted(str(path) for path in pathlib.Path(corpus).rglob("*") if path.suffix == ".jsonl")
texts = [json.loads(line)["text"] for path in files for line in open(path, encoding="utf-8")]
assert texts, "no JSONL in the corpus"
problems = 0


def train(name, *options):
    path = f"{work}/{name}.json"
    command = [shardify, "train-tokenizer", *files, "--to", path, "--overwrite", "--quiet", *options]
    subprocess.run(command, check=True)
    return path


def check(what, ok):
    global problems
    if not ok:
        problems += 1
        print(f"    FAILED: {what}")


def merges(path):
    model = json.load(open(path, encoding="utf-8"))["model"]
    return model["vocab"], [tuple(m) if isinstance(m, list) else tuple(m.split(" ")) for m in model["merges"]]


def same_as_trainer(size, pattern, minimum):
    name = f"hf-{pattern}-{size}-{minimum}"
    own = train(name, "--tie-rule", "huggingface", "--pattern", pattern, "--vocabulary-size", str(size),
                "--min-frequency", str(minimum), "--max-token-bytes", "65535")
    regex = json.load(open(f"{work}/{name}.report.json"))["regex"]
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([
        pre_tokenizers.Split(Regex(regex), "isolated"),
        pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)])
    tokenizer.train_from_iterator(texts, trainers.BpeTrainer(
        vocab_size=size, min_frequency=minimum, special_tokens=["<|endoftext|>"],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False))
    tokenizer.save(f"{work}/{name}.theirs.json")
    (mine, my_merges), (theirs, their_merges) = merges(own), merges(f"{work}/{name}.theirs.json")
    check(f"{name}: vocabulary", mine == theirs)
    check(f"{name}: merges", my_merges == their_merges)
    print(f"    {name}: {len(my_merges)} merges compared")


def strings(path, count):
    vocabulary = json.load(open(path, encoding="utf-8"))["model"]["vocab"]
    tokens = list(vocabulary) if isinstance(vocabulary, dict) else [piece for piece, _ in vocabulary]
    for number in range(count):
        kind = number % 4
        if kind == 0:
            text = rng.choice(texts)
            start = rng.randrange(len(text))
            yield text[start:start + rng.randrange(1, 200)]
        elif kind == 1:
            yield "".join(rng.choice(tokens) for _ in range(rng.randrange(1, 12)))
        elif kind == 2:
            yield "".join(chr(rng.choice([rng.randrange(1, 0x250), rng.randrange(0x370, 0x1FFF),
                                          rng.randrange(0x3000, 0xD7FF), rng.randrange(0x1F300, 0x1FAFF)]))
                          for _ in range(rng.randrange(1, 30)))
        else:
            yield "".join(rng.choice(" \n\t a1.'▁<>") for _ in range(rng.randrange(1, 30)))


def same_ids(path, count):
    tokenizer = Tokenizer.from_file(path)
    samples = [text.replace("\0", "") for text in strings(path, count)]
    # Text that spells a special token is ordinary text for shardify; Hugging Face finds it.
    samples = [text for text in samples if text and not any(
        name in text for name in ("<|", "<unk>", "[X]", "<pad>"))]
    lines = "".join(json.dumps({"text": text}) + "\n" for text in samples)
    out = subprocess.run([shardify, "encode", "--tokenizer", path], input=lines.encode(), check=True,
                         stdout=subprocess.PIPE).stdout.decode().splitlines()
    check(f"{path}: answers", len(out) == len(samples))
    bad = 0
    for text, line in zip(samples, out):
        theirs = tokenizer.encode(text, add_special_tokens=False).ids
        if json.loads(line) != theirs:
            bad += 1
            if bad == 1:
                print(f"    {path}: {text!r}: {line} and {theirs}")
    check(f"{path}: {bad} of {len(samples)} strings differ", bad == 0)
    print(f"    {os.path.basename(path)}: {len(samples)} strings compared")


for size, pattern, minimum in ((2000, "gpt2", 2), (6000, "o200k", 2), (3000, "qwen2", 5), (1200, "cl100k", 1)):
    same_as_trainer(size, pattern, minimum)
labels = ("--language-field", "lang", "--trust", "input")


def random_settings():
    """Options of one tokenizer: kind, size, pattern, special tokens, weights, limits."""
    kind = rng.choice(("bpe", "bpe", "parity-bpe", "unigram", "unigram"))
    # Unigram needs an id for each of the corpus's 2,086 characters and for bytes and special tokens.
    least = 2600 if kind == "unigram" else 1500
    options = ["--kind", kind, "--vocabulary-size", str(rng.randrange(least, 5000))]
    if kind == "unigram":
        options += ["--character-coverage", rng.choice(("0.98", "0.9995", "1"))]
    else:
        options += ["--pattern", rng.choice(("gpt2", "cl100k", "qwen2", "o200k", "kimi")),
                    "--min-frequency", str(rng.randrange(1, 6)),
                    "--max-token-bytes", str(rng.choice((8, 24, 128)))]
    if kind == "bpe":
        options += ["--tie-rule", rng.choice(("shortest", "huggingface"))]
    if rng.random() < 0.5:
        options += ["--special-token", "[X]", "--special-token", "<pad>"]
    if kind == "parity-bpe" or rng.random() < 0.5:
        options += labels
        if rng.random() < 0.5:
            options += ["--temperature", rng.choice(("1.5", "3", "5"))]
    return options
for path in (train("bpe", "--vocabulary-size", "3000", "--temperature", "3", *labels),
             train("parity", "--kind", "parity-bpe", "--vocabulary-size", "3000", *labels),
             train("unigram", "--kind", "unigram", "--vocabulary-size", "3000")):
    same_ids(path, 10_000)
for number in range(int(os.environ.get("TRAINED", "20"))):
    chosen = random_settings()
    print(f"    trained {number}: {' '.join(chosen)}")
    same_ids(train(f"random-{number}", *chosen), 2000)
sys.exit(1 if problems else 0)
