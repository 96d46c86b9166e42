"""The dataset for PyTorch: an IterableDataset of whole batches, and a DataLoader that knows where it is.

How batches are dealt to workers: each item of the dataset is a rank's whole part of one global batch, and the DataLoader
is made with `batch_size=None`, so it passes items on as they are. Worker w of n yields the rank's batches w, w + n,
w + 2n, ... counted from where the loader was resumed; the DataLoader takes items from its workers in turn, which restores
the one order, whatever n is. No worker needs to know what the others do.
"""

from __future__ import annotations

import copy
import os
from collections.abc import Collection, Iterator, Mapping
from typing import Any

import numpy as np
import torch
from torch.utils.data import DataLoader, IterableDataset, get_worker_info

from .dataset import Dataset
from .errors import ShardifyError, StateError
from .loader import Batch, Loader
from .pieces import languages, positions, segments

TensorBatch = dict[str, Any]


class TokenDataset(IterableDataset[TensorBatch]):
    """Yields a rank's part of each global batch as tensors:

    - `input_ids`, `labels`: int64 [rows, sequence length]; the label of a token is the one after it;
    - `samples`: int64 [rows], the global samples they are;
    - `consumed`: samples that all ranks together have consumed after this batch;
    - with `spans=True`, all int32 [rows, sequence length + 1]: `segments`, the number of each token's piece in its sample;
      `positions`, its place there; `languages`, its language as a number in `dataset.languages`.

    Rank and world size are those of torch.distributed where it is set up when the dataset is made, else of the launcher's
    environment. The stream has no end unless `epochs` is given.
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
        **options: Any,
    ) -> None:
        """`options` are those of `Loader`: skip_bad_shards, cache_bytes, threads."""
        super().__init__()
        self._worker: tuple[int, int] | None = None
        self.loader = Loader(
            dataset,
            sequence_length,
            global_batch,
            rank=rank,
            world_size=world_size,
            seed=seed,
            lanes=lanes,
            epochs=epochs,
            spans=spans,
            dtype=np.int64,
            **options,
        )

    def __iter__(self) -> Iterator[TensorBatch]:
        """Goes on from where the state is."""
        worker = get_worker_info()
        loader = self.loader
        if worker is None:
            start, count = loader.consumed, 1
        else:
            # What a fork carries over may hold a lock that a thread of the parent had; a copy has its own.
            loader.dataset = copy.copy(loader.dataset)
            start, count = self._worker_start(worker.id, worker.num_workers), worker.num_workers
            self._worker = (worker.id, count)
        for batch in loader.steps(start, every=count):
            # Where this process goes on: after the batch, or with workers at the next one that is its own.
            loader.consumed = batch.consumed + loader.global_batch * (count - 1)
            yield self._tensors(batch)

    def _worker_start(self, number: int, count: int) -> int:
        """Samples consumed before a worker's first batch."""
        if self._worker is None:
            return self.loader.consumed + number * self.loader.global_batch
        if self._worker != (number, count):
            raise StateError(
                "cannot resume",
                f"DataLoader worker {number} of {count}",
                f"a state of worker {self._worker[0]} of {self._worker[1]}",
                "as many workers as before",
                "use TokenLoader, whose state fits any number of workers",
            )
        return self.loader.consumed

    def _tensors(self, batch: Batch) -> TensorBatch:
        tokens = torch.from_numpy(batch.tokens)
        result: TensorBatch = {
            "input_ids": tokens[:, :-1],
            "labels": tokens[:, 1:],
            "samples": torch.from_numpy(batch.samples),
            "consumed": batch.consumed,
        }
        if batch.spans is not None:
            count, tags = tokens.shape[1], self.loader.dataset.languages
            for name, rows in (
                ("segments", [segments(spans, count) for spans in batch.spans]),
                ("positions", [positions(spans, count) for spans in batch.spans]),
                ("languages", [languages(spans, tags, count) for spans in batch.spans]),
            ):
                result[name] = torch.from_numpy(np.stack(rows) if rows else np.empty((0, count), np.int32))
        return result

    def state_dict(self) -> dict[str, Any]:
        """Where the dataset is, counted in what it has yielded.

        In a DataLoader's worker that is where the worker is, which torchdata's StatefulDataLoader keeps for each of them;
        such a state fits only the same number of workers. `TokenLoader.state_dict` fits any.
        """
        state: dict[str, Any] = self.loader.state_dict()
        if self._worker is not None:
            state["worker"], state["workers"] = self._worker
        return state

    def load_state_dict(self, state: Mapping[str, Any], override: Collection[str] = ()) -> None:
        """Goes on where a state says; see `Loader.load_state_dict`."""
        self.loader.load_state_dict(state, override)
        self._worker = (state["worker"], state["workers"]) if "worker" in state else None


class TokenLoader(DataLoader[TensorBatch]):
    """A DataLoader over a `TokenDataset` whose state counts what it has delivered, not what workers have fetched ahead.

    Any number of workers gives the same batches in the same order. One is usually enough: it decompresses more than
    100 million tokens a second. More workers read the same lanes, and so decompress more frames more than once.
    """

    def __init__(self, dataset: TokenDataset, **options: Any) -> None:
        """`options` are those of DataLoader: num_workers, pin_memory, prefetch_factor, ..."""
        for name in ("batch_size", "batch_sampler", "sampler", "shuffle", "collate_fn", "drop_last", "persistent_workers"):
            if options.get(name):
                raise ShardifyError(
                    "cannot make the loader", "TokenLoader", f"{name}={options[name]}", "none", "the dataset yields whole batches, once"
                )
        if options.get("in_order") is False:
            raise ShardifyError("cannot make the loader", "TokenLoader", "in_order=False", "in_order=True")
        super().__init__(dataset, batch_size=None, **options)
        self.tokens = dataset
        self.skipped = 0
        """Rows that batches lacked because a bad shard was skipped."""

    def __iter__(self) -> Iterator[TensorBatch]:  # type: ignore[override]
        """Goes on after the last batch that was delivered."""
        rows = self.tokens.loader.places[1] - self.tokens.loader.places[0]
        for batch in super().__iter__():
            self.tokens.loader.consumed = batch["consumed"]
            self.skipped += rows - len(batch["samples"])
            yield batch

    def state_dict(self) -> dict[str, Any]:
        """Where all ranks together are; the same on each of them, and for any number of workers."""
        return self.tokens.state_dict()

    def load_state_dict(self, state: Mapping[str, Any], override: Collection[str] = ()) -> None:
        """Goes on where a state says, on any number of ranks and workers; see `Loader.load_state_dict`."""
        self.tokens.load_state_dict(state, override)
