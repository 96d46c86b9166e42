"""Writes small datasets from docs/ alone, sound or not: what the tests read."""

from __future__ import annotations

import hashlib
import os
import random
import sqlite3
import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
import zstandard

TAGS = ("deu_Latn", "jpn_Jpan", "que_Latn", "zho_Hans")
SCHEMA = """
CREATE TABLE dataset (key TEXT PRIMARY KEY, value TEXT) STRICT, WITHOUT ROWID;
CREATE TABLE languages (language TEXT PRIMARY KEY, documents INT, pieces INT, available_tokens INT, available_bytes INT,
  available_scalars INT, held_out_documents INT, quota_tokens INT, written_tokens INT, written_pieces INT,
  documents_in_shards INT, binding_rule TEXT, start_key BLOB) STRICT, WITHOUT ROWID;
CREATE TABLE shards (split TEXT, shard INT, path TEXT, size_bytes INT, tokens INT, pieces INT, sha256 BLOB,
  payload_sha256 BLOB, PRIMARY KEY (split, shard)) STRICT, WITHOUT ROWID;
CREATE TABLE shard_languages (split TEXT, shard INT, language TEXT, tokens INT, pieces INT, bytes INT,
  PRIMARY KEY (split, shard, language)) STRICT, WITHOUT ROWID;
CREATE TABLE language_sources (language TEXT, source TEXT, documents INT, tokens INT,
  PRIMARY KEY (language, source)) STRICT, WITHOUT ROWID;
CREATE TABLE filters (language TEXT, reason TEXT, documents INT, PRIMARY KEY (language, reason)) STRICT, WITHOUT ROWID;
CREATE TABLE rejects (reason TEXT PRIMARY KEY, documents INT) STRICT, WITHOUT ROWID;
CREATE TABLE provenance (key TEXT PRIMARY KEY, value TEXT) STRICT, WITHOUT ROWID;
"""
PARTS_SCHEMA = """
CREATE TABLE language_parts (language TEXT, part INT, pattern TEXT, documents INT, pieces INT, available_tokens INT,
  available_bytes INT, quota_tokens INT, written_tokens INT, written_pieces INT, documents_in_shards INT, binding_rule TEXT,
  first_pass INT, first_key BLOB, first_offset INT, PRIMARY KEY (language, part)) STRICT, WITHOUT ROWID;
CREATE TABLE shard_parts (shard INT, language TEXT, part INT, tokens INT, pieces INT, bytes INT,
  PRIMARY KEY (shard, language, part)) STRICT, WITHOUT ROWID;
"""
PLAN = b"shardify plan v1\nseed\t5\n"
END_OF_TEXT = 0


@dataclass
class WrittenPiece:
    language: int
    ids: list[int]
    content: bytes
    flags: int = 3


@dataclass
class WrittenShard:
    """A shard's parts, which a test may change before they are packed."""

    pieces: list[WrittenPiece]
    number: int = 0
    shard_count: int = 1
    held_out: int = 0
    width: int = 2
    vocabulary: int = 300
    frame_tokens: int = 500
    version: int = 1
    tags: Sequence[str] = TAGS
    checksum: bool = True
    table: Callable[[bytes], bytes] = field(default=lambda data: data)
    digested: Callable[[bytes], bytes] = field(default=lambda data: data)
    """What the header's digest of the piece table is made of."""
    ids: Callable[[list[int]], list[int]] = field(default=lambda ids: ids)

    def payload(self) -> bytes:
        ids = self.ids([i for piece in self.pieces for i in piece.ids])
        return np.array(ids, f"<u{self.width}").tobytes()

    def table_bytes(self) -> bytes:
        p = self.pieces
        columns = (
            np.array([x.language for x in p], "<u2"),
            np.array([x.flags for x in p], "u1"),
            np.zeros(len(p), "<u4"),
            np.zeros(len(p), "<u4"),
            np.array([len(x.ids) for x in p], "<u4"),
            np.array([3 * len(x.ids) for x in p], "<u4"),
            np.array([int.from_bytes(x.content[:8], "big") for x in p], "<u8"),
            np.array([int.from_bytes(x.content[8:], "big") for x in p], "<u8"),
        )
        return self.table(struct.pack("<I", len(p)) + b"".join(c.tobytes() for c in columns))

    def packed(self) -> bytes:
        pack = zstandard.ZstdCompressor(write_checksum=self.checksum).compress
        payload, table = self.payload(), self.table_bytes()
        step = self.frame_tokens * self.width
        parts = [(pack(payload[i : i + step]), len(payload[i : i + step])) for i in range(0, len(payload), step)]
        tags = b"".join(int.from_bytes(t.encode(), "big").to_bytes(8, "little") for t in self.tags)
        header = b"SHRDSHD" + bytes([1])
        header += struct.pack("<IIII", self.version, self.width, self.vocabulary, END_OF_TEXT)
        header += b"\x11" * 32 + hashlib.sha256(PLAN).digest()
        header += struct.pack(
            "<IIIIQ", self.number, self.shard_count, self.held_out, self.frame_tokens, len(payload) // self.width
        )
        header += hashlib.sha256(payload).digest() + hashlib.sha256(self.digested(table)).digest()
        header += struct.pack("<I", len(self.tags)) + tags
        header += hashlib.sha256(header).digest()
        for magic, data in ((0x54, header), (0x55, pack(table)), (0x56, pack(PLAN))):
            parts.append((struct.pack("<II", 0x184D2A00 + magic, len(data)) + data, 0))
        entries = b"".join(struct.pack("<II", len(data), raw) for data, raw in parts)
        seek = struct.pack("<II", 0x184D2A5E, len(entries) + 9) + entries
        return b"".join(data for data, _ in parts) + seek + struct.pack("<IBI", len(parts), 0, 0x8F92EAB1)


def random_pieces(random_: random.Random, tokens: int, tags: int = len(TAGS), vocabulary: int = 300) -> list[WrittenPiece]:
    """Pieces of some languages with so many tokens together."""
    pieces = []
    while tokens > 0:
        count = min(tokens, random_.choice((1, 2, 5, 40, 300, 1200)))
        ids = [random_.randrange(1, vocabulary) for _ in range(count - 1)] + [END_OF_TEXT]
        pieces.append(WrittenPiece(random_.randrange(tags), ids, random_.randbytes(16)))
        tokens -= count
    return pieces


def write_dataset(
    folder: str | os.PathLike[str],
    shards: Sequence[WrittenShard],
    holdout: Sequence[WrittenShard] = (),
    *,
    values: dict[str, str] | None = None,
    version: int = 2,
    application: int = 0x5348444D,
    change: Callable[[sqlite3.Connection], object] | None = None,
    fingerprint: str | None = None,
) -> str:
    """Writes shards and a manifest that agrees with them, but for what `change` does to it."""
    folder = os.fspath(folder)
    database = sqlite3.connect(os.path.join(_made(folder), "manifest.sqlite"))
    database.executescript(SCHEMA)
    if version >= 2:
        for column in ("first_pass INT", "first_key BLOB", "first_offset INT"):
            database.execute(f"ALTER TABLE languages ADD COLUMN {column}")
    if version >= 2:
        database.execute("INSERT INTO filters VALUES ('deu_Latn', 'where tokens\t> 5', 7)")
    if version >= 3:
        database.executescript(PARTS_SCHEMA)
        for number, tag in enumerate(shards[0].tags):
            part = shards[0].tags[:number].count(tag)
            database.execute("INSERT INTO language_parts VALUES (?,?,?,1,1,1,1,1,1,1,1,'policy',3,x'0a',4)", (tag, part, f"s{part}*"))
        database.execute("INSERT INTO language_parts VALUES (?,9,'none',1,1,1,1,0,0,0,0,'excluded',0,x'',0)", (TAGS[0],))
        database.execute("INSERT INTO shard_parts VALUES (0,?,0,1,1,1)", (TAGS[0],))
    for split, place, written in (("train", "shards", shards), ("holdout", "holdout", holdout)):
        for number, shard in enumerate(written):
            data, path = shard.packed(), f"{place}/shard-{number:05}.zst"
            with open(os.path.join(_made(os.path.join(folder, place)), os.path.basename(path)), "wb") as file:
                file.write(data)
            row = (split, number, path, len(data), len(shard.payload()) // shard.width, len(shard.pieces))
            digests = (hashlib.sha256(data).digest(), hashlib.sha256(shard.payload()).digest())
            database.execute("INSERT INTO shards VALUES (?,?,?,?,?,?,?,?)", row + digests)
    first = shards[0]
    for tag in TAGS:
        database.execute(
            "INSERT INTO languages VALUES (?,1,1,1,1,1,0,1,1,1,1,'policy',x'00'" + (",3,x'0a',4" if version >= 2 else "") + ")", (tag,)
        )
    facts = {
        "format_version": str(version), "ring_version": "1", "shard_format_version": "1",
        "vocabulary_size": str(first.vocabulary), "end_of_text_id": str(END_OF_TEXT),
        "token_width_bytes": str(first.width), "shard_count": str(len(shards)),
        "plan_sha256": hashlib.sha256(PLAN).hexdigest(), "tokenizer_sha256": "11" * 32, "note": "tab\tand \\ and\nline",
    }  # fmt: skip
    database.executemany("INSERT INTO dataset VALUES (?,?)", {**facts, **(values or {})}.items())
    if change is not None:
        change(database)
    database.execute("INSERT INTO dataset VALUES ('fingerprint', ?)", (fingerprint or dump_sha256(database),))
    database.execute(f"PRAGMA application_id = {application}")
    database.execute(f"PRAGMA user_version = {version}")
    database.commit()
    database.close()
    return folder


def dump_sha256(database: sqlite3.Connection) -> str:
    """Section 3 of docs/manifest.md, written a second time."""
    lines = []
    there = {name for (name,) in database.execute("SELECT name FROM sqlite_master")}
    for table, order in (
        ("dataset", "key"), ("languages", "language"), ("language_parts", "language, part"), ("shards", "split DESC, shard"),
        ("shard_languages", "split DESC, shard, language"), ("shard_parts", "shard, language, part"),
        ("language_sources", "language, source"), ("filters", "language, reason"), ("rejects", "reason"),
    ):  # fmt: skip
        if table not in there:
            continue
        for row in database.execute(f"SELECT * FROM {table} ORDER BY {order}"):
            cells = [c.hex() if isinstance(c, bytes) else str(c) for c in row]
            lines.append("\t".join([table] + [c.replace("\\", "\\\\").replace("\t", "\\t").replace("\n", "\\n") for c in cells]))
    return hashlib.sha256("".join(line + "\n" for line in lines).encode()).hexdigest()


def _made(folder: str) -> str:
    os.makedirs(folder, exist_ok=True)
    return folder
