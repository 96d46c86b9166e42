"""The group `planning`: plans of stores of made-up pieces, 1,000 languages by Zipf's law, from the piece tables alone.

BENCH_PIECES are the numbers of pieces, one store after another.
"""

import os
import shutil

import measure
import settings


def run(bench):
    python = settings.venv_python("torch")
    if python is None:
        return bench.skip("planning: torch's environment, with numpy and zstandard, is not installed; "
                          "run Benchmarks/peers/install.sh")
    for pieces in map(int, settings.PIECES.split(",")):
        store = bench.fresh("planning-store")
        try:
            measure.run([python, os.path.join(settings.ROOT, "Benchmarks/make-store.py"), store,
                         "--pieces", str(pieces)])
            size = sum(file.stat().st_size for file in os.scandir(store + "/runs"))
            bench.run("planning", "shardify", f"{pieces:,} pieces",
                      [settings.SHARDIFY, "balance", store, "--temperature", "3.33", "--dry-run", "--json"],
                      1, stdout="/dev/null", pieces=pieces, store_bytes=size)
        except measure.CommandFailed as error:
            bench.skip(f"planning of {pieces} pieces: {settings.shown([str(error)])[-300:]}")
        finally:
            shutil.rmtree(store, ignore_errors=True)
