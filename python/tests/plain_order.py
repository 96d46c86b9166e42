"""docs/sample-order.md once more, token by token and without a thought for speed."""

from __future__ import annotations

from collections.abc import Iterator

M64 = (1 << 64) - 1
GOLDEN = 0x9E3779B97F4A7C15
D = 0x6F72646572207631


def mix64(z: int) -> int:
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9 & M64
    z = (z ^ (z >> 27)) * 0x94D049BB133111EB & M64
    return z ^ (z >> 31)


def mixed(seed: int, *words: int) -> int:
    h = mix64((seed + GOLDEN) & M64)
    for w in words:
        h = mix64(((h ^ w) + GOLDEN) & M64)
    return h


def samples(tokens: list[int], seed: int, length: int, lanes: int, epoch: int) -> Iterator[tuple[int, list[tuple[int, int]]]]:
    """The lane and the (shard, token) pairs of each sample of an epoch, in order."""
    ring = [(shard, token) for shard, count in enumerate(tokens) for token in range(count)]
    total = len(ring)
    edges = [q * total // lanes for q in range(lanes + 1)]
    turn = mixed(seed, D, 1, epoch) * total >> 64
    dealt = sorted(range(lanes), key=lambda q: (mixed(seed, D, 2, epoch, q), q))
    streams = []
    for lane, q in enumerate(dealt):
        count = edges[q + 1] - edges[q]
        offset = mixed(seed, D, 3, epoch, lane) * count >> 64
        streams.append([ring[(turn + edges[q] + (offset + k) % count) % total] for k in range(count)])
    number = 0
    while True:
        holding = [(lane, s) for lane, s in enumerate(streams) if (number + 1) * length + 1 <= len(s)]
        if not holding:
            return
        for lane, stream in holding:
            yield lane, stream[number * length : number * length + length + 1]
        number += 1
