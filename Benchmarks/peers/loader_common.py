"""Reads epochs of batches and tells what each took, as one line of JSON. Shared by the loaders' scripts."""

import json
import resource
import sys
import time

SEQUENCE_LENGTH = 2048
BATCH = 8
SEED = 1


def cpu_seconds():
    """User and system time of this process and of its workers that have ended."""
    kinds = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    return sum(sum(resource.getrusage(kind)[:2]) for kind in kinds)


def measure(version, epoch_of_batches, epochs, tokens_of, started):
    """Runs epochs to their end; every batch is int64 [rows, 2048]. Prints the line of JSON.

    An epoch's CPU covers everything from asking for its first batch to the end of its workers.
    """
    result = {"version": version, "setup_s": round(time.monotonic() - started, 3), "epochs": []}
    for _ in range(epochs):
        cpu, begun, tokens, first = cpu_seconds(), time.monotonic(), 0, None
        batches = iter(epoch_of_batches())
        for batch in batches:
            if first is None:
                first = time.monotonic() - begun
            tokens += tokens_of(batch)
        del batches
        result["epochs"].append({
            "tokens": tokens, "cpu_s": round(cpu_seconds() - cpu, 3),
            "wall_s": round(time.monotonic() - begun, 3), "first_batch_s": round(first, 3)})
    peak = max(resource.getrusage(kind).ru_maxrss
               for kind in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    result["largest_process_mb"] = round(peak / 1024, 1)
    print(json.dumps(result))
    sys.stdout.flush()


def arguments():
    """The folder, the number of workers, the number of epochs."""
    return sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
