"""The order of samples, docs/sample-order.md version 1: pure, and the same for any number of ranks."""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from .errors import OrderError
from .hashing import below, mixed, mixed_each

Int64s = npt.NDArray[np.int64]

DOMAIN = int.from_bytes(b"order v1", "big")
MAX_TOKENS = 1 << 48
MAX_SEQUENCE_LENGTH = 1 << 32
MAX_LANES = 16384
MAX_SAMPLE = 1 << 62


@dataclass(frozen=True)
class Located:
    """Where samples lie on the ring; every array has one value a sample.

    A sample is `length` tokens from ring token `start`; where `before_jump` is less than that, only so many come from
    there and the others from ring token `restart`, the first of the lane's segment. The lane has `left` tokens from the
    sample's first on.
    """

    lane: Int64s
    start: Int64s
    before_jump: Int64s
    restart: Int64s
    left: Int64s
    length: int


@dataclass(frozen=True)
class _Epoch:
    """What an epoch fixes for each lane; shape [lanes]."""

    length: Int64s
    offset: Int64s
    base: Int64s
    longer: Int64s


class SampleOrder:
    """Which tokens global sample g is made of.

    Depends on the dataset, the seed, the sequence length and the number of lanes, never on ranks or batches. Memory is
    O(shards + lanes), whatever the number of samples.
    """

    def __init__(
        self,
        shard_tokens: Sequence[int],
        sequence_length: int,
        *,
        dataset: bytes,
        seed: int = 1,
        lanes: int | None = None,
    ) -> None:
        self.starts: Int64s = np.zeros(len(shard_tokens) + 1, np.int64)
        total = sum(shard_tokens)
        _require(2 <= total <= MAX_TOKENS, "tokens of the training shards", total, "2 to 2^48")
        _require(1 <= sequence_length <= MAX_SEQUENCE_LENGTH, "sequence length", sequence_length, "1 to 2^32")
        _require(0 <= seed < 1 << 64, "seed", seed, "0 to 2^64 - 1")
        _require(len(dataset) == 32, "bytes of the dataset's fingerprint", len(dataset), "32")
        if lanes is None:
            lanes = min(max(total // (64 * (sequence_length + 1)), 1), 64)
        _require(1 <= lanes <= MAX_LANES, "lanes", lanes, "1 to 16384")
        np.cumsum(np.asarray(shard_tokens, np.int64), out=self.starts[1:])
        self.total_tokens = total
        self.sequence_length = sequence_length
        self.seed = seed
        self.lanes = lanes
        self.dataset = dataset
        edges = np.arange(lanes + 1, dtype=np.int64) * total // lanes
        self._segment_start: Int64s = edges[:-1]
        self._segment_length: Int64s = np.diff(edges)
        samples = np.maximum((self._segment_length - 1) // sequence_length, 0)
        self._segment_samples: Int64s = samples
        self._rounds = int(samples.min())
        self.samples_per_epoch = int(samples.sum())
        if self.samples_per_epoch == 0:
            longest = int(self._segment_length.max())
            raise OrderError(
                "cannot order the samples",
                "",
                f"no lane holds a sample: {longest} tokens in the longest of {lanes} lanes",
                f"at least {sequence_length + 1} for sequence length {sequence_length}",
                "use fewer lanes, a shorter sequence length or more data",
            )
        self._epochs: dict[int, _Epoch] = {}

    @property
    def fingerprint(self) -> bytes:
        """Names the order: SHA-256 of dataset, seed, sequence length and lanes."""
        values = struct.pack("<QQQ", self.seed, self.sequence_length, self.lanes)
        return hashlib.sha256(b"shardify sample order v1" + self.dataset + values).digest()

    def locate(self, first: int, count: int) -> Located:
        """Where global samples first ..< first + count lie."""
        _require(0 <= first <= MAX_SAMPLE - count, "global sample", first, "0 to 2^62")
        parts: list[Located] = []
        while count > 0 or not parts:
            epoch, sample = divmod(first, self.samples_per_epoch)
            taken = min(count, self.samples_per_epoch - sample)
            parts.append(self._locate_in(self._epoch(epoch), sample, taken))
            first += taken
            count -= taken
        if len(parts) == 1:
            return parts[0]
        return Located(
            lane=np.concatenate([part.lane for part in parts]),
            start=np.concatenate([part.start for part in parts]),
            before_jump=np.concatenate([part.before_jump for part in parts]),
            restart=np.concatenate([part.restart for part in parts]),
            left=np.concatenate([part.left for part in parts]),
            length=self.sequence_length + 1,
        )

    def _locate_in(self, epoch: _Epoch, first: int, count: int) -> Located:
        """Where samples first ..< first + count of one epoch lie."""
        sample = np.arange(first, first + count, dtype=np.int64)
        number, lane = np.divmod(sample, self.lanes)
        tail = sample - self._rounds * self.lanes
        if count and tail[-1] >= 0:  # the last, incomplete round: only the lanes that hold a sample more
            late = tail >= 0
            lane[late] = epoch.longer[tail[late]]
        length = epoch.length[lane]
        passed = number * self.sequence_length
        inside = (epoch.offset[lane] + passed) % length
        base = epoch.base[lane]
        return Located(
            lane=lane,
            start=(base + inside) % self.total_tokens,
            before_jump=length - inside,
            restart=base,
            left=length - passed,
            length=self.sequence_length + 1,
        )

    def _epoch(self, number: int) -> _Epoch:
        """The tables of an epoch; the last two are kept."""
        found = self._epochs.get(number)
        if found is None:
            if len(self._epochs) >= 2:
                del self._epochs[next(iter(self._epochs))]
            found = self._epochs[number] = self._made_epoch(number)
        return found

    def _made_epoch(self, number: int) -> _Epoch:
        words = np.arange(self.lanes, dtype=np.uint64)
        turn = below(mixed(self.seed, DOMAIN, 1, number), self.total_tokens)
        segment = np.argsort(mixed_each(self.seed, (DOMAIN, 2, number), words), kind="stable")
        length = self._segment_length[segment]
        hashes = mixed_each(self.seed, (DOMAIN, 3, number), words)
        offset = np.array([below(h, n) for h, n in zip(hashes.tolist(), length.tolist())], np.int64)
        return _Epoch(
            length=np.maximum(length, 1),
            offset=offset,
            base=(turn + self._segment_start[segment]) % self.total_tokens,
            longer=np.flatnonzero(self._segment_samples[segment] > self._rounds).astype(np.int64),
        )

    def shard_of(self, ring_token: int) -> tuple[int, int]:
        """The shard that holds a ring token, and its number there."""
        shard = int(np.searchsorted(self.starts, ring_token, "right")) - 1
        return shard, ring_token - int(self.starts[shard])


def rank_places(global_batch: int, rank: int, world_size: int) -> tuple[int, int]:
    """The places first ..< last of each global batch that a rank takes."""
    _require(1 <= world_size <= global_batch, "world size", world_size, f"1 to the global batch, {global_batch}")
    _require(0 <= rank < world_size, "rank", rank, f"0 to {world_size - 1}")
    return rank * global_batch // world_size, (rank + 1) * global_batch // world_size


def _require(holds: bool, name: str, found: int, expected: str) -> None:
    if not holds:
        raise OrderError("cannot order the samples", "", f"{name} {found}", expected)
