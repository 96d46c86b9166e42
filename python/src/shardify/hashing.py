"""The seeded hash of docs/sample-order.md section 2: on integers, and on arrays of them."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

MASK = (1 << 64) - 1
GOLDEN = 0x9E3779B97F4A7C15
FIRST = 0xBF58476D1CE4E5B9
SECOND = 0x94D049BB133111EB

UInt64s = npt.NDArray[np.uint64]


def mix64(z: int) -> int:
    """Scrambles 64 bits, one to one."""
    z = (z ^ (z >> 30)) * FIRST & MASK
    z = (z ^ (z >> 27)) * SECOND & MASK
    return z ^ (z >> 31)


def mixed(seed: int, *words: int) -> int:
    """The hash of some words under a seed."""
    h = mix64(seed + GOLDEN & MASK)
    for word in words:
        h = mix64((h ^ word) + GOLDEN & MASK)
    return h


def mixed_each(seed: int, words: tuple[int, ...], last: UInt64s) -> UInt64s:
    """`mixed(seed, *words, w)` for each w of an array; shape of `last`."""
    z = (np.uint64(mixed(seed, *words)) ^ last) + np.uint64(GOLDEN)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(FIRST)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(SECOND)
    return z ^ (z >> np.uint64(31))


def below(h: int, n: int) -> int:
    """The number below n that a hash picks: the high half of their 128-bit product."""
    return h * n >> 64
