#!/usr/bin/env python3
"""Compares the texts in a dataset made with the tokenizer `bytes` with those of a corpus.

    check-arrays.py CORPUS DATASET

Knows of shards only that `zstd -d` gives 16-bit little-endian ids, and that id 256 ends a document.
"""
import array
import glob
import hashlib
import json
import sqlite3
import subprocess
import sys

END = 256


def main():
    corpus, dataset = sys.argv[1:]
    expected = {}
    for path in sorted(glob.glob(corpus + "/*.jsonl")):
        with open(path, encoding="utf-8") as file:
            for line in file:
                fields = json.loads(line)
                expected[fields["lang"], fields["text"].encode()] = 0
    # The same text may stand under several languages: count texts.
    wanted = sorted(text for _, text in expected)
    manifest = sqlite3.connect(f"file:{dataset}/manifest.sqlite?mode=ro", uri=True)
    found = []
    for path, tokens, digest in manifest.execute(
        "SELECT path, tokens, payload_sha256 FROM shards ORDER BY split, shard"
    ):
        raw = subprocess.run(
            ["zstd", "-dcq", f"{dataset}/{path}"], check=True, capture_output=True
        ).stdout
        assert hashlib.sha256(raw).digest() == digest, f"{path}: payload_sha256 differs"
        ids = array.array("H")
        ids.frombytes(raw)
        if sys.byteorder == "big":
            ids.byteswap()
        assert len(ids) == tokens, f"{path}: {len(ids)} ids, expected {tokens}"
        assert ids[-1] == END, f"{path}: the last document does not end"
        start = 0
        for place, token in enumerate(ids):
            if token == END:
                found.append(bytes(ids[start:place].tolist()))
                start = place + 1
    assert sorted(found) == wanted, f"{len(found)} texts, expected {len(wanted)}, or other ones"


main()
