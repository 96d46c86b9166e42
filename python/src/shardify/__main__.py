"""`python -m shardify`: the order of a dataset as docs/order-command.md has it, line for line; and verify.

    python -m shardify order DATASET --sequence-length L --global-batch B [--world-size W --rank R --from-step S --steps N]
    python -m shardify verify DATASET
"""

from __future__ import annotations

import argparse
import hashlib
import sys
from typing import NoReturn

from .dataset import Dataset
from .errors import ShardifyError
from .order import rank_places
from .reader import SampleReader


def main(arguments: list[str] | None = None) -> int:
    """Runs a command; the exit status."""
    options = _parser().parse_args(arguments)
    try:
        return _order(options) if options.command == "order" else _verify(options)
    except ShardifyError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except BrokenPipeError:
        return 141


def run() -> None:
    """The entry point of the console script."""
    raise SystemExit(main())


class _Parser(argparse.ArgumentParser):
    """Wrong usage is status 64, as everywhere in shardify."""

    def error(self, message: str) -> NoReturn:
        self.print_usage(sys.stderr)
        self.exit(64, f"error: {message}\n")


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="python -m shardify")
    commands = parser.add_subparsers(dest="command", required=True)
    order = commands.add_parser("order", help="what a rank is given, one line a sample")
    order.add_argument("dataset")
    for name, default in (
        ("sequence-length", None),
        ("global-batch", None),
        ("world-size", 1),
        ("rank", 0),
        ("from-step", 0),
        ("steps", 1),
        ("seed", 1),
    ):
        order.add_argument(f"--{name}", type=int, default=default, required=default is None)
    order.add_argument("--lanes", type=int)
    order.add_argument("--documents", action="store_true", help="a line for each piece of a sample")
    order.add_argument("--no-hash", action="store_true", help="print - instead of the hash")
    commands.add_parser("verify", help="read every byte").add_argument("dataset")
    return parser


def _order(options: argparse.Namespace) -> int:
    dataset = Dataset(options.dataset)
    order = dataset.order(options.sequence_length, seed=options.seed, lanes=options.lanes)
    first, last = rank_places(options.global_batch, options.rank, options.world_size)
    reader = SampleReader(dataset, order)
    for step in range(options.from_step, options.from_step + options.steps):
        rows, samples = reader.read(step * options.global_batch + first, last - first)
        for place, row, sample in zip(range(first, last), rows, samples.tolist()):
            start = reader.stretches(sample)[0]
            digest = "-" if options.no_hash else hashlib.sha256(row.tobytes()).hexdigest()
            columns = (step, place, sample, start.shard, start.first, digest)
            if not options.documents:
                print(*columns, sep="\t")
                continue
            for span in reader.spans(sample):
                piece = (span.start, span.end - span.start, span.language, span.content_hash, span.shard, span.piece)
                print(*columns, *piece, sep="\t")
    reader.close()
    return 0


def _verify(options: argparse.Namespace) -> int:
    problems = Dataset(options.dataset).verify()
    for problem in problems:
        print(f"error: {problem}", file=sys.stderr)
    print(f"{options.dataset}: {len(problems)} shards with problems")
    return 1 if problems else 0


if __name__ == "__main__":
    run()
