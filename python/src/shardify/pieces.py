"""The pieces of a shard, and the spans of tokens that pieces have in a sample."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt


class PieceTable:
    """The columns of a shard's piece table; `starts` has one value more: piece p is ids starts[p] ..< starts[p + 1]."""

    def __init__(self, data: bytes, count: int, languages: Sequence[str]) -> None:
        offset = 4

        def column(kind: str) -> npt.NDArray[np.unsignedinteger]:
            nonlocal offset
            values = np.frombuffer(data, kind, count, offset)
            offset += values.nbytes
            return values

        self.languages = tuple(languages)
        self.language = column("<u2")
        self.flags = column("u1")
        self.ring_pass = column("<u4")
        self.part = column("<u4")
        self.tokens = column("<u4")
        self.text_bytes = column("<u4")
        self._high = column("<u8")
        self._low = column("<u8")
        self.starts = np.zeros(count + 1, np.int64)
        np.cumsum(self.tokens, out=self.starts[1:])

    def __len__(self) -> int:
        return len(self.language)

    def content_hash(self, piece: int) -> str:
        """The 128-bit content hash of a piece's document, as 32 hexadecimal digits."""
        return f"{int(self._high[piece]):016x}{int(self._low[piece]):016x}"

    def covering(self, first: int, count: int) -> tuple[int, int]:
        """The pieces low ..< high that have ids among first ..< first + count."""
        low = int(np.searchsorted(self.starts, first, "right")) - 1
        high = int(np.searchsorted(self.starts, first + count, "left"))
        return low, high


@dataclass(frozen=True)
class Span:
    """A run of tokens in a sample that are of one piece: tokens start ..< end."""

    start: int
    end: int
    language: str
    shard: int
    piece: int
    content_hash: str
    first_in_piece: int
    """Where in the piece the run begins: not 0 where the sample begins inside the piece."""


@dataclass(frozen=True)
class Stretch:
    """Tokens of a sample that lie together in a shard: ids first ..< first + count."""

    shard: int
    first: int
    count: int


def segments(spans: Sequence[Span], count: int) -> npt.NDArray[np.int32]:
    """The number of each token's span, from 0: attention may not go from one number to another. Shape [count]."""
    lengths = [span.end - span.start for span in spans]
    return np.repeat(np.arange(len(spans), dtype=np.int32), lengths)[:count]


def positions(spans: Sequence[Span], count: int) -> npt.NDArray[np.int32]:
    """The place of each token in its span, from 0. Shape [count]."""
    starts = np.repeat(np.array([s.start for s in spans], np.int32), [s.end - s.start for s in spans])
    return np.arange(count, dtype=np.int32) - starts[:count]


def languages(spans: Sequence[Span], tags: Sequence[str], count: int) -> npt.NDArray[np.int32]:
    """The language of each token as its number in `tags`. Shape [count]."""
    numbers = {tag: number for number, tag in enumerate(tags)}
    values = np.array([numbers[s.language] for s in spans], np.int32)
    return np.repeat(values, [s.end - s.start for s in spans])[:count]
