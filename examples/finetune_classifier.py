#!/usr/bin/env python3
"""Teaches a BERT to tell languages or scripts apart, with transformers' Trainer, from the pieces of a dataset of shardify.

A new, small model with random weights, over the token ids of the dataset:

    examples/finetune_classifier.py DATASET --steps 300

A model from a folder or the hub, which has a tokenizer of its own: the pieces are decoded with the tokenizer that the dataset was made with
(needs the package `tokenizers`) and encoded again:

    examples/finetune_classifier.py DATASET --model xlm-roberta-base --tokenizer fixtures/tokenizer/tokenizer.json

Training reads the training pieces in the dataset's order, in which every language has its share at every point; evaluation reads the
held-out pieces. Accuracy is told for each language.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch.utils.data import IterableDataset, get_worker_info
from transformers import (
    AutoModelForSequenceClassification,
    AutoTokenizer,
    BertConfig,
    BertForSequenceClassification,
    PreTrainedModel,
    Trainer,
    TrainingArguments,
)

from shardify import Dataset, Piece, ShardifyError

Encode = Callable[[Piece], list[int]]


class PieceDataset(IterableDataset[dict[str, Any]]):
    """The pieces of a split as ids and a label. DataLoader workers take them in turn; training goes round and round."""

    def __init__(self, dataset: Dataset, split: str, encode: Encode, labels: dict[str, int], label: Callable[[str], str]) -> None:
        super().__init__()
        self.dataset, self.split, self.encode, self.labels, self.label = dataset, split, encode, labels, label

    def __iter__(self) -> Iterator[dict[str, Any]]:
        worker = get_worker_info()
        first, count = (0, 1) if worker is None else (worker.id, worker.num_workers)
        while True:
            for number, piece in enumerate(self.dataset.pieces(self.split)):
                if number % count == first and len(piece.tokens) > 1:
                    yield {"input_ids": self.encode(piece), "labels": self.labels[self.label(piece.language)]}
            if self.split != "train":
                return


def collate(pad: int) -> Callable[[list[dict[str, Any]]], dict[str, torch.Tensor]]:
    """Pads a batch to its longest row."""

    def rows(items: list[dict[str, Any]]) -> dict[str, torch.Tensor]:
        width = max(len(item["input_ids"]) for item in items)
        ids = torch.full((len(items), width), pad)
        mask = torch.zeros((len(items), width), dtype=torch.long)
        for row, item in enumerate(items):
            count = len(item["input_ids"])
            ids[row, :count] = torch.tensor(item["input_ids"])
            mask[row, :count] = 1
        return {"input_ids": ids, "attention_mask": mask, "labels": torch.tensor([item["labels"] for item in items])}

    return rows


def new_model(dataset: Dataset, names: list[str], length: int) -> tuple[PreTrainedModel, Encode, int]:
    """A small BERT over the dataset's own ids, with two more for the start and for padding."""
    start, pad = dataset.vocabulary_size, dataset.vocabulary_size + 1
    config = BertConfig(
        vocab_size=dataset.vocabulary_size + 2, hidden_size=128, num_hidden_layers=2, num_attention_heads=4,
        intermediate_size=512, max_position_embeddings=length, pad_token_id=pad, num_labels=len(names),
        id2label=dict(enumerate(names)), label2id={name: number for number, name in enumerate(names)},
    )  # fmt: skip
    return BertForSequenceClassification(config), lambda piece: [start, *piece.tokens[: length - 1].tolist()], pad


def loaded_model(path: str, tokenizer_path: str | None, names: list[str], length: int) -> tuple[PreTrainedModel, Encode, int]:
    """A model with its tokenizer, from a folder or the hub; a new head where it has another number of labels."""
    from tokenizers import Tokenizer

    if tokenizer_path is None:
        raise ShardifyError(
            "cannot read the pieces as text", "--tokenizer", "not given", "the tokenizer.json that the dataset was made with"
        )
    ours, theirs = Tokenizer.from_file(tokenizer_path), AutoTokenizer.from_pretrained(path)
    model = AutoModelForSequenceClassification.from_pretrained(
        path, num_labels=len(names), id2label=dict(enumerate(names)), label2id={n: i for i, n in enumerate(names)},
        ignore_mismatched_sizes=True,
    )  # fmt: skip

    def encode(piece: Piece) -> list[int]:
        # Enough of our tokens for `length` of theirs; whole texts would be decoded for nothing.
        text = ours.decode(piece.tokens[: 4 * length].tolist(), skip_special_tokens=True)
        ids: list[int] = theirs(text, truncation=True, max_length=length)["input_ids"]
        return ids

    return model, encode, theirs.pad_token_id or 0


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("dataset")
    parser.add_argument("--label", choices=("language", "script"), default="language")
    parser.add_argument("--model", help="folder or hub name; without it a new, small model")
    parser.add_argument("--tokenizer", help="tokenizer.json of the dataset, with --model")
    parser.add_argument("--steps", type=int, default=300)
    parser.add_argument("--batch", type=int, default=32, help="rows of a process in a step")
    parser.add_argument("--length", type=int, default=128, help="tokens of a piece that are read")
    parser.add_argument("--learning-rate", type=float, default=1e-3)
    parser.add_argument("--workers", type=int, default=0)
    parser.add_argument("--output", default="classifier")
    return parser.parse_args()


def main() -> int:
    options = parse()
    try:
        dataset = Dataset(options.dataset)
        label = (lambda tag: tag) if options.label == "language" else (lambda tag: tag.split("_")[1])
        names = sorted({label(tag) for tag in dataset.languages})
        if options.model is None:
            model, encode, pad = new_model(dataset, names, options.length)
        else:
            model, encode, pad = loaded_model(options.model, options.tokenizer, names, options.length)
    except ShardifyError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    numbers = {name: number for number, name in enumerate(names)}
    held_out = PieceDataset(dataset, "holdout", encode, numbers, label)
    trainer = Trainer(
        model=model,
        args=TrainingArguments(
            output_dir=options.output, max_steps=options.steps, per_device_train_batch_size=options.batch,
            per_device_eval_batch_size=options.batch, learning_rate=options.learning_rate, warmup_steps=options.steps // 10,
            logging_steps=max(options.steps // 10, 1), save_strategy="no", report_to=[], seed=1, disable_tqdm=True,
            dataloader_num_workers=options.workers,
        ),  # fmt: skip
        train_dataset=PieceDataset(dataset, "train", encode, numbers, label),
        data_collator=collate(pad),
    )
    trainer.train()
    output = trainer.predict(held_out)  # type: ignore[arg-type]
    right, total = Counter[str](), Counter[str]()
    for guess, truth in zip(output.predictions.argmax(-1).tolist(), output.label_ids.tolist()):
        total[names[truth]] += 1
        right[names[truth]] += guess == truth
    trainer.save_model(options.output)
    accuracy = {name: round(right[name] / total[name], 3) for name in sorted(total)}
    print(json.dumps({"held_out": sum(total.values()), "accuracy": round(sum(right.values()) / sum(total.values()), 4), "by_label": accuracy}))
    print(f"model written to {os.path.abspath(options.output)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
