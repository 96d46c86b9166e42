"""Decompressed frames, kept up to a bound and decompressed ahead on other threads."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor

from .shard import Tokens

FrameKey = tuple[int, int]
"""Training shard and frame in it."""


class FrameCache:
    """Frames that were asked for, the least recently used given up first.

    One thread asks and gets; others decompress, outside Python's lock, since zstandard and file reads release it. What
    goes wrong there is raised by `get`.
    """

    def __init__(self, load: Callable[[FrameKey], Tokens], capacity: int, threads: int) -> None:
        self._load = load
        self._capacity = max(capacity, 2)
        self._frames: OrderedDict[FrameKey, Future[Tokens]] = OrderedDict()
        self._pool = ThreadPoolExecutor(threads, "shardify-read-ahead") if threads > 0 else None
        self.decompressed = 0
        """Frames decompressed so far, for statistics."""

    def ask(self, key: FrameKey) -> None:
        """Has a frame decompressed soon, if threads were asked for."""
        if self._pool is not None and key not in self._frames:
            self._add(key, self._pool.submit(self._load, key))

    def get(self, key: FrameKey) -> Tokens:
        """The ids of a frame; waits for them where they are on the way."""
        frame = self._frames.get(key)
        if frame is None:
            frame = Future()
            self._add(key, frame)
            try:
                frame.set_result(self._load(key))
            except Exception as error:
                frame.set_exception(error)
        else:
            self._frames.move_to_end(key)
        return frame.result()

    def close(self) -> None:
        """Ends the threads."""
        if self._pool is not None:
            self._pool.shutdown(wait=True, cancel_futures=True)
            self._pool = None
        self._frames.clear()

    def _add(self, key: FrameKey, frame: Future[Tokens]) -> None:
        while len(self._frames) >= self._capacity:
            _, oldest = self._frames.popitem(last=False)
            oldest.cancel()
        self._frames[key] = frame
        self.decompressed += 1
