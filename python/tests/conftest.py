"""Datasets that many tests read; made once."""

from __future__ import annotations

import os
import random
import sys
from pathlib import Path

import pytest

sys.path.insert(0, os.path.dirname(__file__))
from written import WrittenShard, random_pieces, write_dataset  # noqa: E402

SEED = int(os.environ.get("SEED") or random.SystemRandom().randrange(1 << 32))
TOKENS = (3000, 0, 1, 4321, 2500)


def pytest_report_header() -> str:
    return f"random tests: SEED={SEED}"


@pytest.fixture
def seeded() -> random.Random:
    """Randomness that the header of the run names."""
    return random.Random(SEED)


def shards(width: int = 2, vocabulary: int = 300, seed: int = 1) -> list[WrittenShard]:
    """Shards of very different lengths, one of them empty."""
    source = random.Random(seed)
    return [
        WrittenShard(random_pieces(source, tokens, vocabulary=vocabulary), number, len(TOKENS), 0, width, vocabulary)
        for number, tokens in enumerate(TOKENS)
    ]


def held_out() -> list[WrittenShard]:
    """Two held-out shards, language after language; one language has none, one goes across them."""
    source = random.Random(2)
    pieces = sorted(random_pieces(source, 2000, tags=3), key=lambda piece: piece.language)
    half = len(pieces) // 2
    return [WrittenShard(part, number, 0, 1) for number, part in enumerate((pieces[:half], pieces[half:]))]


@pytest.fixture(scope="session")
def narrow(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A dataset of u16 ids with a held-out part."""
    return write_dataset(tmp_path_factory.mktemp("narrow"), shards(), held_out())


@pytest.fixture(scope="session")
def wide(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A dataset of u32 ids."""
    return write_dataset(tmp_path_factory.mktemp("wide"), shards(4, 70_000))


@pytest.fixture
def own(tmp_path: Path) -> str:
    """A dataset that a test may damage."""
    return write_dataset(tmp_path / "own", shards(), held_out())
