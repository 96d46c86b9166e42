"""Compares shardify's ids with those of tokenizers, tiktoken and sentencepiece on random strings.

tokenizer-parity.py SHARDIFY DATA FIXTURE WORK SEED STRINGS TRAINED

DATA: the shared tokenizers folder (may be missing: then only freshly trained ones are compared).
FIXTURE: JSONL with texts to train on. STRINGS a tokenizer; TRAINED tokenizers of random settings.
"""

import json
import os
import random
import subprocess
import sys

import sentencepiece
import tiktoken
import tokenizers
from tiktoken.load import load_tiktoken_bpe

GPT2 = r"'(?:[sdmt]|ll|ve|re)| ?\p{L}++| ?\p{N}++| ?[^\s\p{L}\p{N}]++|\s++$|\s+(?!\S)|\s"
CL100K = (r"'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}++|\p{N}{1,3}+| ?[^\s\p{L}\p{N}]++[\r\n]*+"
          r"|\s++$|\s*[\r\n]|\s+(?!\S)|\s")
UPPER, LOWER = r"[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]", r"[\p{Ll}\p{Lm}\p{Lo}\p{M}]"
SUFFIX = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)?"
O200K = "|".join((
    rf"[^\r\n\p{{L}}\p{{N}}]?{UPPER}*{LOWER}+{SUFFIX}",
    rf"[^\r\n\p{{L}}\p{{N}}]?{UPPER}+{LOWER}*{SUFFIX}",
    r"\p{N}{1,3}", r" ?[^\s\p{L}\p{N}]+[\r\n/]*", r"\s*[\r\n]+", r"\s+(?!\S)", r"\s+"))
# A regex of nobody's: given as it is, and matched by backtracking; digits and the like have no ids.
CUSTOM = r" ?(?i:the|and)|\p{Lu}\p{Ll}*+|[^\s\p{L}\p{N}]{2,}?|\s*[\r\n]|(?:\p{L}\p{M}*)+(?=\s|$)|\p{L}"
RANKS = (
    ("gpt2/r50k_base.tiktoken", "r50k", GPT2), ("p50k_base/p50k_base.tiktoken", "p50k", GPT2),
    ("cl100k_base/cl100k_base.tiktoken", "cl100k", CL100K),
    ("o200k_base/o200k_base.tiktoken", "o200k", O200K),
    ("cl100k_base/cl100k_base.tiktoken", CL100K, CL100K),
    ("gpt2/r50k_base.tiktoken", CUSTOM, CUSTOM))
BLOCKS = [start for start in range(0, 0x32000, 0x80) if not 0xD800 <= start < 0xE000] + [0xE0000]


class Strings:
    """Random strings: tokens of a vocabulary, every block of Unicode, spaces, noise."""

    def __init__(self, seed, vocabulary):
        self.random = random.Random(seed)
        self.vocabulary = [text for text in vocabulary if text] or ["a"]

    def part(self, number):
        pick = self.random.random()
        if pick < 0.45:
            return self.random.choice(self.vocabulary)
        if pick < 0.7:
            start = BLOCKS[number % len(BLOCKS)]
            return "".join(chr(start + self.random.randrange(128))
                           for _ in range(self.random.randrange(1, 6)))
        if pick < 0.85:
            return "".join(self.random.choice(" \n\t\r \u00a0\u3000\u2028'/0123.,") for _ in range(
                self.random.randrange(1, 6)))
        if pick < 0.95:
            return self.random.randbytes(self.random.randrange(1, 12)).decode("utf-8", "replace")
        return self.random.choice(self.vocabulary) * self.random.randrange(2, 30)

    def next(self, number):
        parts = [self.part(number + place) for place in range(self.random.randrange(1, 9))]
        text = self.random.choice(("", " ")).join(parts).replace("\0", "")
        return text.encode("utf-8", "ignore").decode()


def byte_alphabet():
    """GPT-2's letters for bytes, back to the bytes."""
    plain = [*range(33, 127), *range(161, 173), *range(174, 256)]
    rest = [byte for byte in range(256) if byte not in plain]
    return {chr(byte): byte for byte in plain} | {
        chr(256 + place): byte for place, byte in enumerate(rest)}


ALPHABET = byte_alphabet()


def as_text(piece):
    if all(letter in ALPHABET for letter in piece):
        decoded = bytes(ALPHABET[letter] for letter in piece).decode("utf-8", "ignore")
        if decoded:
            return decoded
    return piece.replace("\u2581", " ").removeprefix("##")


class Reference:
    """One tokenizer: the file shardify reads, and the ids it should give."""

    def __init__(self, path, pattern=None, regex=None):
        self.path, self.pattern = path, pattern
        if path.endswith(".tiktoken"):
            ranks = load_tiktoken_bpe(path)
            encoding = tiktoken.Encoding(
                "reference", pat_str=regex, mergeable_ranks=ranks, special_tokens={})
            self.encode = encoding.encode_ordinary
            self.vocabulary = [token.decode("utf-8", "ignore") for token in ranks]
        elif path.endswith(".model"):
            processor = sentencepiece.SentencePieceProcessor(model_file=path)
            self.encode = processor.encode
            self.vocabulary = [
                as_text(processor.id_to_piece(index)) for index in range(len(processor))]
        else:
            tokenizer = tokenizers.Tokenizer.from_file(path)
            tokenizer.no_padding()
            tokenizer.no_truncation()
            self.encode = lambda text: tokenizer.encode(text, add_special_tokens=False).ids
            self.vocabulary = [as_text(token) for token in tokenizer.get_vocab()]
        self.vocabulary.sort()


def compare(shardify, reference, name, seed, count):
    """Whether all strings have equal ids; prints the first three that do not."""
    strings = Strings(seed, reference.vocabulary)
    texts = [strings.next(number) for number in range(count)]
    # Long ones, in which sums of scores become large.
    for joint in (" ", ""):
        texts.append(joint.join(strings.next(number) for number in range(6000)))
    command = [shardify, "encode", "--tokenizer", reference.path]
    if reference.pattern:
        command += ["--pattern", reference.pattern]
    if reference.path.endswith(".json"):
        command.append("--special")
    lines = "".join(json.dumps({"text": text}) + "\n" for text in texts)
    done = subprocess.run(command, input=lines, capture_output=True, text=True)
    found = done.stdout.splitlines()
    if done.returncode != 0 or len(found) != len(texts):
        print(f"{name}: shardify failed: {done.stderr.strip()}")
        return False
    wrong = 0
    for text, line in zip(texts, found):
        ids, expected = json.loads(line), list(reference.encode(text))
        if ids == expected:
            continue
        wrong += 1
        if wrong <= 3 and len(text) > 5000:
            print(f"{name}: a text of {len(text)} characters")
        elif wrong <= 3:
            place = next((i for i, (a, b) in enumerate(zip(ids, expected)) if a != b),
                         min(len(ids), len(expected)))
            print(f"{name}: text {text!r}\n  ids      {ids}\n  expected {expected}\n"
                  f"  first difference at {place}")
    print(f"{name}: {len(texts) - wrong} of {len(texts)} equal", flush=True)
    return wrong == 0


def texts_of(path):
    with open(path, encoding="utf-8") as file:
        return [text for line in file if (text := json.loads(line).get("text"))]


def train_hf(path, texts, random_):
    """A tokenizer of Hugging Face's trainers with random settings."""
    from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers
    kind = random_.choice(("bytes", "bytes", "bpe", "wordpiece", "unigram"))
    size = random_.randrange(400, 3000)
    special = random_.sample(["<s>", "<|end|>", "[X]", "<pad>"], random_.randrange(0, 3))
    forms = [normalizers.NFC(), normalizers.NFKC(), normalizers.NFD(), normalizers.Lowercase()]
    tokenizer = None
    if kind == "bytes":
        tokenizer = Tokenizer(models.BPE())
        steps = [pre_tokenizers.ByteLevel(
            add_prefix_space=random_.random() < 0.3, use_regex=random_.random() < 0.8)]
        if random_.random() < 0.4:
            steps.insert(0, pre_tokenizers.Digits(individual_digits=random_.random() < 0.5))
        tokenizer.pre_tokenizer = pre_tokenizers.Sequence(steps)
        tokenizer.decoder = decoders.ByteLevel()
        trainer = trainers.BpeTrainer(
            vocab_size=size, special_tokens=special, show_progress=False,
            initial_alphabet=pre_tokenizers.ByteLevel.alphabet())
    elif kind == "bpe":
        tokenizer = Tokenizer(models.BPE(unk_token="<unk>", fuse_unk=random_.random() < 0.5))
        tokenizer.pre_tokenizer = random_.choice(
            (pre_tokenizers.Whitespace(), pre_tokenizers.Metaspace(),
             pre_tokenizers.WhitespaceSplit()))
        trainer = trainers.BpeTrainer(
            vocab_size=size, special_tokens=["<unk>", *special], show_progress=False,
            limit_alphabet=random_.choice((60, 300)),
            **random_.choice(({}, {"end_of_word_suffix": "</w>"})))
    elif kind == "wordpiece":
        tokenizer = Tokenizer(models.WordPiece(unk_token="[UNK]"))
        tokenizer.normalizer = normalizers.BertNormalizer(
            lowercase=random_.random() < 0.5, strip_accents=random_.choice((None, True, False)))
        tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
        trainer = trainers.WordPieceTrainer(
            vocab_size=size, special_tokens=["[UNK]", *special], show_progress=False)
    else:
        tokenizer = Tokenizer(models.Unigram())
        tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(
            prepend_scheme=random_.choice(("always", "first", "never")))
        size += len(set("".join(texts)))
        trainer = trainers.UnigramTrainer(
            vocab_size=size, special_tokens=["<unk>", *special], unk_token="<unk>",
            show_progress=False)
    if kind != "wordpiece" and random_.random() < 0.5:
        tokenizer.normalizer = random_.choice(forms)
    tokenizer.train_from_iterator(texts, trainer)
    tokenizer.save(path)
    return f"HF {kind} {size}"


def train_sentencepiece(path, texts, random_):
    kind = random_.choice(("unigram", "bpe"))
    settings = dict(
        model_type=kind, vocab_size=len(set("".join(texts))) + random_.randrange(800, 3000),
        character_coverage=random_.choice((0.98, 0.9995)),
        byte_fallback=random_.random() < 0.5, split_digits=random_.random() < 0.5,
        normalization_rule_name=random_.choice(("nmt_nfkc", "identity", "nfkc_cf", "nfkc")),
        add_dummy_prefix=random_.random() < 0.7,
        remove_extra_whitespaces=random_.random() < 0.7,
        split_by_whitespace=random_.random() < 0.8,
        user_defined_symbols=random_.sample(["<x>", "[USR]", "\u3042\u3044"], random_.randrange(0, 3)))
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(texts), model_prefix=path.removesuffix(".model"),
        hard_vocab_limit=False, minloglevel=2, num_threads=1, **settings)
    return f"sentencepiece {kind} {settings}"


def main(shardify, data, fixture, work, seed, count, trained):
    seed, count, trained = int(seed), int(count), int(trained)
    vocabularies, passed, total = os.path.join(work, "vocabs"), 0, 0
    if os.path.isdir(os.path.join(data, "vocabs")):
        for folder, _, files in sorted(os.walk(os.path.join(data, "vocabs"))):
            name = os.path.basename(folder)
            for file in sorted(files):
                if not file.endswith((".json.zst", ".model.zst", ".tiktoken.zst")):
                    continue
                if file.startswith("encoder"):
                    continue
                os.makedirs(os.path.join(vocabularies, name), exist_ok=True)
                subprocess.run(
                    ["zstd", "-dqf", os.path.join(folder, file), "-o",
                     os.path.join(vocabularies, name, file.removesuffix(".zst"))], check=True)
        known = [(file, None, None) for folder in sorted(os.listdir(vocabularies))
                 for name in sorted(os.listdir(os.path.join(vocabularies, folder)))
                 if not (file := f"{folder}/{name}").endswith(".tiktoken")]
        for file, pattern, regex in [*RANKS, *known]:
            path = os.path.join(vocabularies, file)
            total += 1
            passed += compare(shardify, Reference(path, pattern, regex), file, seed, count)
    else:
        print(f"no {data}: only freshly trained tokenizers are compared")
    texts = [line for text in texts_of(fixture) for line in text.splitlines() if line.strip()]
    random_ = random.Random(seed)
    for number in range(trained):
        is_hf = number % 5 != 4 and number % 5 != 3
        path = os.path.join(work, f"trained-{number}." + ("json" if is_hf else "model"))
        train = train_hf if is_hf else train_sentencepiece
        name = f"trained {number}: " + train(path, texts, random_)
        total += 1
        passed += compare(shardify, Reference(path), name, seed + number, count)
    print(f"{passed} of {total} tokenizers equal")
    return 0 if passed == total else 1


sys.exit(main(*sys.argv[1:]))
