"""The manifest of a dataset, docs/manifest.md versions 1 to 3: read, checked, never trusted."""

from __future__ import annotations

import hashlib
import os
import re
import sqlite3
import urllib.parse
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from .errors import ManifestError

APPLICATION_ID = 0x5348444D
VERSIONS = (1, 2, 3)
MAX_PART = 64
MAX_INTEGER = (1 << 63) - 1
TAG = re.compile(r"[a-z]{3}_[A-Z][a-z]{3}\Z")

# Columns that version 2 adds to `languages`: where a dataset that continues another starts on the ring.
ADDED_IN_2 = ", first_pass, first_key, first_offset"

# Table, columns, order, first version: the canonical dump of section 3, in its order.
DUMP: tuple[tuple[str, str, str, int], ...] = (
    ("dataset", "key, value", "key", 1),
    (
        "languages",
        "language, documents, pieces, available_tokens, available_bytes, available_scalars, held_out_documents, "
        "quota_tokens, written_tokens, written_pieces, documents_in_shards, binding_rule, start_key",
        "language",
        1,
    ),
    (
        "language_parts",
        "language, part, pattern, documents, pieces, available_tokens, available_bytes, quota_tokens, written_tokens, "
        "written_pieces, documents_in_shards, binding_rule, first_pass, first_key, first_offset",
        "language, part",
        3,
    ),
    ("shards", "split, shard, path, size_bytes, tokens, pieces, sha256, payload_sha256", "split DESC, shard", 1),
    ("shard_languages", "split, shard, language, tokens, pieces, bytes", "split DESC, shard, language", 1),
    ("shard_parts", "shard, language, part, tokens, pieces, bytes", "shard, language, part", 3),
    ("language_sources", "language, source, documents, tokens", "language, source", 1),
    ("filters", "language, reason, documents", "language, reason", 2),
    ("rejects", "reason, documents", "reason", 1),
)
ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n"})


@dataclass(frozen=True)
class ShardRow:
    """What the manifest says of a shard."""

    split: str
    shard: int
    path: str
    size_bytes: int
    tokens: int
    pieces: int
    sha256: bytes
    payload_sha256: bytes


@dataclass(frozen=True)
class LanguageRow:
    """What the manifest says of a language; `binding_rule` is `excluded` where it is not in the mixture."""

    language: str
    documents: int
    available_tokens: int
    quota_tokens: int
    written_tokens: int
    held_out_documents: int
    binding_rule: str


@dataclass(frozen=True)
class PartRow:
    """What the manifest says of a part of a language that is divided over its sources; `excluded` where it gives nothing."""

    language: str
    part: int
    pattern: str
    documents: int
    available_tokens: int
    quota_tokens: int
    written_tokens: int
    binding_rule: str


def _missing(path: str) -> ManifestError:
    """Says what is there instead of a manifest: nothing, a dataset that lost it, or stages."""
    folder = os.path.dirname(path) or "."
    found, remedy = "no such file", "check the path"
    if any(os.path.exists(os.path.join(folder, name)) for name in ("plan.txt", "shards")):
        remedy = f"run shardify repair {folder}, or the same shardify balance again to finish it"
    try:
        with open(os.path.join(folder, "stages.txt"), encoding="utf-8", errors="replace") as file:
            title, *stages = file.read(1 << 20).split("\n")
    except OSError:
        title, stages = "", []
    stages = [name for name in stages if name]
    if title.startswith("shardify stages ") and stages:
        found, remedy = "a folder of stages: " + ", ".join(stages), f"name one of them, e.g. {folder}/{stages[-1]}"
    return ManifestError("cannot read the manifest", path, found, "a manifest.sqlite", remedy)


class Manifest:
    """The facts of a dataset: its values, languages and shards, and the fingerprint that covers them."""

    def __init__(self, path: str) -> None:
        self.path = path
        if not os.path.isfile(path):
            raise _missing(path)
        # Immutable: nobody changes a manifest in place, and no lock or journal is looked for beside it.
        uri = "file:" + urllib.parse.quote(os.path.abspath(path)) + "?mode=ro&immutable=1"
        try:
            connection = sqlite3.connect(uri, uri=True)
            try:
                connection.execute("PRAGMA trusted_schema = OFF")
                self._read(connection)
            finally:
                connection.close()
        except (sqlite3.Error, UnicodeDecodeError, OverflowError) as error:
            raise self._bad("database", str(error), "the tables of docs/manifest.md") from error

    def _read(self, connection: sqlite3.Connection) -> None:
        application = connection.execute("PRAGMA application_id").fetchone()[0]
        if application != APPLICATION_ID:
            raise self._bad("application id", f"{application:#010x}", f"{APPLICATION_ID:#010x}", "this is no manifest of a dataset")
        self.version: int = connection.execute("PRAGMA user_version").fetchone()[0]
        if self.version not in VERSIONS:
            expected = " or ".join(map(str, VERSIONS))
            raise self._bad("version", str(self.version), expected, "use the shardify that wrote it, or a newer one")
        self._check_tables(connection)
        self.values: dict[str, str] = {}
        for key, value in connection.execute("SELECT key, value FROM dataset ORDER BY key COLLATE BINARY"):
            self.values[self._text("dataset key", key)] = self._text(f"dataset {key}", value)
        found = self._recomputed(connection)
        stated = self.values.get("fingerprint", "")
        if found != stated:
            raise self._bad("fingerprint", stated or "none", f"{found} from its rows", "the manifest was changed; rerun balance to write it again")
        self.fingerprint = bytes.fromhex(found)
        self._read_values()
        self._read_languages(connection)
        self._read_shards(connection)

    def _check_tables(self, connection: sqlite3.Connection) -> None:
        """A view under a table's name could compute for ever."""
        kinds = dict(connection.execute("SELECT name, type FROM sqlite_master WHERE type IN ('table', 'view')"))
        for table, _, _, version in DUMP:
            if version <= self.version and kinds.get(table) != "table":
                raise self._bad(table, kinds.get(table, "nothing"), "a table")

    def _recomputed(self, connection: sqlite3.Connection) -> str:
        """The SHA-256 of the canonical dump."""
        digest = hashlib.sha256()
        for table, columns, order, version in DUMP:
            if version > self.version:
                continue
            where = "WHERE key <> 'fingerprint'" if table == "dataset" else ""
            by = ", ".join(_binary(column) for column in order.split(", "))
            if table == "languages" and self.version >= 2:
                columns += ADDED_IN_2
            for row in connection.execute(f"SELECT {columns} FROM {table} {where} ORDER BY {by}"):
                digest.update(("\t".join([table, *map(_field, row)]) + "\n").encode())
        return digest.hexdigest()

    def _read_values(self) -> None:
        for key in ("format_version", "shard_format_version", "ring_version"):
            self._integer_value(key, 1, MAX_INTEGER)
        self.vocabulary_size = self._integer_value("vocabulary_size", 1, 1 << 32)
        self.end_of_text_id = self._integer_value("end_of_text_id", 0, self.vocabulary_size - 1)
        self.token_width = self._integer_value("token_width_bytes", 2, 4)
        self.shard_count = self._integer_value("shard_count", 1, MAX_INTEGER)
        expected = 2 if self.vocabulary_size <= 65_536 else 4
        if self.token_width != expected:
            raise self._bad("token_width_bytes", str(self.token_width), f"{expected} for {self.vocabulary_size} ids")
        self.plan_sha256 = self._digest_value("plan_sha256")
        self.tokenizer_sha256 = self._digest_value("tokenizer_sha256")

    def _read_languages(self, connection: sqlite3.Connection) -> None:
        rows = connection.execute(
            "SELECT language, documents, available_tokens, quota_tokens, written_tokens, held_out_documents, binding_rule "
            "FROM languages ORDER BY language COLLATE BINARY"
        )
        self.languages: tuple[LanguageRow, ...] = tuple(LanguageRow(*self._language(row)) for row in rows)
        self.mixture: tuple[str, ...] = tuple(r.language for r in self.languages if r.binding_rule != "excluded")
        self.parts: tuple[PartRow, ...] = ()
        self.rings: tuple[str, ...] = self.mixture
        """The languages in the headers of training shards: the mixture's, or once for each of their parts."""
        if self.version >= 3:
            self._read_parts(connection)

    def _read_parts(self, connection: sqlite3.Connection) -> None:
        rows = connection.execute(
            "SELECT language, part, pattern, documents, available_tokens, quota_tokens, written_tokens, binding_rule "
            "FROM language_parts ORDER BY language COLLATE BINARY, part"
        )
        self.parts = tuple(PartRow(*self._part(row)) for row in rows)
        self.rings = tuple(p.language for p in self.parts if p.binding_rule != "excluded")
        if tuple(dict.fromkeys(self.rings)) != self.mixture:
            raise self._bad("language_parts", "other languages than the mixture's", "parts of each of them, and of no other")

    def _part(self, row: tuple[Any, ...]) -> tuple[Any, ...]:
        tag, part, pattern = self._text("language_parts", row[0]), row[1], self._text("language_parts pattern", row[2])
        if not TAG.match(tag):
            raise self._bad("language_parts", repr(tag), "a tag such as deu_Latn")
        if not isinstance(part, int) or not 0 <= part <= MAX_PART:
            raise self._bad(f"language_parts of {tag}", f"part {part!r}", f"0 to {MAX_PART}")
        counts = (self._integer(f"{tag} {pattern}", value) for value in row[3:7])
        return (tag, part, pattern, *counts, self._text(f"{tag} {pattern} binding_rule", row[7]))

    def _language(self, row: tuple[Any, ...]) -> tuple[Any, ...]:
        tag = self._text("language", row[0])
        if not TAG.match(tag):
            raise self._bad("language", repr(tag), "a tag such as deu_Latn")
        return (tag, *(self._integer(f"{tag}", value) for value in row[1:6]), self._text(f"{tag} binding_rule", row[6]))

    def _read_shards(self, connection: sqlite3.Connection) -> None:
        rows = connection.execute(
            "SELECT split, shard, path, size_bytes, tokens, pieces, sha256, payload_sha256 FROM shards "
            "ORDER BY split COLLATE BINARY DESC, shard"
        )
        found: dict[str, list[ShardRow]] = {"train": [], "holdout": []}
        for split, shard, path, size_bytes, tokens, pieces, sha256, payload in rows:
            if split not in found:
                raise self._bad("shards", f"split {split!r}", "train or holdout")
            name = f"shard {len(found[split])} of {split}"
            if shard != len(found[split]) or isinstance(shard, float):
                raise self._bad(name, f"number {shard}", str(len(found[split])))
            row = ShardRow(
                split=split,
                shard=shard,
                path=self._inside(name, path),
                size_bytes=self._integer(name, size_bytes),
                tokens=self._integer(name, tokens),
                pieces=self._integer(name, pieces),
                sha256=self._digest(name, sha256),
                payload_sha256=self._digest(name, payload),
            )
            found[split].append(row)
        self.train: tuple[ShardRow, ...] = tuple(found["train"])
        self.holdout: tuple[ShardRow, ...] = tuple(found["holdout"])
        if len(self.train) != self.shard_count:
            raise self._bad("shards", f"{len(self.train)} training shards", f"{self.shard_count}, its shard_count")

    def _inside(self, name: str, path: object) -> str:
        """A path that stays in the dataset's folder."""
        text = self._text(name, path)
        if text.startswith("/") or "\0" in text or any(part in ("", ".", "..") for part in text.split("/")):
            raise self._bad(name, f"path {text!r}", "a relative path inside the dataset", "do not use this manifest")
        return text

    def _integer_value(self, key: str, least: int, most: int) -> int:
        text = self.values.get(key, "")
        if not re.fullmatch(r"[0-9]{1,19}", text) or not least <= int(text) <= most:
            raise self._bad(key, repr(text[:40]), f"an integer from {least} to {most}")
        return int(text)

    def _digest_value(self, key: str) -> bytes:
        text = self.values.get(key, "")
        if not re.fullmatch(r"[0-9a-f]{64}", text):
            raise self._bad(key, repr(text[:80]), "64 hexadecimal digits")
        return bytes.fromhex(text)

    def _integer(self, where: str, value: object) -> int:
        if isinstance(value, int) and 0 <= value <= MAX_INTEGER:
            return value
        raise self._bad(where, repr(value)[:80], "an integer of 0 or more")

    def _digest(self, where: str, value: object) -> bytes:
        if isinstance(value, bytes) and len(value) == 32:
            return value
        raise self._bad(where, repr(value)[:80], "a digest of 32 bytes")

    def _text(self, where: str, value: object) -> str:
        if isinstance(value, str):
            return value
        raise self._bad(where, repr(value)[:80], "text")

    def _bad(self, where: str, found: str, expected: str = "", remedy: str = "") -> ManifestError:
        return ManifestError("cannot use the manifest", f"{self.path}: {where}", found, expected, remedy)

    def shards(self, split: str) -> Iterator[ShardRow]:
        """The rows of `train` or `holdout`, in order."""
        return iter(self.train if split == "train" else self.holdout)


def _binary(column: str) -> str:
    """An ORDER BY term by bytes, whatever collation the file declares."""
    name, _, direction = column.partition(" ")
    return f"{name} COLLATE BINARY {direction}"


def _field(value: object) -> str:
    """A value in the canonical dump."""
    if isinstance(value, bytes):
        return value.hex()
    return str(value).translate(ESCAPES)
