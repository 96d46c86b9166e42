"""Reads samples: the order says where their tokens lie, the shards' frames hold them."""

from __future__ import annotations

import warnings
from collections import OrderedDict
from typing import Any

import numpy as np
import numpy.typing as npt

from .dataset import Dataset
from .errors import ShardError
from .frames import FrameCache, FrameKey
from .order import Located, SampleOrder
from .pieces import Span, Stretch
from .shard import Tokens

DEFAULT_CACHE_BYTES = 256 << 20
TYPICAL_FRAME_TOKENS = 262_144

View = tuple[int, int, Tokens]
"""A frame on the ring: its first token, the one after its last, its ids."""


class SampleReader:
    """Gathers global samples into arrays.

    Memory: `cache_bytes` of decompressed frames, and the tables of the open shards. A lane is read forwards, so it needs
    one frame at a time and a second to read ahead: with less than that for all lanes that a rank reads, frames are
    decompressed more than once. Not for use by several threads at once.
    """

    def __init__(
        self,
        dataset: Dataset,
        order: SampleOrder,
        *,
        cache_bytes: int = DEFAULT_CACHE_BYTES,
        threads: int = 1,
        skip_bad_shards: bool = False,
    ) -> None:
        self.dataset = dataset
        self.order = order
        self.skip_bad_shards = skip_bad_shards
        self.bad_shards: dict[int, ShardError] = {}
        """Shards of which samples were left out, with the first failure of each."""
        self.skipped = 0
        """Samples left out because a shard they need cannot be read."""
        capacity = max(cache_bytes // (TYPICAL_FRAME_TOKENS * dataset.dtype.itemsize), 2)
        # Half for the frames that lanes are in, half for those they need next; where memory is short, less for the latter.
        self._most_views = max(capacity // 2, min(order.lanes, capacity - 2), 1)
        self._cache = FrameCache(self._load, capacity - self._most_views, threads)
        self._starts: list[int] = order.starts.tolist()
        # Lane -> the frame it is in.
        self._views: OrderedDict[int, View] = OrderedDict()

    def close(self) -> None:
        """Ends the threads that read ahead."""
        self._cache.close()
        self._views.clear()

    @property
    def frames_decompressed(self) -> int:
        """Frames decompressed so far."""
        return self._cache.decompressed

    def read(self, first: int, count: int, dtype: npt.DTypeLike | None = None) -> tuple[npt.NDArray[Any], npt.NDArray[np.int64]]:
        """Global samples first ..< first + count: tokens [rows, sequence length + 1], and which they are [rows].

        There are fewer rows than asked for only where bad shards are skipped.
        """
        where = self.order.locate(first, count)
        width = where.length
        out = np.empty((count, width), self.dataset.dtype if dtype is None else dtype)
        views = self._views
        missed = []
        lanes, starts, before = where.lane.tolist(), where.start.tolist(), where.before_jump.tolist()
        for row, (lane, start) in enumerate(zip(lanes, starts)):
            view = views.get(lane)
            if view is not None and view[0] <= start and start + width <= view[1] and before[row] >= width:
                out[row] = view[2][start - view[0] : start - view[0] + width]
            else:
                missed.append(row)
        bad = []
        for row in missed[: self._most_views]:  # all at once to the threads, before the first is waited for
            if not _holds(views.get(lanes[row]), starts[row]):
                self._ask(starts[row])
        for row in missed:
            try:
                position, view = self._assemble(out[row], where, row)
                self._keep(lanes[row], view)
                self._read_ahead(where, row, position, view[1], first + row)
            except ShardError:
                if not self.skip_bad_shards:
                    raise
                bad.append(row)
        samples = np.arange(first, first + count, dtype=np.int64)
        if bad:
            self.skipped += len(bad)
            return np.delete(out, bad, axis=0), np.delete(samples, bad)
        return out, samples

    def stretches(self, sample: int) -> list[Stretch]:
        """Where the tokens of a global sample lie in the shards, in their order."""
        where = self.order.locate(sample, 1)
        width = where.length
        before = min(int(where.before_jump[0]), width)
        found: list[Stretch] = []
        for position, count in ((int(where.start[0]), before), (int(where.restart[0]), width - before)):
            while count > 0:
                shard, first = self.order.shard_of(position)
                taken = min(count, self._starts[shard + 1] - position)
                found.append(Stretch(shard, first, taken))
                count -= taken
                position = (position + taken) % self.order.total_tokens
        return found

    def spans(self, sample: int) -> list[Span]:
        """The pieces of a global sample, each with the run of tokens it has there.

        Where a lane jumps, a run ends, even if the same piece goes on.
        """
        spans: list[Span] = []
        at = 0
        for stretch in self.stretches(sample):
            table = self.dataset.shard(stretch.shard).pieces
            low, high = table.covering(stretch.first, stretch.count)
            edges = np.clip(table.starts[low : high + 1], stretch.first, stretch.first + stretch.count)
            for piece, start, end in zip(range(low, high), edges.tolist(), edges[1:].tolist()):
                spans.append(
                    Span(
                        start=at + start - stretch.first,
                        end=at + end - stretch.first,
                        language=table.languages[table.language[piece]],
                        shard=stretch.shard,
                        piece=piece,
                        content_hash=table.content_hash(piece),
                        first_in_piece=start - int(table.starts[piece]),
                    )
                )
            at += stretch.count
        return spans

    # Frames

    def _assemble(self, out: npt.NDArray[Any], where: Located, row: int) -> tuple[int, View]:
        """Copies a sample out of one frame or several; the ring token after it, and the frame of its last token."""
        width = where.length
        filled = 0
        # The lane's frame is still at hand when the cache has given it up: a sample that ends in the next begins there.
        view = self._views.get(int(where.lane[row]))
        jump = min(int(where.before_jump[row]), width)
        for position, end in ((int(where.start[row]), jump), (int(where.restart[row]), width)):
            while filled < end:
                if view is None or not _holds(view, position):
                    view = self._frame_at(position)
                low, high, ids = view
                taken = min(end - filled, high - position)
                out[filled : filled + taken] = ids[position - low : position - low + taken]
                filled += taken
                position += taken
                after = position
                position %= self.order.total_tokens
        assert view is not None
        return after, view

    def _read_ahead(self, where: Located, row: int, position: int, high: int, sample: int) -> None:
        """Asks for the frame that a lane needs after the one it is in: the next, or where it jumps or starts anew."""
        lane, width = int(where.lane[row]), where.length
        rest = high - position
        until_jump, left = int(where.before_jump[row]) - width, int(where.left[row]) - width
        if 0 <= until_jump < min(rest, left):
            self._ask(int(where.restart[row]))
        elif left > rest:
            self._ask(high % self.order.total_tokens)
        else:
            epoch = sample // self.order.samples_per_epoch + 1
            following = self.order.locate(epoch * self.order.samples_per_epoch + lane, 1)
            self._ask(int(following.start[0]))

    def _keep(self, lane: int, view: View) -> None:
        if lane not in self._views and len(self._views) >= self._most_views:
            self._views.popitem()  # lanes come in turn: the last one is the one that is needed again last
        self._views[lane] = view

    def _key(self, position: int) -> FrameKey:
        shard, first = self.order.shard_of(position)
        return shard, first // self.dataset.shard(shard).frame_tokens

    def _ask(self, position: int) -> None:
        try:
            self._cache.ask(self._key(position))
        except ShardError:
            pass  # told when the frame is needed

    def _frame_at(self, position: int) -> View:
        """The frame that holds a ring token."""
        shard, _ = self.order.shard_of(position)
        try:
            key = self._key(position)
            ids = self._cache.get(key)
        except ShardError as error:
            if self.skip_bad_shards and shard not in self.bad_shards:
                warnings.warn(f"skipping samples: {error}", stacklevel=2)
            self.bad_shards.setdefault(shard, error)
            raise
        low = self._starts[shard] + key[1] * self.dataset.shard(shard).frame_tokens
        return low, low + len(ids), ids

    def _load(self, key: FrameKey) -> Tokens:
        return self.dataset.shard(key[0]).frame(key[1])


def _holds(view: View | None, position: int) -> bool:
    return view is not None and view[0] <= position < view[1]
