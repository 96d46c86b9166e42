"""What docs/shard-format.md says a reader must check."""

from __future__ import annotations

import copy
import random
import struct
from pathlib import Path

import numpy as np
import pytest
from conftest import shards
from written import WrittenPiece, WrittenShard, random_pieces, write_dataset

from shardify import Dataset, Shard, ShardError

GOLDEN = Path(__file__).parents[2] / "fixtures" / "golden"


def written(tmp_path: Path, shard: WrittenShard) -> str:
    path = tmp_path / "shard.zst"
    path.write_bytes(shard.packed())
    return str(path)


@pytest.mark.parametrize("name", ["shard-v1-u16.zst", "shard-v1-u32.zst"])
def test_frozen_shards_are_read(name: str) -> None:
    shard = Shard(str(GOLDEN / name))
    shard.verify()
    assert shard.width == (2 if "u16" in name else 4)
    assert int(shard.pieces.starts[-1]) == shard.tokens == len(shard.read(0, shard.tokens))


def test_ids_and_pieces_come_back(tmp_path: Path, seeded: random.Random) -> None:
    for width, vocabulary in ((2, 300), (2, 65_536), (4, 70_000)):
        pieces = random_pieces(seeded, 3210, vocabulary=vocabulary)
        shard = Shard(written(tmp_path, WrittenShard(pieces, width=width, vocabulary=vocabulary)))
        shard.verify()
        ids = [i for piece in pieces for i in piece.ids]
        assert shard.read(0, shard.tokens).tolist() == ids
        assert shard.read(490, 1200).tolist() == ids[490:1690]
        table = shard.pieces
        assert [table.languages[i] for i in table.language] == [shard.languages[p.language] for p in pieces]
        assert [table.content_hash(i) for i in range(len(table))] == [p.content.hex() for p in pieces]


def test_an_empty_shard_is_sound(tmp_path: Path) -> None:
    shard = Shard(written(tmp_path, WrittenShard([])))
    shard.verify()
    assert shard.frame_count == 0 and len(shard.pieces) == 0


def zero_piece(data: bytes) -> bytes:
    count = struct.unpack_from("<I", data)[0]
    tokens = 4 + 11 * count
    moved = struct.unpack_from("<II", data, tokens)
    return data[:tokens] + struct.pack("<II", 0, sum(moved)) + data[tokens + 8 :]


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"version": 3}, "version 3, expected 1 or 2; use the shardify that wrote it, or a newer one"),
        ({"width": 4, "held_out": 2}, "held out 2, expected 0 or 1"),
        ({"tags": ("jpn_Jpan", "deu_Latn", "que_Latn", "zho_Hans")}, "languages out of order"),
        ({"tags": ("abc_latn", "deu_Latn", "que_Latn", "zho_Hans")}, "language 'abc_latn'"),
        ({"checksum": False}, "a frame without content size or checksum"),
        ({"vocabulary": 200}, "below the vocabulary size, 200"),
        ({"table": lambda data: data[:-1]}, "bytes, expected"),
        ({"digested": lambda data: data[1:]}, "piece table: SHA-256"),
        ({"table": zero_piece}, "a piece of 0 ids"),
        ({"table": lambda data: data[:4] + b"\x09" + data[5:]}, "a language that is not in the header"),
        ({"ids": lambda ids: ids[:-1]}, "ids, expected"),
    ],
)
def test_a_shard_that_says_what_cannot_be_is_refused(tmp_path: Path, change: dict[str, object], text: str) -> None:
    shard = shards()[0]
    for name, value in change.items():
        setattr(shard, name, value)
    with pytest.raises(ShardError) as error:
        Shard(written(tmp_path, shard)).verify()
    message = str(error.value)
    assert text in message and message.startswith(f"cannot read shard: {tmp_path}") and "\n" not in message


def test_width_3_is_refused(tmp_path: Path) -> None:
    pieces = [WrittenPiece(0, [1, 2, 3], bytes(16))]
    data = bytearray(WrittenShard(pieces).packed())
    at = data.index(b"SHRDSHD")
    data[at + 12] = 3
    (tmp_path / "s").write_bytes(data)
    with pytest.raises(ShardError, match="do not have its digest"):
        Shard(str(tmp_path / "s"))


def test_every_truncation_is_refused(tmp_path: Path) -> None:
    data = shards()[2].packed()
    for size in range(len(data)):
        (tmp_path / "s").write_bytes(data[:size])
        with pytest.raises(ShardError):
            Shard(str(tmp_path / "s"))


def test_every_changed_byte_is_noticed(tmp_path: Path, seeded: random.Random) -> None:
    dataset = Dataset(write_dataset(tmp_path, [WrittenShard(random_pieces(seeded, 700))]))
    path = tmp_path / "shards" / "shard-00000.zst"
    data = path.read_bytes()
    for at in range(len(data)):
        changed = bytearray(data)
        changed[at] ^= 1 << seeded.randrange(8)
        path.write_bytes(changed)
        assert len(copy.copy(dataset).verify()) == 1, at
    path.write_bytes(data)
    assert dataset.verify() == []


def test_a_changed_byte_never_changes_an_id(tmp_path: Path, seeded: random.Random) -> None:
    """Without the digest of the file: what is delivered is right, or nothing is."""
    shard = WrittenShard(random_pieces(seeded, 700))
    data, ids = shard.packed(), shard.payload()
    for at in range(len(data)):
        changed = bytearray(data)
        changed[at] ^= 1 << seeded.randrange(8)
        (tmp_path / "s").write_bytes(changed)
        try:
            found = Shard(str(tmp_path / "s"))
            assert found.read(0, found.tokens).tobytes() == ids, at
        except ShardError:
            pass


def test_frames_of_another_size_than_stated_are_refused(tmp_path: Path) -> None:
    # Two frames swapped: each is sound, and the seek table still fills the file.
    data = bytearray(WrittenShard(random_pieces(random.Random(3), 700)).packed())
    count = struct.unpack_from("<I", data, len(data) - 9)[0]
    start = len(data) - 9 - 8 * count
    (first, _), (second, raw) = (struct.unpack_from("<II", data, start + 8 * i) for i in range(2))
    changed = data[first : first + second] + data[:first] + data[first + second :]
    struct.pack_into("<II", changed, start, second, 1000)
    struct.pack_into("<II", changed, start + 8, first, raw)
    (tmp_path / "s").write_bytes(changed)
    with pytest.raises(ShardError, match=f"{raw} bytes decompressed, expected 1000"):
        Shard(str(tmp_path / "s")).verify()


def test_a_hostile_size_takes_no_memory(tmp_path: Path) -> None:
    data = bytearray(WrittenShard(random_pieces(random.Random(3), 700)).packed())
    struct.pack_into("<I", data, len(data) - 9, 0xFFFFFFFF)
    (tmp_path / "s").write_bytes(data)
    with pytest.raises(ShardError, match="4294967295 entries"):
        Shard(str(tmp_path / "s"))


def test_a_missing_shard_is_named(tmp_path: Path) -> None:
    with pytest.raises(ShardError, match="No such file or directory, expected a shard; rerun balance"):
        Shard(str(tmp_path / "shard-00003.zst"))


def test_arrays_are_the_width_of_the_file(tmp_path: Path) -> None:
    assert Shard(written(tmp_path, shards()[0])).frame(0).dtype == np.uint16
