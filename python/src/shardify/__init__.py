"""Reads the datasets that shardify writes, in the order that shardify gives them.

The formats are those of docs/: manifest.md, shard-format.md and sample-order.md. Start with `Dataset`, `Loader`, and for
PyTorch `shardify.torch`.
"""

from .dataset import Dataset, Piece
from .errors import ManifestError, OrderError, ShardError, ShardifyError, StateError
from .loader import Batch, Loader
from .order import SampleOrder, rank_places
from .pieces import PieceTable, Span, Stretch, languages, positions, segments
from .ranks import rank_and_world_size
from .reader import SampleReader
from .shard import Shard
from .state import LoaderState

__all__ = [
    "Batch",
    "Dataset",
    "Loader",
    "LoaderState",
    "ManifestError",
    "OrderError",
    "Piece",
    "PieceTable",
    "SampleOrder",
    "SampleReader",
    "Shard",
    "ShardError",
    "ShardifyError",
    "Span",
    "StateError",
    "Stretch",
    "languages",
    "positions",
    "rank_and_world_size",
    "rank_places",
    "segments",
]
__version__ = "0.1.0"
