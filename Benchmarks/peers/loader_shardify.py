"""shardify's Python reader, compressed shards read as they are.

    loader_shardify.py torch|numpy DATASET WORKERS EPOCHS

`torch` is TokenLoader, int64 tensors; `numpy` the Loader, int64 arrays, one thread that reads ahead. The frames in memory are
bounded to 64 MiB, a quarter of the tokens, so that no epoch finds them all decompressed.
"""

import os
import sys
import time

started = time.monotonic()
import loader_common as common  # noqa: E402
import numpy as np  # noqa: E402

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../../python/src"))
import shardify  # noqa: E402


def main():
    dataset, workers, epochs = common.arguments()
    options = dict(sequence_length=common.SEQUENCE_LENGTH, global_batch=common.BATCH, rank=0, world_size=1,
                   seed=common.SEED, cache_bytes=64 << 20)
    turn = iter(range(1, epochs + 1))
    if sys.argv[1] == "numpy":
        loader = shardify.Loader(dataset, dtype=np.int64, **options)

        def epoch():
            loader.epochs = next(turn)
            return loader

        return common.measure(
            "shardify " + shardify.__version__, epoch, epochs, lambda batch: batch.tokens[:, 1:].size, started)
    import torch
    from shardify.torch import TokenDataset, TokenLoader

    torch.set_num_threads(1)
    tokens = TokenDataset(dataset, **options)
    loader = TokenLoader(tokens, num_workers=workers)

    def torch_epoch():
        tokens.loader.epochs = next(turn)
        return loader

    common.measure(
        "shardify " + shardify.__version__, torch_epoch, epochs, lambda batch: batch["input_ids"].numel(), started)


main()
