"""A dataset on disk: the manifest and the shards it names."""

from __future__ import annotations

import os
import threading
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from .errors import ShardError, ShardifyError
from .manifest import Manifest, ShardRow
from .order import SampleOrder
from .shard import Shard, ShardFacts, Tokens

MAX_OPEN_SHARDS = 256


@dataclass(frozen=True)
class Piece:
    """A document, or a part of one, with its tokens."""

    language: str
    content_hash: str
    part: int
    first: bool
    last: bool
    text_bytes: int
    tokens: Tokens


class Dataset:
    """A finished dataset, opened for reading. Nothing in it is trusted before it is checked."""

    def __init__(self, path: str | os.PathLike[str]) -> None:
        """Opens `DATASET` or `DATASET/manifest.sqlite`."""
        path = os.fspath(path)
        if os.path.basename(path) == "manifest.sqlite":
            path = os.path.dirname(path) or "."
        self.folder = path
        self.manifest = Manifest(os.path.join(path, "manifest.sqlite"))
        manifest = self.manifest
        self.fingerprint = manifest.fingerprint
        self.vocabulary_size = manifest.vocabulary_size
        self.end_of_text_id = manifest.end_of_text_id
        self.languages = manifest.mixture
        """The languages of the mixture, ascending."""
        self.tokens = sum(row.tokens for row in manifest.train)
        """Tokens of the training shards."""
        self.dtype = np.dtype("<u2" if manifest.token_width == 2 else "<u4")
        self._facts = ShardFacts(
            width=manifest.token_width,
            vocabulary=manifest.vocabulary_size,
            plan_sha256=manifest.plan_sha256,
            tokenizer_sha256=manifest.tokenizer_sha256,
            shard_count=len(manifest.train),
            languages=manifest.rings,
            held_out_languages=self.languages,
        )
        self._open: OrderedDict[tuple[str, int], Shard] = OrderedDict()
        self._lock = threading.Lock()

    def __getstate__(self) -> dict[str, Any]:
        """Open files do not travel to other processes; they are opened there again."""
        return {**self.__dict__, "_open": OrderedDict(), "_lock": None}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state, _lock=threading.Lock())

    def shard(self, number: int, split: str = "train") -> Shard:
        """An open shard. At most 256 stay open; one that is in use is not closed under its reader."""
        with self._lock:
            key = (split, number)
            found = self._open.get(key)
            if found is None:
                row = self._rows(split)[number]
                found = Shard(os.path.join(self.folder, row.path), row, self._facts)
                while len(self._open) >= MAX_OPEN_SHARDS:
                    self._open.popitem(last=False)
                self._open[key] = found
            else:
                self._open.move_to_end(key)
            return found

    def order(self, sequence_length: int, *, seed: int = 1, lanes: int | None = None) -> SampleOrder:
        """The order of the training samples, docs/sample-order.md."""
        return SampleOrder(
            [row.tokens for row in self.manifest.train],
            sequence_length,
            dataset=self.fingerprint,
            seed=seed,
            lanes=lanes,
        )

    def pieces(self, split: str = "train", language: str | None = None) -> Iterator[Piece]:
        """The pieces of a split with their tokens, in the dataset's order, one frame in memory at a time.

        Frames without a piece of the wanted language are not decompressed.
        """
        if language is not None and language not in self.languages:
            raise ShardifyError("cannot read pieces", self.folder, f"language {language}", "one of " + " ".join(self.languages))
        for row in self._rows(split):
            yield from _pieces(self.shard(row.shard, split), language)

    def held_out(self, language: str, sequence_length: int) -> Iterator[Tokens]:
        """The held-out tokens of a language as samples, for validation.

        They follow each other with a stride of `sequence_length` and overlap by one token, so that every token but the
        first is predicted once. Each has sequence_length + 1 tokens, the last at least 2.
        """
        rest = np.empty(0, self.dtype)
        for piece in self.pieces("holdout", language):
            rest = np.concatenate([rest, piece.tokens])
            while len(rest) > sequence_length:
                yield rest[: sequence_length + 1]
                rest = rest[sequence_length:]
        if len(rest) > 1:
            yield rest

    def held_out_text_bytes(self, language: str) -> int:
        """UTF-8 bytes of text that the held-out pieces of a language stand for: for bits per byte."""
        total = 0
        for row in self.manifest.holdout:
            pieces = self.shard(row.shard, "holdout").pieces
            total += int(pieces.text_bytes[pieces.language == self.languages.index(language)].sum())
        return total

    def verify(self) -> list[ShardError]:
        """Reads everything; returns what is wrong."""
        problems = []
        for split in ("train", "holdout"):
            for row in self._rows(split):
                try:
                    self.shard(row.shard, split).verify()
                except ShardError as error:
                    problems.append(error)
        return problems

    def _rows(self, split: str) -> tuple[ShardRow, ...]:
        if split not in ("train", "holdout"):
            raise ShardifyError("cannot read shards", self.folder, f"split {split!r}", "train or holdout")
        return self.manifest.train if split == "train" else self.manifest.holdout


def _pieces(shard: Shard, language: str | None) -> Iterator[Piece]:
    table = shard.pieces
    wanted = np.arange(len(table))
    if language is not None:
        # A language that is divided over its sources is in the list once for each part.
        numbers = [number for number, tag in enumerate(table.languages) if tag == language]
        wanted = np.flatnonzero(np.isin(table.language, numbers))
    number, frame = -1, np.empty(0, shard.dtype)
    for piece in wanted.tolist():
        start, end = int(table.starts[piece]), int(table.starts[piece + 1])
        parts = []
        while start < end:
            if number != start // shard.frame_tokens:
                number = start // shard.frame_tokens
                frame = shard.frame(number)
            inside = start - number * shard.frame_tokens
            parts.append(frame[inside : inside + end - start])
            start += len(parts[-1])
        yield Piece(
            language=table.languages[table.language[piece]],
            content_hash=table.content_hash(piece),
            part=int(table.part[piece]),
            first=bool(table.flags[piece] & 1),
            last=bool(table.flags[piece] & 2),
            text_bytes=int(table.text_bytes[piece]),
            tokens=parts[0] if len(parts) == 1 else np.concatenate(parts),
        )
