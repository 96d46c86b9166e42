"""Runs one peer over one corpus in a fresh process, one thread, and prints one JSON line.

peer.py PEER TOKENIZER VOCABULARIES CORPUS MEGABYTES passes|halves|ids PASSES

With `ids`, prints the ids of each document instead, a line for each. The peer `tiktoken of NFC` is tiktoken,
which normalizes nothing, on text that was.
"""

import json
import os
import resource
import sys
import time

JSON = {"gpt2": "gpt2/tokenizer.json", "llama3": "llama3/tokenizer.gen.json"}
RANKS = {
    "gpt2": "gpt2/r50k_base.tiktoken", "cl100k": "cl100k_base/cl100k_base.tiktoken",
    "o200k": "o200k_base/o200k_base.tiktoken", "qwen2": "qwen2/qwen.tiktoken"}
PATTERNS = {
    "gpt2": r"'(?:[sdmt]|ll|ve|re)| ?\p{L}++| ?\p{N}++| ?[^\s\p{L}\p{N}]++|\s++$|\s+(?!\S)|\s",
    "cl100k": r"'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}++|\p{N}{1,3}+| ?[^\s\p{L}\p{N}]++"
              r"[\r\n]*+|\s++$|\s*[\r\n]|\s+(?!\S)|\s",
    "qwen2": r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+"
             r"[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"}
U, L = r"[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]", r"[\p{Ll}\p{Lm}\p{Lo}\p{M}]"
SUFFIX = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)?"
PATTERNS["o200k"] = "|".join((
    rf"[^\r\n\p{{L}}\p{{N}}]?{U}*{L}+{SUFFIX}", rf"[^\r\n\p{{L}}\p{{N}}]?{U}+{L}*{SUFFIX}",
    r"\p{N}{1,3}", r" ?[^\s\p{L}\p{N}]+[\r\n/]*", r"\s*[\r\n]+", r"\s+(?!\S)", r"\s+"))


def tokenizer_json(folder, name):
    for path in (JSON.get(name, ""), f"{name}/tokenizer.json", f"{name}/tokenizer.gen.json",
                 f"{name}_base/tokenizer.gen.json"):
        if path and os.path.exists(f"{folder}/{path}"):
            return f"{folder}/{path}"
    raise SystemExit(f"no tokenizer.json of {name}")


def encoder(peer, name, folder, wants_ids=False):
    """A function from texts to the number of ids, or to a list of ids for each."""
    if peer == "tiktoken of NFC":
        import unicodedata
        encode = encoder("tiktoken", name, folder, wants_ids)
        return lambda texts: encode([unicodedata.normalize("NFC", text) for text in texts])
    if peer == "tiktoken":
        import tiktoken
        from tiktoken.load import load_tiktoken_bpe
        encoding = tiktoken.Encoding(
            name, pat_str=PATTERNS[name], special_tokens={},
            mergeable_ranks=load_tiktoken_bpe(f"{folder}/{RANKS[name]}"))
        if wants_ids:
            return lambda texts: [encoding.encode_ordinary(text) for text in texts]
        return lambda texts: sum(len(encoding.encode_ordinary(text)) for text in texts)
    if peer == "hf":
        from tokenizers import Tokenizer
        tokenizer = Tokenizer.from_file(tokenizer_json(folder, name))
        tokenizer.no_truncation()
        tokenizer.no_padding()

        if wants_ids:
            return lambda texts: [
                tokenizer.encode(text, add_special_tokens=False).ids for text in texts]

        def encode(texts):
            count = 0
            for at in range(0, len(texts), 256):
                part = tokenizer.encode_batch_fast(texts[at:at + 256], add_special_tokens=False)
                count += sum(map(len, part))
            return count
        return encode
    if peer == "sentencepiece":
        import sentencepiece
        processor = sentencepiece.SentencePieceProcessor(
            model_file=f"{folder}/{name}/tokenizer.model")
        if wants_ids:
            return lambda texts: [processor.encode(text) for text in texts]
        return lambda texts: sum(len(processor.encode(text)) for text in texts)
    if peer == "gigatoken":
        import awkward
        import gigatoken
        if name in ("gpt2", "cl100k", "o200k"):
            tokenizer = gigatoken.Tokenizer.from_tiktoken(f"{folder}/{RANKS[name]}", name)
        elif os.path.exists(f"{folder}/{name}/tokenizer.model"):
            tokenizer = gigatoken.Tokenizer.from_sentencepiece(f"{folder}/{name}/tokenizer.model")
        else:
            tokenizer = gigatoken.Tokenizer(tokenizer_json(folder, name))
        if wants_ids:
            return lambda texts: awkward.to_list(tokenizer.encode_batch(texts, parallel=False))
        return lambda texts: int(
            awkward.sum(awkward.num(tokenizer.encode_batch(texts, parallel=False))))
    if peer == "fastokens":
        import fastokens
        tokenizer = fastokens.Tokenizer.from_file(tokenizer_json(folder, name))
        if wants_ids:
            return lambda texts: [
                tokenizer.encode(text, add_special_tokens=False).ids for text in texts]
        return lambda texts: len(
            tokenizer.encode_batch_flat(texts, add_special_tokens=False)[0]) // 4
    if peer == "bpe_openai":
        import bpe_openai
        encoding = bpe_openai.get_encoding(name + "_base")
        return lambda texts: sum(len(encoding.encode_ordinary(text)) for text in texts)
    raise SystemExit(f"unknown peer {peer}")


def main(peer, name, folder, corpus, megabytes, mode, passes):
    for variable in ("RAYON_NUM_THREADS", "OMP_NUM_THREADS"):
        os.environ[variable] = "1"
    os.environ["TOKENIZERS_PARALLELISM"] = "false"
    texts, size = [], 0
    with open(corpus, encoding="utf-8") as file:
        for line in file:
            texts.append(json.loads(line)["text"])
            size += len(texts[-1].encode())
            if size >= float(megabytes) * 1e6:
                break
    if mode == "ids":
        encode = encoder(peer, name, folder, wants_ids=True)
        for start in range(0, len(texts), 64):
            for ids in encode(texts[start:start + 64]):
                print(*ids)
        return
    base = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    start = time.perf_counter()
    encode = encoder(peer, name, folder)
    row = {"peer": peer, "load_s": time.perf_counter() - start, "mb": size / 1e6}
    parts = [texts] * int(passes)
    if mode == "halves":
        half, seen = 0, 0
        while seen * 2 < size:
            seen += len(texts[half].encode())
            half += 1
        parts = [texts[:half], texts[half:]]
    for number, part in enumerate(parts):
        row[f"mb{number}"] = sum(len(text.encode()) for text in part) / 1e6
        cpu, wall = time.process_time(), time.perf_counter()
        row[f"ids{number}"] = encode(part)
        row[f"wall{number}"] = time.perf_counter() - wall
        row[f"cpu{number}"] = time.process_time() - cpu
    row["rss_mb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024 - base
    print(json.dumps(row))


main(*sys.argv[1:])
