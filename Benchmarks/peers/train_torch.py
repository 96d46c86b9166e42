"""The model of train-from-manifest in PyTorch, float32 on CPU: RMS norms, rotary positions, SwiGLU, one matrix for embedding and output.

train_torch.py check DATASET CHECKPOINT LENGTH BATCH    loss and gradient norm of the step after the checkpoint, as JSON
train_torch.py speed DATASET WIDTH LAYERS HEADS HIDDEN LENGTH BATCH STEPS THREADS    seconds of each step, as JSON
"""

import json
import math
import sys
import time

import torch
import torch.nn.functional as F
from torch import nn

from shardify import Loader

EPSILON = 1e-5


class Block(nn.Module):
    def __init__(self, width, heads, hidden):
        super().__init__()
        self.heads = heads
        self.attention_gain = nn.Parameter(torch.ones(width))
        self.query_key_value = nn.Parameter(torch.randn(3 * width, width) / math.sqrt(width))
        self.attention_out = nn.Parameter(torch.randn(width, width) / math.sqrt(width))
        self.feed_forward_gain = nn.Parameter(torch.ones(width))
        self.gate_up = nn.Parameter(torch.randn(2 * hidden, width) / math.sqrt(width))
        self.down = nn.Parameter(torch.randn(width, hidden) / math.sqrt(hidden))

    def forward(self, x, cosines, sines):
        rows, length, width = x.shape
        normed = F.rms_norm(x, (width,), self.attention_gain, EPSILON)
        # [rows, length, 3 * width] -> three of [rows, heads, length, width / heads]
        query, key, value = (normed @ self.query_key_value.T).view(rows, length, 3, self.heads, -1).permute(2, 0, 3, 1, 4)
        mixed = F.scaled_dot_product_attention(rotate(query, cosines, sines), rotate(key, cosines, sines), value, is_causal=True)
        x = x + mixed.transpose(1, 2).reshape(rows, length, width) @ self.attention_out.T
        gate, up = (F.rms_norm(x, (width,), self.feed_forward_gain, EPSILON) @ self.gate_up.T).chunk(2, -1)
        return x + (F.silu(gate) * up) @ self.down.T


def rotate(x, cosines, sines):
    """Turns the pairs (i, i + half)."""
    a, b = x.chunk(2, -1)
    return torch.cat((a * cosines - b * sines, a * sines + b * cosines), -1)


class GPT(nn.Module):
    def __init__(self, vocabulary, width, layers, heads, hidden, length):
        super().__init__()
        self.embedding = nn.Parameter(0.02 * torch.randn(vocabulary, width))
        self.output_bias = nn.Parameter(torch.zeros(vocabulary))
        self.blocks = nn.ModuleList(Block(width, heads, hidden) for _ in range(layers))
        self.final_gain = nn.Parameter(torch.ones(width))
        half = width // heads // 2
        angles = torch.arange(length)[:, None].double() * 10_000 ** (-torch.arange(half).double() / half)
        self.register_buffer("cosines", angles.cos().float(), persistent=False)
        self.register_buffer("sines", angles.sin().float(), persistent=False)

    def forward(self, ids, targets):
        width = self.embedding.shape[1]
        x = F.embedding(ids, self.embedding) * math.sqrt(width)
        for block in self.blocks:
            x = block(x, self.cosines, self.sines)
        x = F.rms_norm(x, (width,), self.final_gain, EPSILON)
        return F.cross_entropy(F.linear(x.flatten(0, 1), self.embedding, self.output_bias), targets.flatten())


def batches(dataset, length, batch):
    """Ids and targets of the steps from the first on."""
    for item in Loader(dataset, sequence_length=length, global_batch=batch, seed=1, rank=0, world_size=1):
        tokens = torch.from_numpy(item.tokens.astype("int64"))
        yield tokens[:, :-1], tokens[:, 1:]


def load(path, length):
    """A model with the weights of a checkpoint of train-from-manifest, and its step."""
    with open(path, "rb") as file:
        header = json.loads(file.read(int.from_bytes(file.read(8), "little")))
        data = file.read()
    facts = header.pop("__metadata__")
    shape = [int(facts["model." + name]) for name in ("vocabulary_size", "width", "layers", "heads", "hidden_width")]
    model = GPT(*shape, length)
    state = {}
    for name, entry in header.items():
        if name.startswith("model."):
            first, last = entry["data_offsets"]
            state[name.removeprefix("model.")] = torch.frombuffer(bytearray(data[first:last]), dtype=torch.float32).view(entry["shape"])
    model.load_state_dict(state)
    return model, int(facts["trainer.step"])


def check(dataset, checkpoint, length, batch):
    model, step = load(checkpoint, int(length))
    for number, (ids, targets) in enumerate(batches(dataset, int(length), int(batch))):
        if number == step:
            loss = model(ids, targets)
            loss.backward()
            norm = math.sqrt(sum(float(p.grad.double().square().sum()) for p in model.parameters()))
            print(json.dumps({"step": step + 1, "loss_nats": float(loss), "gradient_norm": norm}))
            return


def speed(dataset, *numbers):
    width, layers, heads, hidden, length, batch, steps, threads = map(int, numbers)
    torch.set_num_threads(threads)
    torch.manual_seed(1)
    vocabulary = Loader(dataset, sequence_length=length, global_batch=batch, rank=0, world_size=1).dataset.manifest.vocabulary_size
    model = GPT(vocabulary, width, layers, heads, hidden, length)
    decayed = [p for name, p in model.named_parameters() if p.dim() == 2 and name != "embedding"]
    others = [p for name, p in model.named_parameters() if p.dim() != 2 or name == "embedding"]
    optimizer = torch.optim.AdamW([{"params": decayed, "weight_decay": 0.1}, {"params": others, "weight_decay": 0.0}],
                                  lr=1e-3, betas=(0.9, 0.95), eps=1e-8, fused=True)
    seconds, source = [], batches(dataset, length, batch)
    for _ in range(steps):
        start = time.monotonic()
        ids, targets = next(source)
        loss = model(ids, targets)
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad()
        float(loss)
        seconds.append(round(time.monotonic() - start, 5))
    print(json.dumps({"version": f"torch {torch.__version__}", "parameters": sum(p.numel() for p in model.parameters()),
                      "seconds": seconds, "loss_nats": float(loss)}))


if __name__ == "__main__":
    {"check": check, "speed": speed}[sys.argv[1]](*sys.argv[2:])
