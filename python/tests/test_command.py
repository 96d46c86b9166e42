"""`python -m shardify`, as a user has it."""

from __future__ import annotations

from pathlib import Path

import pytest

from shardify.__main__ import main


def test_verify(own: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["verify", own]) == 0
    path = Path(own, "shards/shard-00003.zst")
    data = bytearray(path.read_bytes())
    data[600] ^= 1
    path.write_bytes(data)
    assert main(["verify", own]) == 1
    captured = capsys.readouterr()
    assert captured.err.startswith("error: cannot read shard: ") and captured.out.endswith("1 shards with problems\n")


def test_bad_input_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["--sequence-length", "64", "--global-batch", "4"]
    assert main(["order", str(tmp_path), *arguments]) == 1
    error = capsys.readouterr().err
    assert error.startswith("error: cannot read the manifest: ") and error.count("\n") == 1


def test_more_ranks_than_places(narrow: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["order", narrow, "--sequence-length", "64", "--global-batch", "4", "--world-size", "5"]) == 1
    assert "world size 5, expected 1 to the global batch, 4" in capsys.readouterr().err


def test_wrong_usage(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as error:
        main(["order"])
    assert error.value.code == 64
