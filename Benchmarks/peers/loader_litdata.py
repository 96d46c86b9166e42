"""LitData's StreamingDataset with its loader of tokens, uncompressed as is its default.

    loader_litdata.py prepare FOLDER RAW        writes FOLDER/litdata from an array of uint16 ids
    loader_litdata.py read FOLDER WORKERS EPOCHS
"""

import os
import shutil
import sys
import time
import warnings

started = time.monotonic()
import loader_common as common  # noqa: E402
import numpy as np  # noqa: E402

warnings.filterwarnings("ignore")
PART = 1 << 20


def parts_of(item):
    import torch

    raw, first = item
    ids = np.memmap(raw, dtype=np.uint16, mode="r")
    yield torch.from_numpy(ids[first : first + PART].astype(np.int32))


def prepare(folder, raw):
    import litdata

    shutil.rmtree(folder + "/litdata", ignore_errors=True)
    count = os.path.getsize(raw) // 2
    litdata.optimize(
        fn=parts_of, inputs=[(raw, first) for first in range(0, count, PART)], output_dir=folder + "/litdata",
        num_workers=1, chunk_size=(common.SEQUENCE_LENGTH + 1) * 4096, item_loader=litdata.TokensLoader())


def read(folder, workers, epochs):
    import litdata
    import torch

    torch.set_num_threads(1)
    dataset = litdata.StreamingDataset(
        folder + "/litdata", item_loader=litdata.TokensLoader(block_size=common.SEQUENCE_LENGTH), shuffle=True,
        seed=common.SEED, drop_last=False)
    loader = litdata.StreamingDataLoader(dataset, batch_size=common.BATCH, num_workers=workers)
    common.measure("litdata " + litdata.__version__, lambda: loader, epochs, torch.numel, started)
    os._exit(0)


if __name__ == "__main__":
    if sys.argv[1] == "prepare":
        prepare(sys.argv[2], sys.argv[3])
    else:
        read(*common.arguments())
