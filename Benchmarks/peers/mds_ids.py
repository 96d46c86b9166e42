"""Writes ready ids with MosaicML's MDSWriter: samples of 2,048, zstd:3, xxh64, as LLM Foundry does.

mds_ids.py IDS.bin OUT [LEVEL]    IDS.bin: u16 ids, one after another. Prints what the writing alone took.
"""

import json
import os
import sys
import time
import types

import numpy as np

try:
    from streaming import MDSWriter
except ModuleNotFoundError:
    # The package wants torchvision for its image datasets alone; the writer does not.
    vision, datasets = types.ModuleType("torchvision"), types.ModuleType("torchvision.datasets")
    datasets.VisionDataset = object
    vision.datasets = datasets
    for name in ("transforms", "transforms.functional", "io"):
        sys.modules[f"torchvision.{name}"] = types.ModuleType(f"torchvision.{name}")
    sys.modules["torchvision"], sys.modules["torchvision.datasets"] = vision, datasets
    sys.modules["torchvision.transforms.functional"].to_tensor = None
    sys.modules["torchvision.transforms"].functional = sys.modules["torchvision.transforms.functional"]
    from streaming.base.format.mds.writer import MDSWriter

ids, out = np.fromfile(sys.argv[1], dtype="<u2"), sys.argv[2]
level = sys.argv[3] if len(sys.argv) > 3 else "3"
samples = ids[: len(ids) // 2048 * 2048].reshape(-1, 2048)
start = time.process_time()
with MDSWriter(out=out, columns={"tokens": "ndarray:uint16"}, compression=f"zstd:{level}",
               hashes=["xxh64"], size_limit=1 << 26) as writer:
    for sample in samples:
        writer.write({"tokens": sample})
taken = time.process_time() - start
size = sum(os.path.getsize(os.path.join(out, name)) for name in os.listdir(out))
print(json.dumps({"tokens": int(samples.size), "cpu_s": round(taken, 3), "size_bytes": size}))
