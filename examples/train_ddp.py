#!/usr/bin/env python3
"""Trains a small GPT on a dataset of shardify with DistributedDataParallel; goes on after a restart, on any number of processes.

    torchrun --nproc-per-node=2 examples/train_ddp.py DATASET --steps 200 --checkpoint run/checkpoint.pt

Elastic, from 2 to 3 processes, here as three agents on one machine (give each node its own command and a shared endpoint):

    for node in 1 2 3; do
      torchrun --nnodes=2:3 --nproc-per-node=1 --max-restarts=3 --rdzv-backend=c10d --rdzv-endpoint=127.0.0.1:29400 \\
        --rdzv-conf=last_call_timeout=5,join_timeout=60 --rdzv-id=example examples/train_ddp.py DATASET --steps 200 --checkpoint run/checkpoint.pt &
    done

When a process dies, the others stop within the timeout, torchrun starts them again, and each goes on from the checkpoint: with the sample
after the last that went into it, whatever the number of processes is now.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import sys
import time
from datetime import timedelta

import torch
import torch.distributed as distributed
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel

from shardify import ShardifyError
from shardify.torch import TokenDataset, TokenLoader


class Block(nn.Module):
    """Causal attention and a feed-forward layer, each normalised before and added to what came in."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.norm_1, self.norm_2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.attention, self.projection = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.feed_forward = nn.Sequential(nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width))

    def forward(self, x: Tensor) -> Tensor:
        rows, length, width = x.shape
        # [rows, length, 3 * width] -> three of [rows, heads, length, width / heads]
        parts = self.attention(self.norm_1(x)).view(rows, length, 3, self.heads, -1).permute(2, 0, 3, 1, 4)
        mixed = F.scaled_dot_product_attention(parts[0], parts[1], parts[2], is_causal=True)
        x = x + self.projection(mixed.transpose(1, 2).reshape(rows, length, width))
        return x + self.feed_forward(self.norm_2(x))


class GPT(nn.Module):
    """Learned positions, tied embeddings; returns the loss of each token."""

    def __init__(self, vocabulary: int, length: int, width: int, layers: int, heads: int) -> None:
        super().__init__()
        self.tokens, self.places = nn.Embedding(vocabulary, width), nn.Embedding(length, width)
        self.blocks = nn.Sequential(*(Block(width, heads) for _ in range(layers)))
        self.norm = nn.LayerNorm(width)
        for embedding in (self.tokens, self.places):
            nn.init.normal_(embedding.weight, std=0.02)

    def forward(self, ids: Tensor, labels: Tensor) -> Tensor:
        x = self.tokens(ids) + self.places(torch.arange(ids.shape[1], device=ids.device))
        logits = self.norm(self.blocks(x)) @ self.tokens.weight.T
        return F.cross_entropy(logits.flatten(0, 1), labels.reshape(-1), reduction="sum")


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("dataset")
    parser.add_argument("--checkpoint", default="checkpoint.pt")
    parser.add_argument("--checkpoint-every", type=int, default=20)
    parser.add_argument("--log-every", type=int, default=10)
    parser.add_argument("--steps", type=int, default=100)
    parser.add_argument("--sequence-length", type=int, default=128)
    parser.add_argument("--global-batch", type=int, default=24)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--workers", type=int, default=1, help="DataLoader workers; the order is the same for any number")
    parser.add_argument("--width", type=int, default=128)
    parser.add_argument("--layers", type=int, default=2)
    parser.add_argument("--heads", type=int, default=4)
    parser.add_argument("--learning-rate", type=float, default=3e-3)
    parser.add_argument("--timeout", type=int, default=60, help="seconds until a process that hangs counts as lost")
    return parser.parse_args()


def rate(options: argparse.Namespace, step: int) -> float:
    """The learning rate: up over a tenth of the steps, then down by a cosine."""
    warm_up = max(options.steps // 10, 1)
    if step < warm_up:
        return options.learning_rate * (step + 1) / warm_up
    share = (step - warm_up) / max(options.steps - warm_up, 1)
    return options.learning_rate * (0.1 + 0.9 * (1 + math.cos(math.pi * share)) / 2)


def check_same_dataset(loader: TokenLoader, rank: int) -> None:
    """All ranks must read the same order; a node with another copy of the dataset is named."""
    found: list[str | None] = [None] * distributed.get_world_size()
    distributed.all_gather_object(found, loader.state_dict()["fingerprint"])
    others = [str(r) for r, fingerprint in enumerate(found) if fingerprint != found[0]]
    if others:
        raise ShardifyError("cannot train", f"rank {rank}", f"ranks {', '.join(others)} read another order than rank 0", "one dataset")


def save(path: str, state: dict[str, object]) -> None:
    """Writes a checkpoint whole or not at all."""
    folder = os.path.dirname(os.path.abspath(path))
    os.makedirs(folder, exist_ok=True)
    with open(path + ".partial", "wb") as file:
        torch.save(state, file)
        file.flush()
        os.fsync(file.fileno())
    os.replace(path + ".partial", path)
    descriptor = os.open(folder, os.O_RDONLY)
    os.fsync(descriptor)
    os.close(descriptor)


def train(options: argparse.Namespace, device: torch.device) -> None:
    rank, world_size = distributed.get_rank(), distributed.get_world_size()
    dataset = TokenDataset(options.dataset, options.sequence_length, options.global_batch, seed=options.seed)
    loader = TokenLoader(dataset, num_workers=options.workers, pin_memory=device.type == "cuda")
    check_same_dataset(loader, rank)

    torch.manual_seed(options.seed)
    vocabulary = dataset.loader.dataset.vocabulary_size
    model = GPT(vocabulary, options.sequence_length, options.width, options.layers, options.heads).to(device)
    optimizer = torch.optim.AdamW(model.parameters(), weight_decay=0.1)
    step = 0
    if os.path.exists(options.checkpoint):
        saved = torch.load(options.checkpoint, map_location=device, weights_only=True)
        model.load_state_dict(saved["model"])
        optimizer.load_state_dict(saved["optimizer"])
        loader.load_state_dict(saved["loader"])
        step = saved["step"]
    parallel = DistributedDataParallel(model)
    if rank == 0:
        print(json.dumps({"start": step, "consumed": loader.state_dict()["consumed"], "world_size": world_size}), flush=True)

    batches = iter(loader)
    tokens_a_step = options.global_batch * options.sequence_length
    begun = time.perf_counter()
    waited, counted = 0.0, 0
    while step < options.steps:
        asked = time.perf_counter()
        batch = next(batches)
        ids, labels = (batch[name].to(device, non_blocking=True) for name in ("input_ids", "labels"))
        waited += time.perf_counter() - asked
        for group in optimizer.param_groups:
            group["lr"] = rate(options, step)
        # DistributedDataParallel takes the mean over ranks of gradients; of this sum it makes the mean over all tokens.
        loss = parallel(ids, labels) * (world_size / tokens_a_step)
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        step += 1
        counted += 1
        if step % options.log_every == 0 or step == options.steps:
            mean = loss.detach() / world_size
            distributed.all_reduce(mean)
            seconds = time.perf_counter() - begun
            if rank == 0:
                print(json.dumps({
                    "step": step, "loss": round(mean.item(), 4), "tokens_per_second": round(counted * tokens_a_step / seconds),
                    "data_wait": round(waited / seconds, 5), "consumed": batch["consumed"], "world_size": world_size,
                }), flush=True)
            begun, waited, counted = time.perf_counter(), 0.0, 0
        if rank == 0 and (step % options.checkpoint_every == 0 or step == options.steps):
            save(options.checkpoint, {
                "model": model.state_dict(), "optimizer": optimizer.state_dict(), "loader": loader.state_dict(), "step": step,
            })


def main() -> int:
    options = parse()
    cuda = torch.cuda.is_available()
    local = int(os.environ.get("LOCAL_RANK", "0"))
    device = torch.device("cuda", local) if cuda else torch.device("cpu")
    if cuda:
        torch.cuda.set_device(device)
    distributed.init_process_group("nccl" if cuda else "gloo", timeout=timedelta(seconds=options.timeout))
    try:
        train(options, device)
    except ShardifyError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    distributed.barrier()
    distributed.destroy_process_group()
    return 0


if __name__ == "__main__":
    sys.exit(main())
