"""Decompressed frames, kept up to a bound and decompressed ahead on other threads."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor

from .shard import Tokens

FrameKey = tuple[int, int]
"""Training shard and frame in it."""


class FrameCache:
    """Frames on the way or at hand, at most `capacity`.

    One thread asks and gets; others decompress, outside Python's lock, since zstandard and file reads release it. What
    goes wrong there is raised by `get`. What has been got is given up before what was only asked for: the reader keeps
    the frame it is in itself, and seldom comes back to one.
    """

    def __init__(self, load: Callable[[FrameKey], Tokens], capacity: int, threads: int) -> None:
        self._load = load
        self._capacity = max(capacity, 1)
        self._asked: OrderedDict[FrameKey, Future[Tokens]] = OrderedDict()
        self._got: OrderedDict[FrameKey, Future[Tokens]] = OrderedDict()
        self._pool = ThreadPoolExecutor(threads, "shardify-read-ahead") if threads > 0 else None
        self.decompressed = 0
        """Frames decompressed so far, for statistics."""

    def ask(self, key: FrameKey) -> None:
        """Has a frame decompressed soon, if threads were asked for."""
        if self._pool is not None and key not in self._asked and key not in self._got:
            self._make_room()
            self.decompressed += 1
            self._asked[key] = self._pool.submit(self._load, key)

    def get(self, key: FrameKey) -> Tokens:
        """The ids of a frame; waits for them where they are on the way."""
        frame = self._asked.pop(key, None) or self._got.pop(key, None)
        if frame is None:
            frame = Future()
            self.decompressed += 1
            try:
                frame.set_result(self._load(key))
            except Exception as error:
                frame.set_exception(error)
        self._make_room()
        self._got[key] = frame
        return frame.result()

    def close(self) -> None:
        """Ends the threads."""
        if self._pool is not None:
            self._pool.shutdown(wait=True, cancel_futures=True)
            self._pool = None
        self._asked.clear()
        self._got.clear()

    def _make_room(self) -> None:
        while len(self._asked) + len(self._got) >= self._capacity:
            frames = self._got or self._asked
            _, oldest = frames.popitem(last=False)
            oldest.cancel()
