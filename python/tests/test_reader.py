"""Samples are the tokens the order says, and spans the pieces they are of."""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import pytest
from conftest import SEED, held_out, shards
from plain_order import samples as plain_samples
from written import TAGS

from shardify import Dataset, SampleReader, ShardError, languages, positions, segments


def ids_of(folder_shards: list) -> list[list[int]]:  # type: ignore[type-arg]
    return [[i for piece in shard.pieces for i in piece.ids] for shard in folder_shards]


@pytest.mark.parametrize("threads", [0, 1, 3])
@pytest.mark.parametrize("cache_bytes", [0, 1 << 28])
def test_samples_equal_the_plain_implementation(narrow: str, wide: str, threads: int, cache_bytes: int) -> None:
    seeded = random.Random(SEED)
    for folder, written in ((narrow, shards()), (wide, shards(4, 70_000))):
        dataset, ids = Dataset(folder), ids_of(written)
        for _ in range(4):
            length, lanes, seed = seeded.randrange(1, 900), seeded.randrange(1, 9), seeded.randrange(1 << 64)
            order = dataset.order(length, seed=seed, lanes=lanes)
            counts = [len(shard) for shard in ids]
            expected = [
                [ids[s][t] for s, t in pairs]
                for epoch in range(2)
                for _, pairs in plain_samples(counts, seed, length, lanes, epoch)
            ]
            reader = SampleReader(dataset, order, threads=threads, cache_bytes=cache_bytes)
            first, found = 0, []
            while first < len(expected):
                count = min(seeded.randrange(1, 20), len(expected) - first)
                rows, samples = reader.read(first, count)
                assert samples.tolist() == list(range(first, first + count))
                found += rows.tolist()
                first += count
            reader.close()
            assert found == expected, (length, lanes, seed)


def test_spans_are_the_pieces_of_a_sample(narrow: str, seeded: random.Random) -> None:
    dataset, written = Dataset(narrow), shards()
    for _ in range(10):
        length = seeded.randrange(1, 900)
        reader = SampleReader(dataset, dataset.order(length, seed=seeded.randrange(1 << 64), lanes=seeded.randrange(1, 9)))
        for sample in range(0, reader.order.samples_per_epoch, 3):
            rows, _ = reader.read(sample, 1)
            spans = reader.spans(sample)
            assert [s.start for s in spans] == [0] + [s.end for s in spans[:-1]] and spans[-1].end == length + 1
            for span in spans:
                piece = written[span.shard].pieces[span.piece]
                count = span.end - span.start
                assert rows[0, span.start : span.end].tolist() == piece.ids[span.first_in_piece : span.first_in_piece + count]
                assert (span.language, span.content_hash) == (TAGS[piece.language], piece.content.hex())
        reader.close()


def test_masks_of_spans(narrow: str) -> None:
    dataset = Dataset(narrow)
    reader = SampleReader(dataset, dataset.order(400))
    spans = reader.spans(0)
    numbers, places = segments(spans, 401), positions(spans, 401)
    tags = languages(spans, dataset.languages, 401)
    for number, span in enumerate(spans):
        assert (numbers[span.start : span.end] == number).all()
        assert places[span.start : span.end].tolist() == list(range(span.end - span.start))
        assert all(dataset.languages[t] == span.language for t in tags[span.start : span.end])
    reader.close()


def test_held_out_tokens_are_separate_and_whole(narrow: str) -> None:
    dataset = Dataset(narrow)
    pieces = [piece for shard in held_out() for piece in shard.pieces]
    for number, tag in enumerate(TAGS):
        ids = [i for piece in pieces if piece.language == number for i in piece.ids]
        for length in (1, 7, 300):
            samples = list(dataset.held_out(tag, length))
            joined = [i for sample in samples for i in sample[:-1].tolist()] + ([int(samples[-1][-1])] if samples else [])
            assert joined == ids
            assert all(len(sample) == length + 1 for sample in samples[:-1])
        assert dataset.held_out_text_bytes(tag) == 3 * len(ids)
    with pytest.raises(Exception, match="language xxx_Latn, expected one of deu_Latn"):
        list(dataset.pieces("holdout", "xxx_Latn"))


def test_pieces_are_read_in_order(narrow: str) -> None:
    found = list(Dataset(narrow).pieces())
    expected = [piece for shard in shards() for piece in shard.pieces]
    assert [piece.tokens.tolist() for piece in found] == [piece.ids for piece in expected]
    assert [piece.content_hash for piece in found] == [piece.content.hex() for piece in expected]


def damage(folder: str, shard: int, at: int) -> None:
    path = Path(folder, f"shards/shard-{shard:05}.zst")
    data = bytearray(path.read_bytes())
    data[at] ^= 0x40
    path.write_bytes(data)


def test_a_damaged_shard_stops_with_its_name(own: str) -> None:
    damage(own, 3, 700)
    dataset = Dataset(own)
    reader = SampleReader(dataset, dataset.order(50))
    with pytest.raises(ShardError, match=r"cannot read shard: .*shard-00003.zst at byte"):
        for sample in range(reader.order.samples_per_epoch):
            reader.read(sample, 1)
    reader.close()


@pytest.mark.parametrize("missing", [False, True])
def test_bad_shards_are_skipped_and_counted(own: str, missing: bool) -> None:
    whole = Dataset(own)
    order = whole.order(50)
    good = SampleReader(whole, order)
    expected = {g: good.read(g, 1)[0][0].tolist() for g in range(order.samples_per_epoch)}
    needs = {g for g in expected if any(s.shard == 3 for s in good.stretches(g))}
    good.close()
    if missing:
        Path(own, "shards/shard-00003.zst").unlink()
    else:
        damage(own, 3, 700)
    reader = SampleReader(Dataset(own), order, skip_bad_shards=True)
    with pytest.warns(UserWarning, match=r"skipping samples: cannot read shard: .*shard-00003.zst"):
        rows, samples = reader.read(0, order.samples_per_epoch)
    left_out = set(expected) - set(samples.tolist())
    assert left_out == needs if missing else left_out and left_out < needs
    assert reader.skipped == len(left_out) and list(reader.bad_shards) == [3]
    assert {int(g): row.tolist() for g, row in zip(samples, rows)} == {g: expected[g] for g in samples.tolist()}
    reader.close()


def test_each_frame_is_decompressed_about_once(narrow: str) -> None:
    dataset = Dataset(narrow)
    frames = sum(dataset.shard(s).frame_count for s in range(5))
    reader = SampleReader(dataset, dataset.order(20, lanes=2), cache_bytes=6 * 2 * 262_144)
    for sample in range(reader.order.samples_per_epoch):
        reader.read(sample, 1)
    # A lane may begin and end a frame that others have too, at both ends of its segment and where it jumps.
    assert frames <= reader.frames_decompressed <= frames + 2 * 3 + 2
    reader.close()


def test_output_of_another_type(narrow: str) -> None:
    dataset = Dataset(narrow)
    reader = SampleReader(dataset, dataset.order(20))
    assert reader.read(0, 2, np.int64)[0].tolist() == reader.read(0, 2)[0].tolist()
    reader.close()
