"""The order of docs/sample-order.md: its test vectors, a second implementation, and what follows from it."""

from __future__ import annotations

import hashlib
import random

import numpy as np
import pytest
from plain_order import samples as plain_samples

from shardify import OrderError, SampleOrder, rank_places
from shardify.hashing import mixed, mixed_each
from shardify.order import DOMAIN

VECTORS = [
    ([100, 0, 57, 203], 7, 10, 3, 33, "b6ac06c321d91ead5cf4391577932d8f76360aeea83c8c37be7595e671381f18"),
    ([1000], 1, 16, 8, 56, "91f01cda1eced6ea9987be31e0e2621c8e75252ebfd0c407d291ca1e6b6867bb"),
    ([5] * 8 + [990], 2**64 - 1, 7, 4, 144, "0d484862597b1c1adb280025c49bf560b06d4b48c2ffc217a35e6f02dae8fd81"),
    ([333, 1, 444], 12345, 3, 1, 259, "f34e5b102067c7dec67603a8f7334255d3664603e6e376ab2596de376b6da883"),
    ([64] * 5, 99, 5, 16, 48, "ae9400a688bea903cf2c5a1df1c7e8eaf281f012a770731096f3a7a3d1c6eb99"),
    ([400, 603], 21, 11, 7, 86, "dc7171f103f09a2e46ef81067fd876a4c35cd9f92c94e266a6574a3b0dcdd4f6"),
]


def order(tokens: list[int], length: int, lanes: int | None = None, seed: int = 0) -> SampleOrder:
    return SampleOrder(tokens, length, dataset=bytes(range(32)), seed=seed, lanes=lanes)


def tokens_of(this: SampleOrder, first: int, count: int) -> list[tuple[int, list[tuple[int, int]]]]:
    """Lane and (shard, token) pairs of some global samples, from what `locate` says."""
    where = this.locate(first, count)
    found = []
    for lane, start, before, restart in zip(where.lane, where.start, where.before_jump, where.restart):
        ring = [start + k if k < before else restart + k - before for k in range(where.length)]
        found.append((int(lane), [this.shard_of(int(p) % this.total_tokens) for p in ring]))
    return found


def test_hash_vector() -> None:
    assert mixed(7, DOMAIN, 1, 0) == 0x0B7F4F475B046451
    words = np.array([0, 1, 2**64 - 1], np.uint64)
    assert mixed_each(7, (DOMAIN, 2), words).tolist() == [mixed(7, DOMAIN, 2, int(w)) for w in words]


def test_fingerprint_vector() -> None:
    this = order([100, 0, 57, 203], 10, 3, seed=7)
    assert this.samples_per_epoch == 33
    assert this.fingerprint.hex() == "6d4e4404551e62591d69d8f7e804bf909f9c695bf8ed0b42ae02fe97c3e37009"


@pytest.mark.parametrize(("tokens", "seed", "length", "lanes", "count", "digest"), VECTORS)
def test_whole_orders(tokens: list[int], seed: int, length: int, lanes: int, count: int, digest: str) -> None:
    this = order(tokens, length, lanes, seed)
    assert this.samples_per_epoch == count
    found = hashlib.sha256()
    for g, (lane, pairs) in enumerate(tokens_of(this, 0, 3 * count)):
        line = f"{g // count} {g % count} {lane}" + "".join(f" {s}:{t}" for s, t in pairs)
        found.update((line + "\n").encode())
    assert found.hexdigest() == digest


def test_random_orders_equal_the_plain_implementation(seeded: random.Random) -> None:
    for _ in range(60):
        tokens = [seeded.choice((0, 1, 2, seeded.randrange(400))) for _ in range(seeded.randrange(1, 6))]
        length, lanes, seed = seeded.randrange(1, 20), seeded.randrange(1, 20), seeded.randrange(1 << 64)
        if sum(tokens) < lanes * (length + 2) + 2:
            continue
        this = order(tokens, length, lanes, seed)
        expected = [s for epoch in range(3) for s in plain_samples(tokens, seed, length, lanes, epoch)]
        found = tokens_of(this, 0, 3 * this.samples_per_epoch)
        assert found == expected, (tokens, length, lanes, seed)
        start = seeded.randrange(len(expected))
        assert tokens_of(this, start, len(expected) - start) == expected[start:]


def test_ranks_take_every_place_once() -> None:
    for batch in range(1, 25):
        for world in range(1, batch + 1):
            parts = [rank_places(batch, rank, world) for rank in range(world)]
            assert [p for first, last in parts for p in range(first, last)] == list(range(batch))
            sizes = {last - first for first, last in parts}
            assert max(sizes) - min(sizes) <= 1


def test_default_lanes() -> None:
    assert order([10**6], 2048).lanes == 7
    assert order([10**9], 2048).lanes == 64
    assert order([100], 50).lanes == 1


def test_many_samples_take_no_memory() -> None:
    this = SampleOrder([1 << 46, 1 << 46], 2048, dataset=bytes(32), lanes=16384)
    where = this.locate(1 << 40, 4)
    assert ((where.start >= 0) & (where.start < 1 << 47)).all()


@pytest.mark.parametrize(
    ("tokens", "length", "lanes", "text"),
    [
        ([0], 4, 1, "tokens of the training shards 0, expected 2 to 2^48"),
        ([100], 0, 1, "sequence length 0, expected 1 to 2^32"),
        ([100], 100, 1, "no lane holds a sample: 100 tokens in the longest of 1 lanes, expected at least 101"),
        ([100], 4, 0, "lanes 0, expected 1 to 16384"),
    ],
)
def test_what_cannot_be_ordered_is_refused(tokens: list[int], length: int, lanes: int, text: str) -> None:
    with pytest.raises(OrderError) as error:
        order(tokens, length, lanes)
    assert text in str(error.value)


@pytest.mark.parametrize(("batch", "rank", "world"), [(4, 0, 5), (4, 4, 4), (4, -1, 2), (4, 0, 0)])
def test_ranks_that_cannot_be_are_refused(batch: int, rank: int, world: int) -> None:
    with pytest.raises(OrderError):
        rank_places(batch, rank, world)
