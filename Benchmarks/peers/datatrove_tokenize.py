"""datatrove: read JSONL, tokenize, write ids. No shuffling, no merging of its outputs.

datatrove_tokenize.py FOLDER_OF_JSONL OUTPUT WORKERS tokenizer.json
"""

import json
import os
import sys
import time
from importlib.metadata import version

from datatrove.executor.local import LocalPipelineExecutor
from datatrove.pipeline.readers import JsonlReader
from datatrove.pipeline.tokens import DocumentTokenizer

if __name__ == "__main__":
    source, output, workers, tokenizer = sys.argv[1:5]
    startup = time.process_time()
    tasks = sum(name.endswith(".jsonl") for name in os.listdir(source))
    LocalPipelineExecutor(
        pipeline=[
            JsonlReader(source, text_key="text", id_key="id"),
            DocumentTokenizer(
                output + "/ids", tokenizer, eos_token="<|endoftext|>", shuffle_documents=False,
                seed=1),
        ],
        tasks=tasks, workers=int(workers), logging_dir=output + "/log").run()
    size = sum(
        os.path.getsize(os.path.join(folder, name))
        for folder, _, names in os.walk(output + "/ids") for name in names
        if name.endswith(".ds"))
    print(json.dumps({
        "startup_cpu_s": round(startup, 3), "tokens": size // 2, "disk_bytes": size,
        "versions": {name: version(name) for name in ("datatrove", "tokenizers")}}))
