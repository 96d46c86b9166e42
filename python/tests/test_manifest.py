"""Manifests that must be refused, each with its line."""

from __future__ import annotations

import os
import random
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import shards
from written import TAGS, WrittenShard, random_pieces, write_dataset

from shardify import Dataset, Loader, ManifestError, ShardError


def test_facts(narrow: str) -> None:
    dataset = Dataset(narrow)
    assert dataset.languages == TAGS
    assert dataset.tokens == 3000 + 1 + 4321 + 2500
    assert Dataset(os.path.join(narrow, "manifest.sqlite")).fingerprint == dataset.fingerprint
    assert dataset.verify() == []


@pytest.mark.parametrize("version", [1, 2, 3])
def test_every_version_is_read_and_its_fingerprint_checked(tmp_path: Path, version: int) -> None:
    folder = write_dataset(tmp_path, shards(), version=version)
    assert Dataset(folder).manifest.version == version
    database = sqlite3.connect(Path(folder, "manifest.sqlite"))
    column = "first_offset" if version >= 2 else "documents"
    database.execute(f"UPDATE languages SET {column} = 9 WHERE language = 'deu_Latn'")
    database.commit()
    database.close()
    with pytest.raises(ManifestError, match="from its rows; the manifest was changed; rerun balance"):
        Dataset(folder)


def test_a_divided_language_is_one_to_readers(tmp_path: Path) -> None:
    """Its parts have numbers of their own in the header; asked for the language, all of them are read."""
    tags = (TAGS[0], *TAGS[:2], TAGS[2], TAGS[2], TAGS[2], TAGS[3])
    source = random.Random(4)
    train = [WrittenShard(random_pieces(source, 3000, len(tags)), n, 2, version=2, tags=tags) for n in range(2)]
    held = [WrittenShard(sorted(random_pieces(source, 500), key=lambda piece: piece.language), 0, 0, 1)]
    dataset = Dataset(write_dataset(tmp_path, train, held, version=3))
    assert dataset.languages == TAGS and dataset.manifest.rings == tags
    assert [(p.language, p.part, p.pattern) for p in dataset.manifest.parts[:2]] == [(TAGS[0], 0, "s0*"), (TAGS[0], 1, "s1*")]
    assert dataset.verify() == []
    for tag in TAGS:
        expected = [piece.ids for shard in train for piece in shard.pieces if tags[piece.language] == tag]
        assert [piece.tokens.tolist() for piece in dataset.pieces(language=tag)] == expected
        assert all(piece.language == tag for piece in dataset.pieces(language=tag))
    loader = Loader(dataset, 50, 8, spans=True, rank=0, world_size=1)
    for span in next(iter(loader)).spans[0]:  # type: ignore[index]
        assert span.language == tags[train[span.shard].pieces[span.piece].language]


def test_parts_that_are_not_those_of_the_mixture_are_refused(tmp_path: Path) -> None:
    for change, text in (
        ("UPDATE language_parts SET binding_rule = 'excluded' WHERE language = 'deu_Latn'", "other languages than the mixture's"),
        ("UPDATE language_parts SET part = 65 WHERE part = 9", "part 65, expected 0 to 64"),
        ("DELETE FROM language_parts", "other languages than the mixture's"),
    ):
        folder = write_dataset(tmp_path / str(len(text)) / change[:3], shards(), version=3, change=execute(change))
        with pytest.raises(ManifestError, match=text):
            Dataset(folder)


def execute(sql: str) -> Callable[[sqlite3.Connection], object]:
    return lambda database: database.executescript(sql)


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"version": 4}, "version: 4, expected"),
        ({"application": 7}, "application id: 0x00000007, expected 0x5348444d; this is no manifest of a dataset"),
        ({"fingerprint": "ab" * 32}, f"fingerprint: {'ab' * 32}, expected"),
        ({"values": {"vocabulary_size": "-1"}}, "vocabulary_size: '-1', expected an integer from 1"),
        ({"values": {"vocabulary_size": "70000"}}, "token_width_bytes: 2, expected 4 for 70000 ids"),
        ({"values": {"shard_count": "9"}}, "5 training shards, expected 9"),
        ({"values": {"plan_sha256": "xyz"}}, "plan_sha256: 'xyz', expected 64 hexadecimal digits"),
        ({"change": execute("UPDATE shards SET path = '../secret' WHERE shard = 0")}, "path '../secret', expected a relative path inside"),
        ({"change": execute("UPDATE shards SET path = '/etc/passwd' WHERE shard = 0")}, "path '/etc/passwd'"),
        ({"change": execute("UPDATE shards SET path = 'a//b' WHERE shard = 0")}, "path 'a//b'"),
        ({"change": execute("UPDATE shards SET path = '' WHERE shard = 0")}, "path ''"),
        ({"change": execute("UPDATE shards SET shard = 7 WHERE shard = 4")}, "number 7, expected 4"),
        ({"change": execute("UPDATE shards SET tokens = -1 WHERE shard = 0")}, "-1, expected an integer of 0 or more"),
        ({"change": execute("UPDATE shards SET sha256 = x'00' WHERE shard = 0")}, "expected a digest of 32 bytes"),
        ({"change": execute("UPDATE shards SET split = 'test' WHERE shard = 4")}, "split 'test', expected train or holdout"),
        ({"change": execute("UPDATE languages SET language = 'x' WHERE language = 'deu_Latn'")}, "'x', expected a tag"),
    ],
)
def test_what_cannot_be_is_refused(tmp_path: Path, options: dict[str, object], text: str) -> None:
    folder = write_dataset(tmp_path, shards(), **options)  # type: ignore[arg-type]
    with pytest.raises(ManifestError) as error:
        Dataset(folder)
    assert text in str(error.value) and "\n" not in str(error.value)


def test_a_folder_without_a_manifest_is_not_finished(tmp_path: Path) -> None:
    with pytest.raises(ManifestError, match="no such file, expected a manifest.sqlite; check the path"):
        Dataset(tmp_path)


def test_what_is_no_database_is_refused(tmp_path: Path) -> None:
    (tmp_path / "manifest.sqlite").write_bytes(b"not a database" * 100)
    with pytest.raises(ManifestError, match="file is not a database"):
        Dataset(tmp_path)


def test_a_truncated_manifest_is_refused(own: str) -> None:
    path = Path(own, "manifest.sqlite")
    path.write_bytes(path.read_bytes()[:9000])
    with pytest.raises(ManifestError):
        Dataset(own)


def test_a_view_that_never_ends_is_refused(tmp_path: Path) -> None:
    endless = "WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c) SELECT CAST(n AS TEXT), n FROM c"
    folder = write_dataset(tmp_path, shards(), fingerprint="00" * 32)
    database = sqlite3.connect(Path(folder, "manifest.sqlite"))
    database.executescript(f"DROP TABLE rejects; CREATE VIEW rejects (reason, documents) AS {endless}")
    database.close()
    with pytest.raises(ManifestError, match="rejects: view, expected a table"):
        Dataset(folder)


def test_swapped_shards_are_told_apart(own: str) -> None:
    first, second = Path(own, "shards/shard-00000.zst"), Path(own, "shards/shard-00003.zst")
    data = first.read_bytes()
    first.write_bytes(second.read_bytes())
    second.write_bytes(data)
    with pytest.raises(ShardError, match="as in the manifest"):
        Dataset(own).shard(0)


def test_a_shard_of_another_dataset_of_the_same_size_is_refused(own: str, tmp_path: Path) -> None:
    other = shards()
    other[0].pieces[0].ids[0] ^= 1
    folder = write_dataset(tmp_path / "other", other)
    data = Path(folder, "shards/shard-00000.zst").read_bytes()
    target = Path(own, "shards/shard-00000.zst")
    if len(data) == target.stat().st_size:
        target.write_bytes(data)
        with pytest.raises(ShardError, match="SHA-256 of the ids"):
            Dataset(own).shard(0)


def test_nothing_is_written_beside_the_manifest(own: str) -> None:
    before = sorted(os.listdir(own))
    Dataset(own)
    assert sorted(os.listdir(own)) == before
