#!/usr/bin/env python3
"""Compares the order and the tokens that `shardify order` prints with the package's, for random parameters.

    compare_live.py SHARDIFY DATASET SEED [ROUNDS]      exit 0: all the same; 1: the first difference
"""

from __future__ import annotations

import contextlib
import io
import random
import subprocess
import sys

from shardify import Dataset
from shardify.__main__ import main


def parameters(seeded: random.Random, tokens: int) -> list[str]:
    batch = seeded.randrange(1, 40)
    world = seeded.randrange(1, min(batch, 16) + 1)
    length = seeded.choice((1, seeded.randrange(2, 200), seeded.randrange(200, 3000)))
    values = {
        "sequence-length": length,
        "global-batch": batch,
        "world-size": world,
        "rank": seeded.randrange(world),
        "seed": seeded.randrange(1 << 64),
        "from-step": seeded.choice((0, seeded.randrange(1000), seeded.randrange(10**9))),
        "steps": seeded.randrange(1, 12),
    }
    if seeded.random() < 0.6:
        values["lanes"] = seeded.randrange(1, min(max(tokens // (length + 2), 1), 300) + 1)
    options = [word for name, value in values.items() for word in (f"--{name}", str(value))]
    return options + (["--documents"] if seeded.random() < 0.5 else [])


def compare(shardify: str, dataset: str, seed: int, rounds: int) -> int:
    seeded, tokens, lines = random.Random(seed), Dataset(dataset).tokens, 0
    for _ in range(rounds):
        options = parameters(seeded, tokens)
        theirs = subprocess.run([shardify, "order", dataset, *options], capture_output=True, text=True, check=False)
        ours = io.StringIO()
        with contextlib.redirect_stdout(ours):
            status = main(["order", dataset, *options])
        if status != theirs.returncode or ours.getvalue() != theirs.stdout:
            print(f"differs: order {' '.join(options)} (seed {seed})", file=sys.stderr)
            print(f"shardify: status {theirs.returncode}\n{theirs.stdout[:300]}{theirs.stderr}", file=sys.stderr)
            print(f"python: status {status}\n{ours.getvalue()[:300]}", file=sys.stderr)
            return 1
        lines += ours.getvalue().count("\n")
    print(f"{rounds} orders, {lines} lines: the same (seed {seed})")
    return 0


if __name__ == "__main__":
    sys.exit(compare(sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4]) if len(sys.argv) > 4 else 60))
