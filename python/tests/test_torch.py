"""DataLoader workers change nothing, and the state counts what was delivered."""

from __future__ import annotations

import itertools
import json
import random
import warnings
from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch")
from shardify import Dataset, SampleReader, ShardError, ShardifyError, StateError  # noqa: E402
from shardify.torch import TokenDataset, TokenLoader  # noqa: E402

LENGTH, BATCH = 64, 12
Row = tuple[int, tuple[int, ...], bytes]

pytestmark = [
    pytest.mark.filterwarnings("ignore:This DataLoader will create"),
    pytest.mark.filterwarnings("ignore:'set_vital' is deprecated"),
]


def loader(folder: str, workers: int, rank: int = 1, world_size: int = 3, **options: Any) -> TokenLoader:
    dataset = TokenDataset(folder, LENGTH, BATCH, rank=rank, world_size=world_size, seed=4, **options)
    return TokenLoader(dataset, num_workers=workers)


def rows(batches: Any, count: int) -> list[Row]:
    return [
        (batch["consumed"], tuple(batch["samples"].tolist()), batch["input_ids"].numpy().tobytes())
        for batch in itertools.islice(batches, count)
    ]


def test_a_batch_is_inputs_and_labels(narrow: str) -> None:
    batch = next(iter(loader(narrow, 0, spans=True)))
    assert batch["input_ids"].dtype == torch.int64 and batch["input_ids"].shape == (4, LENGTH)
    assert (batch["input_ids"][:, 1:] == batch["labels"][:, :-1]).all()
    assert batch["samples"].tolist() == [4, 5, 6, 7] and batch["consumed"] == BATCH
    dataset = Dataset(narrow)
    reader = SampleReader(dataset, dataset.order(LENGTH, seed=4))
    for row, sample in enumerate(batch["samples"].tolist()):
        for number, span in enumerate(reader.spans(sample)):
            assert (batch["segments"][row, span.start : span.end] == number).all()
            assert (batch["languages"][row, span.start : span.end] == dataset.languages.index(span.language)).all()
    reader.close()


def test_any_number_of_workers_gives_the_same_batches(narrow: str) -> None:
    expected = rows(loader(narrow, 0), 30)
    for workers in (1, 2, 3):
        assert rows(loader(narrow, workers), 30) == expected


def test_the_state_counts_what_was_delivered(narrow: str, seeded: random.Random) -> None:
    expected = rows(loader(narrow, 0), 30)
    for before, after in ((0, 2), (2, 0), (2, 3), (1, 1)):
        cut = seeded.randrange(1, 29)
        first = loader(narrow, before)
        found = rows(first, cut)
        assert first.state_dict()["consumed"] == cut * BATCH
        second = loader(narrow, after)
        second.load_state_dict(json.loads(json.dumps(first.state_dict())))
        assert found + rows(second, 30 - cut) == expected, (before, after, cut)


def test_iterating_again_goes_on(narrow: str) -> None:
    expected = rows(loader(narrow, 0), 10)
    for workers in (0, 2):
        this = loader(narrow, workers)
        assert rows(this, 4) + rows(this, 6) == expected


def test_another_world_size_goes_on_with_the_same_samples(narrow: str) -> None:
    def samples(loaders: list[TokenLoader], steps: int) -> list[int]:
        streams = [iter(this) for this in loaders]
        return [g for _ in range(steps) for stream in streams for g in next(stream)["samples"].tolist()]

    three = [loader(narrow, 1, rank, 3) for rank in range(3)]
    found = samples(three, 3)
    two = [loader(narrow, rank, rank, 2) for rank in range(2)]
    for this in two:
        this.load_state_dict(three[0].state_dict())
    assert found + samples(two, 4) == list(range(7 * BATCH))


def test_epochs_end(narrow: str) -> None:
    expected = rows(loader(narrow, 0, epochs=1), 10**6)
    assert len(expected) == Dataset(narrow).order(LENGTH).samples_per_epoch // BATCH
    assert rows(loader(narrow, 2, epochs=1), 10**6) == expected


def test_a_worker_s_failure_names_the_shard(own: str) -> None:
    Path(own, "shards/shard-00003.zst").unlink()
    for workers in (0, 2):
        with pytest.raises(ShardError, match="^cannot read shard: .*shard-00003.zst: No such file"):
            rows(loader(own, workers), 100)


def test_skipped_rows_are_counted(own: str) -> None:
    Path(own, "shards/shard-00003.zst").unlink()
    counts = []
    for workers in (0, 2):
        this = loader(own, workers, skip_bad_shards=True, epochs=1)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            found = sum(len(batch["samples"]) for batch in this)
        counts.append((found, this.skipped))
    assert counts[0] == counts[1] and counts[0][1] > 0


def test_options_that_would_change_the_order_are_refused(narrow: str) -> None:
    dataset = TokenDataset(narrow, LENGTH, BATCH, rank=0, world_size=1)
    for options in ({"batch_size": 4}, {"shuffle": True}, {"persistent_workers": True}, {"in_order": False}):
        with pytest.raises(ShardifyError):
            TokenLoader(dataset, **options)


@pytest.mark.parametrize("workers", [0, 1, 2])
def test_stateful_data_loader(narrow: str, workers: int) -> None:
    stateful = pytest.importorskip("torchdata.stateful_dataloader")

    def made() -> Any:
        dataset = TokenDataset(narrow, LENGTH, BATCH, rank=1, world_size=3, seed=4)
        return stateful.StatefulDataLoader(dataset, batch_size=None, num_workers=workers)

    expected = rows(loader(narrow, 0), 20)
    first = made()
    found = rows(first, 7)
    second = made()
    second.load_state_dict(first.state_dict())
    assert found + rows(second, 13) == expected


def test_a_worker_s_state_fits_only_as_many_workers(narrow: str) -> None:
    dataset = TokenDataset(narrow, LENGTH, BATCH, rank=0, world_size=1)
    dataset.load_state_dict({**dataset.state_dict(), "worker": 0, "workers": 3})
    with pytest.raises(StateError, match="a state of worker 0 of 3, expected as many workers as before"):
        next(iter(TokenLoader(dataset, num_workers=2)))
