#!/usr/bin/env python3
"""Compares a run that was stopped and killed on the way with one of a single process.

    check.py RUN ONE.jsonl STEPS
"""
import json, sqlite3, sys

run, alone, steps = sys.argv[1], sys.argv[2], int(sys.argv[3])


def events(path):
    with open(path) as lines:
        return [json.loads(line) for line in lines]


def fail(text):
    print(f"check: {text}", file=sys.stderr)
    sys.exit(1)


log = events(run + "/log.jsonl")
wanted = {e["step"]: e for e in events(alone) if e["event"] == "step"}
starts = [e for e in log if e["event"] == "started"]
sizes = [e["world_size"] for e in starts]
if len(sizes) < 3 or sizes[0] != 3 or set(sizes[1:]) != {2}:
    fail(f"started on {sizes} ranks, expected 3, 2 and 2")
for start in starts[1:]:
    if not start.get("resumed_from") or start["samples_consumed"] != 12 * start["step"]:
        fail(f"did not go on from a checkpoint: {start}")

made = [e for e in log if e["event"] == "step"]
for event in made:  # those that were made twice, too
    one = wanted[event["step"]]
    if event["samples_sha256"] != one["samples_sha256"]:
        fail(f"step {event['step']}: other samples")
    if abs(event["loss_nats"] - one["loss_nats"]) > 1e-3 * one["loss_nats"]:
        fail(f"step {event['step']}: loss {event['loss_nats']}, expected {one['loss_nats']}")

database = sqlite3.connect(f"{run}/run.sqlite")
rows = database.execute("SELECT step, lower(hex(samples_sha256)) FROM steps ORDER BY step").fetchall()
if rows != [(step, wanted[step]["samples_sha256"]) for step in range(1, steps + 1)]:
    fail(f"run.sqlite has other steps: {[row[0] for row in rows]}")
languages = database.execute(
    "SELECT count(*) FROM evaluation_languages WHERE step = ? AND bits_per_byte > 0", (steps,)).fetchone()[0]
if languages < 5:
    fail(f"{languages} languages in the last evaluation")
twice = len(made) - steps
worst = max(abs(e["loss_nats"] / wanted[e["step"]]["loss_nats"] - 1) for e in made)
print(f"check: ranks {sizes}; {steps} steps, {twice} of them made twice; samples equal, losses within {worst:.1e}")
