"""Uncompressed arrays read by memory mapping.

    loader_arrays.py memmap|memmap-numpy|megatron FOLDER WORKERS EPOCHS

FOLDER holds raw.bin (uint16 ids) and lengths.npy (ids of each piece, in order). `memmap` is the usual torch Dataset over windows in a
random order; `memmap-numpy` the same without torch, a batch gathered by one loop: the least that any loader does; `megatron` the
logic of Megatron's GPTDataset: documents shuffled, cut into samples, samples shuffled.
"""

import os
import sys
import time

started = time.monotonic()
import loader_common as common  # noqa: E402
import numpy as np  # noqa: E402

LENGTH = common.SEQUENCE_LENGTH


class Windows:
    """Windows of the array in a random order."""

    def __init__(self, folder):
        self.path = folder + "/raw.bin"
        self.order = np.random.default_rng(common.SEED).permutation(os.path.getsize(self.path) // 2 // LENGTH)
        self.ids = None

    def __len__(self):
        return len(self.order)

    def array(self, number):
        if self.ids is None:
            self.ids = np.memmap(self.path, dtype=np.uint16, mode="r")
        start = int(self.order[number]) * LENGTH
        return self.ids[start : start + LENGTH]


class Megatron:
    """Samples that run over shuffled documents."""

    def __init__(self, folder):
        self.path = folder + "/raw.bin"
        lengths = np.load(folder + "/lengths.npy").astype(np.int64)
        self.pointers = np.concatenate([[0], np.cumsum(lengths)])
        random = np.random.default_rng(common.SEED)
        self.documents = random.permutation(len(lengths))
        self.ends = np.concatenate([[0], np.cumsum(lengths[self.documents])])
        self.order = random.permutation(int(self.ends[-1] - 1) // LENGTH)
        self.ids = None

    def __len__(self):
        return len(self.order)

    def array(self, number):
        if self.ids is None:
            self.ids = np.memmap(self.path, dtype=np.uint16, mode="r")
        start = int(self.order[number]) * LENGTH
        end = start + LENGTH
        document = int(np.searchsorted(self.ends, start, "right")) - 1
        parts = []
        while start < end:
            stop = min(end, int(self.ends[document + 1]))
            first = int(self.pointers[self.documents[document]]) + start - int(self.ends[document])
            parts.append(self.ids[first : first + stop - start])
            start = stop
            document += 1
        return np.concatenate(parts)


def main():
    kind = sys.argv[1]
    folder, workers, epochs = common.arguments()
    if kind == "memmap-numpy":
        windows = Windows(folder)

        def batches():
            for first in range(0, len(windows), common.BATCH):
                rows = range(first, min(first + common.BATCH, len(windows)))
                batch = np.empty((len(rows), LENGTH), np.int64)
                for row, number in enumerate(rows):
                    batch[row] = windows.array(number)
                yield batch

        return common.measure("numpy " + np.__version__, batches, epochs, lambda batch: batch.size, started)
    import torch
    from torch.utils.data import DataLoader, Dataset

    torch.set_num_threads(1)

    class Items(Dataset):
        def __init__(self, arrays):
            self.arrays = arrays

        def __len__(self):
            return len(self.arrays)

        def __getitem__(self, number):
            return torch.from_numpy(self.arrays.array(number).astype(np.int64))

    items = Items(Windows(folder) if kind == "memmap" else Megatron(folder))
    loader = DataLoader(items, batch_size=common.BATCH, num_workers=workers)
    common.measure("torch " + torch.__version__, lambda: loader, epochs, torch.numel, started)


main()
