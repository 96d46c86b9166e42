"""Cuts the shared corpus into what the tokenizer measures read.

corpora.py CORPUS.jsonl.zst FOLDER

    mix.jsonl               100 MB of documents in a fixed random order
    script_NAME.jsonl       up to 6 MB of documents that are mostly of one script
"""

import collections
import json
import os
import random
import subprocess
import sys

SCRIPTS = ("ascii", "latin", "cyrillic", "arabic", "devanagari", "thai", "cjk", "hangul")
RANGES = (
    (0xC0, 0x250, "latin"), (0x1E00, 0x1F00, "latin"), (0x400, 0x530, "cyrillic"),
    (0x3040, 0x3100, "cjk"), (0x3400, 0xA000, "cjk"), (0xAC00, 0xD7A4, "hangul"),
    (0xE00, 0xE80, "thai"), (0x600, 0x780, "arabic"), (0x900, 0x980, "devanagari"))


def script(text):
    """The script most letters of the start of a text are of."""
    counts = collections.Counter()
    for character in text[:2000]:
        code = ord(character)
        if code < 0x80:
            if character.isalpha():
                counts["latin"] += 1
            continue
        for low, high, name in RANGES:
            if low <= code < high:
                counts[name] += 1
                break
        else:
            if character.isalpha():
                counts["other"] += 1
    return counts.most_common(1)[0][0] if counts else "none"


def is_ascii(text):
    start = text[:2000]
    return sum(c.isascii() for c in start) >= 0.985 * len(start)


def write(path, texts, megabytes):
    taken = 0
    with open(path + ".part", "w", encoding="utf-8") as file:
        for text in texts:
            size = len(text.encode())
            if taken + size > megabytes * 1e6:
                continue
            file.write(json.dumps({"text": text}, ensure_ascii=False) + "\n")
            taken += size
    os.replace(path + ".part", path)


def main(corpus, folder):
    os.makedirs(folder, exist_ok=True)
    reader = subprocess.Popen(["zstd", "-dcq", corpus], stdout=subprocess.PIPE)
    texts = [text for line in reader.stdout if (text := json.loads(line).get("text"))]
    if reader.wait() != 0:
        raise SystemExit("zstd failed")
    random.Random(42).shuffle(texts)
    by_script = collections.defaultdict(list)
    for text in texts:
        name = script(text)
        by_script[name].append(text)
        if name == "latin" and is_ascii(text):
            by_script["ascii"].append(text)
    write(f"{folder}/mix.jsonl", texts, 100)
    for name in SCRIPTS:
        write(f"{folder}/script_{name}.jsonl", by_script[name], 6)


main(sys.argv[1], sys.argv[2])
