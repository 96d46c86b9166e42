"""MosaicML's StreamingDataset over MDS shards compressed with zstd.

    loader_streaming.py prepare FOLDER RAW      writes FOLDER/mds from an array of uint16 ids
    loader_streaming.py read FOLDER WORKERS EPOCHS

The first epoch starts with an empty local folder and decompresses the shards into it; the second finds them there, decompressed.
"""

import importlib.machinery
import importlib.util
import os
import shutil
import sys
import time
import types

started = time.monotonic()
import loader_common as common  # noqa: E402
import numpy as np  # noqa: E402


def import_streaming():
    """Its package imports torchvision for classes that are not used here, and of those the CPU build may not be at hand."""
    import transformers.feature_extraction_utils  # noqa: F401
    import transformers.tokenization_utils_base  # noqa: F401

    if importlib.util.find_spec("torchvision") is None:
        for name, members in (
            ("torchvision", {}),
            ("torchvision.datasets", {"VisionDataset": object}),
            ("torchvision.transforms", {}),
            ("torchvision.transforms.functional", {"to_tensor": None}),
        ):
            module = types.ModuleType(name)
            module.__dict__.update(members, __spec__=importlib.machinery.ModuleSpec(name, None))
            sys.modules[name] = module
    import streaming

    return streaming


def prepare(folder, raw):
    streaming = import_streaming()
    shutil.rmtree(folder + "/mds", ignore_errors=True)
    ids = np.memmap(raw, dtype=np.uint16, mode="r")
    count = len(ids) // common.SEQUENCE_LENGTH
    rows = ids[: count * common.SEQUENCE_LENGTH].reshape(count, common.SEQUENCE_LENGTH)
    with streaming.MDSWriter(
        out=folder + "/mds", columns={"tokens": "ndarray:uint16"}, compression="zstd:3",
        hashes=["xxh64"], size_limit=1 << 26,
    ) as writer:
        for row in rows:
            writer.write({"tokens": np.array(row)})


def read(folder, workers, epochs):
    streaming = import_streaming()
    import torch

    torch.set_num_threads(1)
    streaming.base.util.clean_stale_shared_memory()
    local = f"{folder}/local-{os.getpid()}"
    dataset = streaming.StreamingDataset(
        local=local, remote=folder + "/mds", shuffle=True, shuffle_seed=common.SEED,
        batch_size=common.BATCH, num_canonical_nodes=1, predownload=64)
    loader = streaming.StreamingDataLoader(
        dataset, batch_size=common.BATCH, num_workers=workers,
        collate_fn=lambda rows: torch.from_numpy(np.stack([row["tokens"] for row in rows]).astype(np.int64)))
    try:
        common.measure("mosaicml-streaming " + streaming.__version__, lambda: loader, epochs, torch.numel, started)
    finally:
        shutil.rmtree(local, ignore_errors=True)
    os._exit(0)  # its threads do not end by themselves


if sys.argv[1] == "prepare":
    prepare(sys.argv[2], sys.argv[3])
else:
    read(*common.arguments())
