"""The same sequence for any number of ranks, and from any point on."""

from __future__ import annotations

import hashlib
import itertools
import json
import random

import pytest

from shardify import Dataset, Loader, OrderError, ShardifyError, StateError, rank_and_world_size

LENGTH, BATCH, STEPS = 64, 24, 40


def sequence(dataset: Dataset, worlds: list[tuple[int, int]], batch: int = BATCH) -> str:
    """A hash of all samples in order, read by one number of ranks after another: (world size, steps) each."""
    digest = hashlib.sha256()
    state = None
    for world_size, steps in worlds:
        loaders = [Loader(dataset, LENGTH, batch, rank=r, world_size=world_size, seed=9) for r in range(world_size)]
        for loader in loaders:
            if state is not None:
                loader.load_state_dict(json.loads(state))
        streams = [iter(loader) for loader in loaders]
        for _ in range(steps):
            for stream in streams:
                found = next(stream)
                for sample, row in zip(found.samples, found.tokens):
                    digest.update(sample.tobytes() + row.tobytes())
        states = {json.dumps(loader.state_dict()) for loader in loaders}
        assert len(states) == 1
        state = states.pop()
    return digest.hexdigest()


def test_every_world_size_reads_the_same_sequence(narrow: str, seeded: random.Random) -> None:
    dataset = Dataset(narrow)
    expected = sequence(dataset, [(1, STEPS)])
    sizes = (1, 2, 3, 4, 6, 8)
    for size in sizes:
        assert sequence(dataset, [(size, STEPS)]) == expected
    cuts = sorted(seeded.sample(range(1, STEPS), 5))
    worlds = [(seeded.choice(sizes), b - a) for a, b in itertools.pairwise([0, *cuts, STEPS])]
    assert sequence(dataset, worlds) == expected, worlds


def test_an_epoch_delivers_every_sample_once(narrow: str) -> None:
    dataset = Dataset(narrow)
    loaders = [Loader(dataset, 32, 7, rank=r, world_size=3, epochs=1) for r in range(3)]
    found = sorted(g for loader in loaders for batch in loader for g in batch.samples.tolist())
    total = loaders[0].order.samples_per_epoch // 7 * 7
    assert found == list(range(total)) and loaders[0].consumed == total


def test_another_global_batch_goes_on_with_the_next_sample(narrow: str) -> None:
    first = Loader(narrow, LENGTH, 6, rank=0, world_size=1)
    list(itertools.islice(first, 5))
    second = Loader(narrow, LENGTH, 4, rank=0, world_size=1)
    second.load_state_dict(first.state_dict())
    assert next(iter(second)).samples.tolist() == [30, 31, 32, 33]


@pytest.mark.parametrize(
    ("options", "name"), [({"seed": 8}, "seed"), ({"lanes": 3}, "lanes"), ({"sequence_length": 65}, "sequence_length")]
)
def test_a_state_of_another_order_is_refused(narrow: str, options: dict[str, int], name: str) -> None:
    given = {"sequence_length": LENGTH, "seed": 9, **options}
    loader = Loader(narrow, global_batch=4, rank=0, world_size=1, **given)  # type: ignore[misc]
    values = {"sequence_length": LENGTH, "seed": 9}
    other = Loader(narrow, global_batch=4, rank=0, world_size=1, **values)  # type: ignore[misc]
    next(iter(other))
    with pytest.raises(StateError) as error:
        loader.load_state_dict(other.state_dict())
    text = str(error.value)
    assert text.startswith(f"cannot resume: {name.replace('_', ' ')}: the state is of ") and f'override=["{name}"]' in text
    allowed = [name, "lanes"] if name == "sequence_length" else [name]
    loader.load_state_dict(other.state_dict(), override=allowed)
    assert loader.consumed == 4


def test_a_state_of_another_dataset_is_refused(narrow: str, wide: str) -> None:
    state = Loader(wide, LENGTH, 4, rank=0, world_size=1).state_dict()
    with pytest.raises(StateError, match="cannot resume: dataset: the state is of"):
        Loader(narrow, LENGTH, 4, rank=0, world_size=1).load_state_dict(state)


@pytest.mark.parametrize(
    "change", [{"version": 2}, {"consumed": -1}, {"consumed": "4"}, {"fingerprint": "ab"}, {"seed": True}, {"dataset": None}]
)
def test_what_is_no_state_is_refused(narrow: str, change: dict[str, object]) -> None:
    loader = Loader(narrow, LENGTH, 4, rank=0, world_size=1)
    with pytest.raises(StateError, match="cannot read the loader state: " + next(iter(change))):
        loader.load_state_dict({**loader.state_dict(), **change})


def test_an_unknown_override_is_refused(narrow: str) -> None:
    loader = Loader(narrow, LENGTH, 4, rank=0, world_size=1)
    with pytest.raises(StateError, match="expected names among dataset, seed"):
        loader.load_state_dict(loader.state_dict(), override=["sead"])


def test_more_ranks_than_places_are_refused(narrow: str) -> None:
    with pytest.raises(OrderError, match="world size 5, expected 1 to the global batch, 4"):
        Loader(narrow, LENGTH, 4, rank=0, world_size=5)


def test_a_sequence_longer_than_the_data_is_refused(narrow: str) -> None:
    with pytest.raises(OrderError, match="no lane holds a sample"):
        Loader(narrow, 10_000, 4, rank=0, world_size=1)


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({}, (0, 1)),
        ({"RANK": "2", "WORLD_SIZE": "4", "SLURM_PROCID": "1"}, (2, 4)),
        ({"OMPI_COMM_WORLD_RANK": "1", "OMPI_COMM_WORLD_SIZE": "3"}, (1, 3)),
        ({"SLURM_PROCID": "1", "SLURM_NTASKS": "3", "SLURM_STEP_ID": "0"}, (1, 3)),
        ({"SLURM_PROCID": "0", "SLURM_NTASKS": "3"}, (0, 1)),
        ({"SLURM_PROCID": "1", "SLURM_NTASKS": "8", "SLURM_STEP_NUM_TASKS": "2", "SLURM_STEP_ID": "0"}, (1, 2)),
    ],
)
def test_the_rank_comes_from_the_launcher(environment: dict[str, str], expected: tuple[int, int]) -> None:
    assert rank_and_world_size(environment) == expected


def test_a_rank_that_cannot_be_is_refused() -> None:
    with pytest.raises(ShardifyError, match="RANK=4, WORLD_SIZE=4, expected a rank below the world size"):
        rank_and_world_size({"RANK": "4", "WORLD_SIZE": "4"})
