"""One shard, docs/shard-format.md versions 1 and 2: its tables checked when it is opened, its frames when they are read."""

from __future__ import annotations

import hashlib
import os
import struct
import threading
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import zstandard

from .errors import ShardError
from .manifest import TAG, ShardRow
from .pieces import PieceTable

Tokens = npt.NDArray[np.uint16] | npt.NDArray[np.uint32]

SEEK_TABLE_MAGIC = 0x184D2A5E
SEEK_FOOTER_MAGIC = 0x8F92EAB1
HEADER_MAGIC = 0x184D2A54
PIECES_MAGIC = 0x184D2A55
PLAN_MAGIC = 0x184D2A56
HEADER_START = b"SHRDSHD\x01"
MAX_LANGUAGES = 65_536
MAX_FRAME_TOKENS = 1 << 26
MAX_PLAN_BYTES = 256 << 20
PIECE_BYTES = 35
REWRITE = "rerun balance to write it again"

_zstd = threading.local()


@dataclass(frozen=True)
class ShardFacts:
    """What the dataset says that all its shards share; a shard of another dataset differs."""

    width: int
    vocabulary: int
    plan_sha256: bytes
    tokenizer_sha256: bytes
    shard_count: int
    languages: tuple[str, ...]
    held_out_languages: tuple[str, ...]


@dataclass(frozen=True)
class _Part:
    """A zstd or skippable frame in the file."""

    offset: int
    size: int
    raw: int


class Shard:
    """An open shard. Frames may be read from several threads at once."""

    def __init__(self, path: str, row: ShardRow | None = None, facts: ShardFacts | None = None) -> None:
        """Opens a shard and checks its tables, and where a row of the manifest is given, that it is that shard."""
        self.path = path
        self._file = -1
        try:
            self._file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
            self.size_bytes = os.fstat(self._file).st_size
        except OSError as error:
            raise self._bad("", error.strerror or str(error), "a shard", REWRITE) from error
        try:
            if row is not None and self.size_bytes != row.size_bytes:
                raise self._bad("", f"{self.size_bytes} bytes", f"{row.size_bytes}, as in the manifest", REWRITE)
            self._read_seek_table()
            self._read_header()
            self._check_frames()
            if row is not None:
                self._check_row(row)
            if facts is not None:
                self._check_facts(facts, row)
        except BaseException:
            self.close()
            raise
        self._row = row
        self._pieces: PieceTable | None = None

    def close(self) -> None:
        """Gives the file back; frames cannot be read afterwards."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1

    def __del__(self) -> None:
        self.close()

    @property
    def frame_count(self) -> int:
        """Zstd frames of ids."""
        return len(self._raw) - 3

    def frame(self, number: int) -> Tokens:
        """The ids of a frame, a read-only array. Checked: size, checksum, every id below the vocabulary size."""
        part = self._part(number)
        raw = self._decompressed(part, self._bytes(part), part.raw, f"frame {number}")
        ids: Tokens = np.frombuffer(raw, self.dtype)
        if self.vocabulary < 1 << 8 * self.width and int(ids.max()) >= self.vocabulary:
            at = int(np.argmax(ids >= self.vocabulary))
            where = f"id {number * self.frame_tokens + at}"
            raise self._bad(where, str(int(ids[at])), f"below the vocabulary size, {self.vocabulary}", REWRITE)
        return ids

    def frames(self) -> Iterator[Tokens]:
        """The ids, frame after frame."""
        return (self.frame(number) for number in range(self.frame_count))

    def read(self, first: int, count: int) -> Tokens:
        """Ids first ..< first + count."""
        if not 0 <= first <= first + count <= self.tokens:
            raise IndexError(f"ids {first} ..< {first + count} of {self.tokens}")
        out = np.empty(count, self.dtype)
        filled = 0
        while filled < count:
            number, inside = divmod(first + filled, self.frame_tokens)
            piece = self.frame(number)[inside : inside + count - filled]
            out[filled : filled + len(piece)] = piece
            filled += len(piece)
        return out

    @property
    def pieces(self) -> PieceTable:
        """The piece table, read once when it is first asked for."""
        if self._pieces is None:
            self._pieces = self._read_pieces()
        return self._pieces

    @property
    def plan(self) -> bytes:
        """The bytes of `plan.txt`, checked against the header's digest."""
        part = self._part(len(self._raw) - 1)
        packed = self._skippable(part, PLAN_MAGIC, "plan")
        plan = self._decompressed(part, packed, None, "plan", MAX_PLAN_BYTES)
        self._check_digest("plan", plan, self.plan_sha256)
        return plan

    def verify(self) -> None:
        """Reads everything: the digests of file, ids, piece table and plan."""
        digest = hashlib.sha256()
        for frame in self.frames():
            digest.update(frame.data)
        if digest.digest() != self.payload_sha256:
            raise self._bad("ids", f"SHA-256 {digest.hexdigest()}", self.payload_sha256.hex(), REWRITE)
        _ = self.pieces, self.plan
        if self._row is not None:
            with open(self.path, "rb") as file:
                whole = hashlib.sha256()
                while chunk := file.read(1 << 20):
                    whole.update(chunk)
            if whole.digest() != self._row.sha256:
                raise self._bad("file", f"SHA-256 {whole.hexdigest()}", self._row.sha256.hex(), REWRITE)

    # Seek table

    def _read_seek_table(self) -> None:
        size = self.size_bytes
        if size < 17:
            raise self._bad("", f"{size} bytes", "at least a seek table", f"the file is truncated; {REWRITE}")
        count, descriptor, magic = struct.unpack("<IBI", self._pread(size - 9, 9))
        if magic != SEEK_FOOTER_MAGIC:
            raise self._bad(
                f"byte {size - 4}", f"seek-table magic {magic:#010x}", f"{SEEK_FOOTER_MAGIC:#010x}", f"the file is truncated; {REWRITE}"
            )
        if descriptor != 0:
            raise self._bad(f"byte {size - 5}", f"seek-table descriptor {descriptor}", "0")
        start = size - 17 - 8 * count
        if start < 0 or count < 3:
            raise self._bad("seek table", f"{count} entries", f"3 to {(size - 17) // 8} in {size} bytes")
        if struct.unpack("<II", self._pread(start, 8)) != (SEEK_TABLE_MAGIC, 8 * count + 9):
            raise self._bad(f"byte {start}", "another frame", f"the seek table of {count} entries")
        entries = np.frombuffer(self._pread(start + 8, 8 * count), "<u4").reshape(count, 2).astype(np.int64)
        self._raw = entries[:, 1]
        self._offsets = np.zeros(count + 1, np.int64)
        np.cumsum(entries[:, 0], out=self._offsets[1:])
        if int(self._offsets[-1]) != start:
            raise self._bad("seek table", f"sizes that sum to {self._offsets[-1]}", str(start))
        if self._raw[-3:].any() or not self._raw[:-3].all():
            raise self._bad("seek table", "other entries", "frames of ids, then header, piece table and plan of size 0")

    def _part(self, number: int) -> _Part:
        offset = int(self._offsets[number])
        return _Part(offset, int(self._offsets[number + 1]) - offset, int(self._raw[number]))

    # Header

    def _read_header(self) -> None:
        part = self._part(len(self._raw) - 3)
        if part.size > 8 + 180 + 8 * MAX_LANGUAGES + 32:
            raise self._bad("header", f"{part.size} bytes", f"at most {MAX_LANGUAGES} languages")
        data = self._skippable(part, HEADER_MAGIC, "header")
        if data[:7] != HEADER_START[:7] or len(data) < 12:
            raise self._bad("header", data[:8].hex(" "), HEADER_START.hex(" "), "this is no shard")
        (version,) = struct.unpack_from("<I", data, 8)
        if data[7] != 1 or version not in (1, 2):
            raise self._bad("header", f"version {version}", "1 or 2", "use the shardify that wrote it, or a newer one")
        if hashlib.sha256(data[:-32]).digest() != data[-32:]:
            raise self._bad("header", "bytes that do not have its digest", "", REWRITE)
        if len(data) < 212:
            raise self._bad("header", f"{len(data)} bytes", "at least 212")
        self.width, self.vocabulary, self.end_of_text_id = struct.unpack_from("<III", data, 12)
        self.tokenizer_sha256, self.plan_sha256 = data[24:56], data[56:88]
        self.number, self.shard_count, held_out, self.frame_tokens, self.tokens = struct.unpack_from("<IIIIQ", data, 88)
        self.payload_sha256, self.pieces_sha256 = data[112:144], data[144:176]
        (count,) = struct.unpack_from("<I", data, 176)
        if len(data) != 180 + 8 * count + 32:
            raise self._bad("header", f"{len(data)} bytes", f"{212 + 8 * count} for {count} languages")
        for name, found, allowed in (("width", self.width, (2, 4)), ("held out", held_out, (0, 1))):
            if found not in allowed:
                raise self._bad("header", f"{name} {found}", f"{allowed[0]} or {allowed[1]}")
        if not 1 <= self.frame_tokens <= MAX_FRAME_TOKENS:
            raise self._bad("header", f"{self.frame_tokens} ids a frame", f"1 to {MAX_FRAME_TOKENS}")
        self.held_out = held_out == 1
        self.dtype = np.dtype("<u2" if self.width == 2 else "<u4")
        self.languages = self._tags(struct.unpack_from(f"<{count}Q", data, 180), version)

    def _tags(self, numbers: tuple[int, ...], version: int) -> tuple[str, ...]:
        """In version 2 a language is there once for each of its parts."""
        if any(a > b or (a == b and version == 1) for a, b in zip(numbers, numbers[1:])):
            raise self._bad("header", "languages out of order", "ascending tags")
        tags = tuple(number.to_bytes(8, "big").decode("latin-1") for number in numbers)
        for tag in tags:
            if not TAG.match(tag):
                raise self._bad("header", f"language {tag!r}", "a tag such as deu_Latn")
        return tags

    def _check_frames(self) -> None:
        raw = self._raw[:-3]
        full = self.frame_tokens * self.width
        if (raw[:-1] != full).any() or (len(raw) and (raw[-1] > full or raw[-1] % self.width)):
            raise self._bad("seek table", "a frame that is not full", f"{full} bytes in all but the last")
        if int(raw.sum()) != self.tokens * self.width:
            raise self._bad("seek table", f"{raw.sum() // self.width} ids", f"{self.tokens}, as in the header")

    def _check_row(self, row: ShardRow) -> None:
        swapped = "the file is another shard; put it back in its place or rerun balance"
        for name, found, expected in (
            ("number", self.number, row.shard),
            ("held out", self.held_out, row.split == "holdout"),
            ("ids", self.tokens, row.tokens),
            ("SHA-256 of the ids", self.payload_sha256.hex(), row.payload_sha256.hex()),
        ):
            if found != expected:
                raise self._bad("header", f"{name} {found}", f"{expected}, as in the manifest", swapped)

    def _check_facts(self, facts: ShardFacts, row: ShardRow | None) -> None:
        count = 0 if self.held_out else facts.shard_count
        languages = facts.held_out_languages if self.held_out else facts.languages
        for name, found, expected in (
            ("width", self.width, facts.width),
            ("vocabulary size", self.vocabulary, facts.vocabulary),
            ("SHA-256 of the plan", self.plan_sha256.hex(), facts.plan_sha256.hex()),
            ("tokenizer", self.tokenizer_sha256.hex(), facts.tokenizer_sha256.hex()),
            ("shards", self.shard_count, count),
            ("languages", " ".join(self.languages), " ".join(languages)),
        ):
            if found != expected:
                raise self._bad("header", f"{name} {found}", f"{expected}, as in the manifest", "the file is of another dataset")

    # Pieces

    def _read_pieces(self) -> PieceTable:
        part = self._part(len(self._raw) - 2)
        packed = self._skippable(part, PIECES_MAGIC, "piece table")
        most = self.tokens if self._row is None else min(self._row.pieces, self.tokens)
        data = self._decompressed(part, packed, None, "piece table", 4 + PIECE_BYTES * most)
        self._check_digest("piece table", data, self.pieces_sha256)
        (count,) = struct.unpack_from("<I", data)
        if len(data) != 4 + PIECE_BYTES * count:
            raise self._bad("piece table", f"{len(data)} bytes", f"{4 + PIECE_BYTES * count} for {count} pieces")
        if self._row is not None and count != self._row.pieces:
            raise self._bad("piece table", f"{count} pieces", f"{self._row.pieces}, as in the manifest", REWRITE)
        table = PieceTable(data, count, self.languages)
        for name, wrong in (
            ("a language that is not in the header", (table.language >= len(self.languages)).any()),
            ("unknown flags", (table.flags > 3).any()),
            ("a piece of 0 ids", (table.tokens == 0).any()),
            (f"{table.starts[-1]} ids, expected {self.tokens}", int(table.starts[-1]) != self.tokens),
        ):
            if wrong:
                raise self._bad("piece table", name, "", REWRITE)
        return table

    # Bytes

    def _decompressed(self, part: _Part, data: bytes, size: int | None, name: str, most: int = 0) -> bytes:
        """One zstd frame, of the size it must have or of at most so many bytes."""
        where = f"byte {part.offset}, {name}"
        try:
            facts = zstandard.get_frame_parameters(data)
            if facts.content_size == zstandard.CONTENTSIZE_UNKNOWN or not facts.has_checksum:
                raise self._bad(where, "a frame without content size or checksum", "both")
            if facts.content_size != size if size is not None else facts.content_size > most:
                raise self._bad(where, f"{facts.content_size} bytes decompressed", str(size) if size is not None else f"at most {most}", REWRITE)
            raw: bytes = _decompressor().decompress(data, allow_extra_data=False)
        except zstandard.ZstdError as error:
            raise self._bad(where, str(error), "a sound zstd frame", REWRITE) from error
        if len(raw) != facts.content_size:
            raise self._bad(where, f"{len(raw)} bytes decompressed", str(facts.content_size), REWRITE)
        return raw

    def _skippable(self, part: _Part, magic: int, name: str) -> bytes:
        data = self._bytes(part)
        if len(data) < 8 or struct.unpack_from("<II", data) != (magic, part.size - 8):
            raise self._bad(f"byte {part.offset}", data[:8].hex(" "), f"the skippable frame {magic:#x} of the {name}", REWRITE)
        return data[8:]

    def _check_digest(self, name: str, data: bytes, expected: bytes) -> None:
        found = hashlib.sha256(data)
        if found.digest() != expected:
            raise self._bad(name, f"SHA-256 {found.hexdigest()}", f"{expected.hex()}, as in the header", REWRITE)

    def _bytes(self, part: _Part) -> bytes:
        return self._pread(part.offset, part.size)

    def _pread(self, offset: int, size: int) -> bytes:
        try:
            data = os.pread(self._file, size, offset)
            while len(data) < size and (more := os.pread(self._file, size - len(data), offset + len(data))):
                data += more
        except OSError as error:
            raise self._bad(f"byte {offset}", error.strerror or str(error), f"{size} bytes") from error
        if len(data) != size:
            raise self._bad(f"byte {offset}", f"{len(data)} bytes", str(size), f"the file is truncated; {REWRITE}")
        return data

    def _bad(self, where: str, found: str, expected: str = "", remedy: str = "") -> ShardError:
        return ShardError("cannot read shard", f"{self.path} at {where}" if where else self.path, found, expected, remedy)


def _decompressor() -> zstandard.ZstdDecompressor:
    """One for each thread: they may not be shared."""
    found: zstandard.ZstdDecompressor | None = getattr(_zstd, "decompressor", None)
    if found is None:
        found = _zstd.decompressor = zstandard.ZstdDecompressor()
    return found
