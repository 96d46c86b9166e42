#!/usr/bin/env python3
"""Makes a larger corpus out of the fixtures: their documents again and again, slightly changed.

    make-corpus.py FIXTURES OUT MEGABYTES FILES [SEED]

Writes OUT/part-NN.jsonl. One document in a hundred comes back unchanged, an exact duplicate.
"""
import json
import os
import random
import sys


def documents(fixtures):
    """The documents of the plain JSONL files, in the order of their names."""
    for folder, _, names in sorted(os.walk(fixtures)):
        for name in sorted(names):
            if name.endswith(".jsonl"):
                with open(os.path.join(folder, name), encoding="utf-8") as file:
                    for line in file:
                        yield json.loads(line)


def main():
    fixtures, out, megabytes, files = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
    chance = random.Random(int(sys.argv[5]) if len(sys.argv) > 5 else 1)
    base = list(documents(fixtures))
    os.makedirs(out, exist_ok=True)
    parts = [
        open(os.path.join(out, f"part-{number:02}.jsonl"), "w", encoding="utf-8")
        for number in range(files)
    ]
    size, copy = 0, 0
    while size < megabytes * 1_000_000:
        for document in base:
            text = document["text"]
            if copy and chance.random() >= 0.01:
                text = f"{text} {chance.randrange(10**9)}"
            fields = {**document, "id": f"{document['id']}-{copy}", "text": text}
            line = json.dumps(fields, ensure_ascii=False) + "\n"
            # Neighbours go to one part; which one changes every few documents.
            parts[(size >> 16) % files].write(line)
            size += len(line.encode("utf-8"))
            if size >= megabytes * 1_000_000:
                break
        copy += 1
    for part in parts:
        part.close()


main()
