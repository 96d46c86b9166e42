"""Delivers a rank its part of each global batch, and tells where it is."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from .dataset import Dataset
from .order import rank_places
from .pieces import Span
from .ranks import rank_and_world_size
from .reader import DEFAULT_CACHE_BYTES, SampleReader
from .state import LoaderState


@dataclass(frozen=True)
class Batch:
    """What one rank gets in one step."""

    tokens: npt.NDArray[Any]
    """Shape [rows, sequence length + 1]: inputs are [:, :-1], targets [:, 1:]."""
    samples: npt.NDArray[np.int64]
    """The global sample that each row is."""
    consumed: int
    """Samples that all ranks together have consumed after this step."""
    spans: list[list[Span]] | None
    """The pieces of each row, if asked for."""


class Loader:
    """Iterates over the steps of one rank, without end unless `epochs` is given.

    `skip_bad_shards` leaves out samples that need a shard which cannot be read and counts them; the rows of a batch are
    then fewer. They count as consumed, so all ranks stay together.
    """

    def __init__(
        self,
        dataset: Dataset | str | os.PathLike[str],
        sequence_length: int,
        global_batch: int,
        *,
        rank: int | None = None,
        world_size: int | None = None,
        seed: int = 1,
        lanes: int | None = None,
        epochs: int | None = None,
        spans: bool = False,
        dtype: npt.DTypeLike | None = None,
        skip_bad_shards: bool = False,
        cache_bytes: int = DEFAULT_CACHE_BYTES,
        threads: int = 1,
    ) -> None:
        self.dataset = dataset if isinstance(dataset, Dataset) else Dataset(dataset)
        self.order = self.dataset.order(sequence_length, seed=seed, lanes=lanes)
        if rank is None or world_size is None:
            rank, world_size = rank_and_world_size()
        self.global_batch = global_batch
        self.rank, self.world_size = rank, world_size
        self.places = rank_places(global_batch, rank, world_size)
        self.epochs = epochs
        self.spans = spans
        self.dtype = dtype
        self.consumed = 0
        """Samples that all ranks together have consumed."""
        self._options: dict[str, Any] = {
            "skip_bad_shards": skip_bad_shards,
            "cache_bytes": cache_bytes,
            "threads": threads,
        }
        self.reader: SampleReader | None = None

    def __iter__(self) -> Iterator[Batch]:
        """Goes on from where the state is; what is handed out counts as consumed."""
        for batch in self.steps(self.consumed):
            self.consumed = batch.consumed
            yield batch

    def steps(self, consumed: int, every: int = 1) -> Iterator[Batch]:
        """The batches from a number of consumed samples on, or one of each `every`."""
        first, last = self.places
        end = None if self.epochs is None else self.epochs * self.order.samples_per_epoch
        reader = self.reader = SampleReader(self.dataset, self.order, **self._options)
        try:
            while end is None or consumed + self.global_batch <= end:
                tokens, samples = reader.read(consumed + first, last - first, self.dtype)
                spans = [reader.spans(sample) for sample in samples.tolist()] if self.spans else None
                yield Batch(tokens, samples, consumed + self.global_batch, spans)
                consumed += self.global_batch * every
        finally:
            reader.close()

    def state_dict(self) -> dict[str, int | str]:
        """Where all ranks together are; the same on each of them."""
        return LoaderState.of(self.order, self.consumed).to_dict()

    def load_state_dict(self, state: Mapping[str, object], override: Collection[str] = ()) -> None:
        """Goes on where a state says, on any number of ranks.

        A state of another dataset, seed, sequence_length or lanes is refused, unless `override` names what may differ.
        """
        found = LoaderState.from_dict(state)
        found.check(self.order, override)
        self.consumed = found.consumed
