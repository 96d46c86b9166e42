"""Merges and shuffles ready ids with datatrove's DocumentTokenizerMerger.

datatrove_merge.py IDS.bin END_OF_TEXT OUT    Prints what the merging alone took.
The ids become tokenized files as its DocumentTokenizer leaves them (ids, and the end of each document), four of them, outside
the time.
"""

import json
import os
import sys
import time

import numpy as np

raw, end_of_text, out = np.fromfile(sys.argv[1], dtype="<u2"), int(sys.argv[2]), sys.argv[3]
os.makedirs(out + "/tokenized")
ends = np.flatnonzero(raw == end_of_text) + 1
for part in range(4):
    first, last = len(ends) * part // 4, len(ends) * (part + 1) // 4
    base = int(ends[first - 1]) if first else 0
    own = ends[first:last]
    name = f"{out}/tokenized/{part:05d}_unshuffled.ds"
    raw[base : int(own[-1])].tofile(name)
    (own - base).astype("<u8").tofile(name + ".index")
    with open(name + ".metadata", "w") as file:
        file.write(f"gpt2|2\n{int(own[-1]) - base}\n{int(own[-1]) - base}")

from datatrove.pipeline.tokens import DocumentTokenizerMerger  # noqa: E402

merger = DocumentTokenizerMerger(
    input_folder=out + "/tokenized", output_folder=out + "/merged", save_filename="mix",
    shuffle=True, seed=1, progress=False)
start = time.process_time()
merger.run()
taken = time.process_time() - start
size = sum(os.path.getsize(os.path.join(out, "merged", name)) for name in os.listdir(out + "/merged"))
print(json.dumps({"tokens": int(ends[-1]), "cpu_s": round(taken, 3), "size_bytes": size}))
