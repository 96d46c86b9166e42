#!/usr/bin/env python3
"""Writes a token store of made-up pieces, by docs/token-store.md, to measure planning at scale.

    make-store.py STORE [--pieces 10000000] [--languages 1000] [--runs 4] [--tokens 500] [--copies 0.02]

Languages are as large as Zipf's law makes them; keys, sizes and scores are random, tokens are zeros. A
part of the documents of a run is in the run before it too. Needs numpy and zstandard.
"""

import argparse
import hashlib
import os
import sqlite3
import struct

import numpy
import zstandard

FRAME_TOKENS = 262_144
STORE_KEY = hashlib.sha256(b"make-store").digest()[:16]
TOKENIZER = hashlib.sha256(b"zeros").digest()
SOURCES = ["", "books", "news", "web"]
VOCABULARY, END_OF_TEXT, LONGEST = 50_257, 50_256, 65_536


def skippable(magic, payload):
    return struct.pack("<II", magic, len(payload)) + payload


def tag(number):
    a, b, c = number // 676 % 26, number // 26 % 26, number % 26
    return bytes([97 + a, 97 + b, 97 + c]) + b"_Latn"


def piece_table(rows, language):
    """The columns of docs/token-store.md section 3."""
    n = len(rows["high"])
    raw = int.from_bytes(language, "big")
    columns = [
        rows["high"], rows["low"], numpy.zeros(n, "<u4"), rows["low"], rows["high"],
        rows["tokens"].astype("<u4"), (rows["tokens"] * 4).astype("<u4"), (rows["tokens"] * 3).astype("<u4"),
        numpy.where(rows["high"] < (1 << 64) // 1000, 7, 3).astype("u1"), rows["source"].astype("<u4"),
        numpy.ones(n, "<u4"), rows["offset"], rows["offset"] + numpy.uint64(1),
        numpy.full(n, int.from_bytes(b"Latn", "big"), "<u4"), rows["share"], numpy.zeros(n, "u1"),
        numpy.full(n, raw, "<u8"), numpy.zeros(n, "<u8"), numpy.zeros(n, "<u8"), rows["probability"],
        numpy.zeros(n, "<u2"), numpy.zeros(n, "<u2"), numpy.zeros(n, "<u8"),
    ]
    return struct.pack("<II", n, 0) + b"".join(c.tobytes() for c in columns)


class Run:
    def __init__(self, path, compressor):
        self.file, self.compressor = open(path, "wb"), compressor
        self.frames, self.tables, self.zeros, self.offset = [], [], {}, 0

    def language(self, language, rows):
        ends = numpy.cumsum(rows["tokens"])
        start = 0
        while start < len(ends):
            given = ends[start - 1] if start else 0
            end = max(start + 1, int(numpy.searchsorted(ends, given + FRAME_TOKENS, side="right")))
            self.frame(language, {k: v[start:end] for k, v in rows.items()})
            start = end

    def frame(self, language, rows):
        tokens = int(rows["tokens"].sum())
        if tokens not in self.zeros:
            if len(self.zeros) > 4_000:
                self.zeros.clear()
            self.zeros[tokens] = self.compressor.compress(bytes(2 * tokens))
        data = self.zeros[tokens]
        self.file.write(data)
        self.tables.append(skippable(0x184D2A50, self.compressor.compress(piece_table(rows, language))))
        key = lambda i: struct.pack("<QQI", int(rows["high"][i]), int(rows["low"][i]), 0)
        self.frames.append((language, self.offset, len(data), len(rows["high"]), tokens, key(0), key(-1)))
        self.offset += len(data)

    def finish(self):
        index = struct.pack("<I", 1) + STORE_KEY + TOKENIZER + struct.pack("<IQQ", 2, 0, len(self.frames))
        parts = [index]
        for (language, offset, size, pieces, tokens, first, last), table in zip(self.frames, self.tables):
            parts.append(struct.pack("<QQIQI", int.from_bytes(language, "big"), offset, size, self.offset, len(table)))
            parts.append(struct.pack("<IIIQQ", pieces, pieces, tokens, 4 * tokens, 3 * tokens) + first + last)
            self.file.write(table)
            self.offset += len(table)
        names = struct.pack("<I", len(SOURCES)) + b"".join(struct.pack("<I", len(s)) + s.encode() for s in SOURCES)
        names = skippable(0x184D2A51, names + struct.pack("<II", 0, 0))
        index = skippable(0x184D2A52, b"".join(parts))
        footer = struct.pack("<QQ", self.offset, self.offset + len(names)) + hashlib.sha256(names + index).digest()
        self.file.write(names + index + skippable(0x184D2A53, footer + struct.pack("<I", 1) + b"SHRDRUN\x01"))
        self.file.close()
        return sum(f[4] for f in self.frames), sum(f[3] for f in self.frames)


def random_rows(generator, n, mean, before, copies):
    rows = {
        "high": generator.integers(0, 1 << 64, n, "<u8"), "low": generator.integers(0, 1 << 64, n, "<u8"),
        "tokens": numpy.clip(generator.exponential(mean, n), 1, 2_000).astype("<i8") if mean > 1 else numpy.ones(n, "<i8"),
    }
    shared = min(int(n * copies), 0 if before is None else len(before["high"]))
    for name in rows:
        rows[name][:shared] = before[name][:shared] if shared else rows[name][:0]
    order = numpy.lexsort((rows["low"], rows["high"]))
    rows = {k: v[order] for k, v in rows.items()}
    rows["source"] = generator.integers(0, len(SOURCES), n, "<i8")
    rows["offset"] = generator.integers(0, 1 << 40, n, "<u8")
    rows["share"] = generator.integers(5_000, 10_001, n, "<u2")
    rows["probability"] = generator.integers(3_000, 10_001, n, "<u2")
    return rows


def catalog(path, runs, documents):
    db = sqlite3.connect(path)
    db.executescript("""
        CREATE TABLE facts (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
        CREATE TABLE inputs (input INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, options TEXT NOT NULL,
          size_bytes INTEGER NOT NULL, modified_ns INTEGER NOT NULL, done INTEGER NOT NULL) STRICT;
        CREATE TABLE runs (run INTEGER PRIMARY KEY AUTOINCREMENT, file TEXT NOT NULL, tokens INTEGER NOT NULL,
          pieces INTEGER NOT NULL, documents INTEGER NOT NULL, duplicates INTEGER NOT NULL, size_bytes INTEGER NOT NULL) STRICT;
        CREATE TABLE units (input INTEGER NOT NULL, unit INTEGER NOT NULL, bytes INTEGER NOT NULL, documents INTEGER NOT NULL,
          digest INTEGER NOT NULL, run INTEGER NOT NULL, PRIMARY KEY (input, unit)) STRICT, WITHOUT ROWID;
        CREATE TABLE rejects (input INTEGER NOT NULL, unit INTEGER NOT NULL, reason TEXT NOT NULL, documents INTEGER NOT NULL,
          first_offset INTEGER NOT NULL, detail TEXT NOT NULL, PRIMARY KEY (input, unit, reason)) STRICT, WITHOUT ROWID;
        CREATE TABLE holdout (language TEXT NOT NULL, content BLOB NOT NULL, PRIMARY KEY (language, content)) STRICT, WITHOUT ROWID;
        CREATE TABLE provenance (entry INTEGER PRIMARY KEY AUTOINCREMENT, time TEXT NOT NULL, text TEXT NOT NULL) STRICT;
        PRAGMA application_id = 0x53484443;
        PRAGMA user_version = 1;
    """)
    facts = {
        "format_version": 1, "store_key": STORE_KEY.hex(), "holdout_threshold": (1 << 64) // 1000, "holdout_minimum": 0,
        "tokenizer_kind": "zeros", "tokenizer_sha256": TOKENIZER.hex(), "vocabulary_size": VOCABULARY,
        "end_of_text_id": END_OF_TEXT, "max_piece_tokens": LONGEST, "language_model": "none",
        "language_model_sha256": hashlib.sha256(b"none").hexdigest(), "language_source": "input", "icu_version": "0",
        "number_columns": "", "unit_bytes": 1 << 24,
    }
    db.executemany("INSERT INTO facts VALUES (?, ?)", [(k, str(v)) for k, v in facts.items()])
    db.execute("INSERT INTO inputs VALUES (1, '/made-up', '', 0, 0, 1)")
    for number, (file, tokens, pieces, size) in enumerate(runs, 1):
        db.execute("INSERT INTO runs VALUES (?, ?, ?, ?, ?, 0, ?)", (number, file, tokens, pieces, pieces, size))
        db.execute("INSERT INTO units VALUES (1, ?, 0, ?, 0, ?)", (number - 1, pieces, number))
    db.commit()
    db.close()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("store")
    parser.add_argument("--pieces", type=int, default=10_000_000)
    parser.add_argument("--languages", type=int, default=1_000)
    parser.add_argument("--runs", type=int, default=4)
    parser.add_argument("--tokens", type=float, default=500, help="mean tokens of a piece; 1 is exactly one")
    parser.add_argument("--frame-tokens", type=int, default=FRAME_TOKENS)
    parser.add_argument("--copies", type=float, default=0.02)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    globals()["FRAME_TOKENS"] = args.frame_tokens
    os.makedirs(args.store + "/runs")
    generator = numpy.random.default_rng(args.seed)
    sizes = 1 / numpy.arange(1, args.languages + 1)
    sizes = numpy.maximum(args.runs, (sizes / sizes.sum() * args.pieces).astype(int))
    compressor, runs, before = zstandard.ZstdCompressor(level=1, write_checksum=True), [], {}
    for number in range(args.runs):
        file = f"runs/{number + 1:08}.run.zst"
        run = Run(f"{args.store}/{file}", compressor)
        for language in range(args.languages):
            n = int(sizes[language]) // args.runs
            rows = random_rows(generator, n, args.tokens, before.get(language), args.copies)
            run.language(tag(language), rows)
            before[language] = {k: rows[k][: int(n * args.copies) + 1] for k in ("high", "low", "tokens")}
        tokens, pieces = run.finish()
        runs.append((file, tokens, pieces, os.path.getsize(f"{args.store}/{file}")))
    catalog(args.store + "/catalog.sqlite", runs, 0)
    print(f"{args.store}: {sum(r[2] for r in runs)} pieces, {sum(r[1] for r in runs)} tokens, {sum(r[3] for r in runs)} bytes")


if __name__ == "__main__":
    main()
