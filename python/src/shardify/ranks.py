"""Which rank this process is, and of how many."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping

from .errors import ShardifyError

PAIRS = (
    ("RANK", "WORLD_SIZE", None),  # torchrun
    ("OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE", None),
    ("PMIX_RANK", "PMIX_SIZE", None),
    # A batch script has SLURM_PROCID too, without being one of the tasks: only a step of srun counts.
    ("SLURM_PROCID", "SLURM_STEP_NUM_TASKS", "SLURM_STEP_ID"),
    ("SLURM_PROCID", "SLURM_NTASKS", "SLURM_STEP_ID"),
)


def rank_and_world_size(environment: Mapping[str, str] = os.environ) -> tuple[int, int]:
    """Rank and world size from torch.distributed where it is set up, else from the launcher's variables, else (0, 1)."""
    distributed = sys.modules.get("torch.distributed")
    if distributed is not None and distributed.is_available() and distributed.is_initialized():
        return distributed.get_rank(), distributed.get_world_size()
    for rank_name, size_name, needed in PAIRS:
        if rank_name in environment and size_name in environment and (needed is None or needed in environment):
            rank, size = environment[rank_name], environment[size_name]
            if not (rank.isascii() and rank.isdigit() and size.isascii() and size.isdigit() and int(rank) < int(size)):
                raise ShardifyError(
                    "cannot tell the rank",
                    "environment",
                    f"{rank_name}={rank}, {size_name}={size}",
                    "a rank below the world size",
                    "unset them or give rank and world_size",
                )
            return int(rank), int(size)
    return 0, 1
