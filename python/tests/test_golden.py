"""The order and the tokens are those of shardify: what its `order` command printed, for a dataset that it wrote.

`make golden` writes tests/golden anew.
"""

from __future__ import annotations

import csv
import hashlib
import itertools
import random
from pathlib import Path

import pytest

from shardify import Dataset, Loader
from shardify.__main__ import main

GOLDEN = Path(__file__).parent / "golden"
DATASET = str(GOLDEN / "dataset")
LENGTH, BATCH, SEED = 64, 12, 7


def lines() -> list[tuple[int, str]]:
    """Global sample and hash of its tokens, as shardify printed them."""
    rows = csv.reader((GOLDEN / "lines.tsv").open(), delimiter="\t")
    return [(int(row[2]), row[5]) for row in rows]


def cases() -> list[dict[str, str]]:
    return list(csv.DictReader((GOLDEN / "order.tsv").open(), delimiter="\t"))


def test_the_dataset_is_sound() -> None:
    dataset = Dataset(DATASET)
    assert dataset.verify() == []
    assert len(dataset.languages) > 20 and len(dataset.manifest.train) == 3


def test_there_are_many_cases() -> None:
    assert len(cases()) >= 300 and len(lines()) == 300


@pytest.mark.parametrize("case", cases(), ids=lambda case: "-".join(list(case.values())[:-1]))
def test_the_command_prints_the_same_lines(case: dict[str, str], capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    arguments = ["order", DATASET, "--sequence-length", case["length"], "--global-batch", case["batch"]]
    arguments += ["--world-size", case["world"], "--rank", case["rank"], "--seed", case["seed"]]
    arguments += ["--from-step", case["from"], "--steps", case["steps"]]
    arguments += [] if case["lanes"] == "-" else ["--lanes", case["lanes"]]
    arguments += [] if case["documents"] == "-" else [case["documents"]]
    assert main(arguments) == 0
    assert hashlib.sha256(capsysbinary.readouterr().out).hexdigest() == case["sha256"]


def test_ranks_that_change_read_the_golden_samples(seeded: random.Random) -> None:
    found: list[tuple[int, str]] = []
    state = None
    cuts = [0, *sorted(seeded.sample(range(1, 25), 5)), 25]
    for first, last in itertools.pairwise(cuts):
        world = seeded.choice((1, 2, 3, 4, 6, 8))
        loaders = [Loader(DATASET, LENGTH, BATCH, rank=r, world_size=world, seed=SEED) for r in range(world)]
        for loader in loaders:
            if state is not None:
                loader.load_state_dict(state)
        streams = [iter(loader) for loader in loaders]
        for _ in range(first, last):
            for stream in streams:
                batch = next(stream)
                found += [(int(g), hashlib.sha256(row.tobytes()).hexdigest()) for g, row in zip(batch.samples, batch.tokens)]
        state = loaders[0].state_dict()
    assert found == lines(), cuts


@pytest.mark.parametrize("workers", [0, 1, 2, 3])
@pytest.mark.filterwarnings("ignore:This DataLoader will create")
def test_workers_read_the_golden_samples(workers: int, seeded: random.Random) -> None:
    torch = pytest.importorskip("torch")
    from shardify.torch import TokenDataset, TokenLoader

    found: list[tuple[int, str]] = []
    cut, world = seeded.randrange(1, 25), seeded.choice((1, 2, 3))
    state = None
    for steps in (cut, 25 - cut):
        loaders = [
            TokenLoader(TokenDataset(DATASET, LENGTH, BATCH, rank=r, world_size=world, seed=SEED), num_workers=workers)
            for r in range(world)
        ]
        for loader in loaders:
            if state is not None:
                loader.load_state_dict(state)
        streams = [iter(loader) for loader in loaders]
        for _ in range(steps):
            for stream in streams:
                batch = next(stream)
                tokens = torch.cat([batch["input_ids"], batch["labels"][:, -1:]], dim=1).numpy().astype("<u2")
                found += [(g, hashlib.sha256(row.tobytes()).hexdigest()) for g, row in zip(batch["samples"].tolist(), tokens)]
        state = loaders[0].state_dict()
    assert found == lines(), (cut, world)
