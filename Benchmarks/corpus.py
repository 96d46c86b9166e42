"""Cuts the shared corpus into what the measures read. Streams: never holds more than one document.

corpus.py CORPUS.jsonl.zst FOLDER [DOCUMENTS]   (DOCUMENTS > 0: only so many from the start)

    whole.jsonl.zst          the corpus (the file itself where it is not cut short)
    slice.jsonl, .jsonl.zst  every 4th document
    slice-files/0..7.jsonl   the slice in 8 files, one for each task of a peer
    copy-1..3.jsonl.zst      three copies that are no duplicates: id and text begin with the copy's number
    cut/0..6.*               the corpus in 7 pieces, plain, gzip and zstd in turn
    facts.json               documents and bytes of text of the whole and of the slice
"""

import gzip
import json
import os
import shutil
import subprocess
import sys

SLICE = 4
PEER_TASKS = 8
CUTS = 7


class ZstdWriter:
    """A file compressed by the zstd program."""

    def __init__(self, path):
        self.file = open(path, "wb")
        self.process = subprocess.Popen(
            ["zstd", "-q", "-3", "-c"], stdin=subprocess.PIPE, stdout=self.file)
        self.write = self.process.stdin.write

    def close(self):
        self.process.stdin.close()
        if self.process.wait() != 0:
            raise SystemExit("zstd failed")
        self.file.close()


def documents(path, limit):
    reader = subprocess.Popen(["zstd", "-dcq", path], stdout=subprocess.PIPE)
    for number, line in enumerate(reader.stdout):
        if limit and number >= limit:
            reader.kill()
            break
        yield number, line
    reader.wait()


def perturbed(document, copy):
    """The same document with a text and id of its own."""
    other = dict(document)
    other["id"] = f"{copy}/{document.get('id', '')}"
    other["text"] = f"{copy} {document['text']}"
    return (json.dumps(other, ensure_ascii=False) + "\n").encode()


def open_cut(folder, number):
    kind = number % 3
    path = f"{folder}/cut/{number}.jsonl"
    if kind == 0:
        return open(path, "wb")
    return gzip.open(path + ".gz", "wb", 3) if kind == 1 else ZstdWriter(path + ".zst")


def main():
    source, folder = sys.argv[1:3]
    limit = int(sys.argv[3]) if len(sys.argv) > 3 else 0
    shutil.rmtree(folder, ignore_errors=True)
    for name in ("", "/slice-files", "/cut"):
        os.makedirs(folder + name)
    total = sum(1 for _ in documents(source, limit))
    facts = {"documents": 0, "text_bytes": 0, "slice_documents": 0, "slice_text_bytes": 0}
    tasks = [open(f"{folder}/slice-files/{n}.jsonl", "wb") for n in range(PEER_TASKS)]
    whole = ZstdWriter(folder + "/whole.jsonl.zst") if limit else None
    piece = open(folder + "/slice.jsonl", "wb")
    packed = ZstdWriter(folder + "/slice.jsonl.zst")
    copies = [ZstdWriter(f"{folder}/copy-{copy}.jsonl.zst") for copy in (1, 2, 3)]
    cut, cut_number = None, -1
    for number, line in documents(source, limit):
        document = json.loads(line)
        size = len(document["text"].encode())
        facts["documents"] += 1
        facts["text_bytes"] += size
        if whole:
            whole.write(line)
        if number % SLICE == 0:
            tasks[facts["slice_documents"] % PEER_TASKS].write(line)
            facts["slice_documents"] += 1
            facts["slice_text_bytes"] += size
            piece.write(line)
            packed.write(line)
        for copy, file in enumerate(copies, 1):
            file.write(perturbed(document, copy))
        if number * CUTS // total != cut_number:
            if cut:
                cut.close()
            cut_number += 1
            cut = open_cut(folder, cut_number)
        cut.write(line)
    for file in [*tasks, piece, packed, *copies, cut] + ([whole] if whole else []):
        file.close()
    if not whole:
        os.symlink(os.path.abspath(source), folder + "/whole.jsonl.zst")
    with open(folder + "/facts.json", "w") as file:
        json.dump(facts, file)


main()
