#!/usr/bin/env python3
"""Checks a dataset, knowing only docs/: manifest.md, shard-format.md, ring.md, token-store.md.

Reads every shard and the manifest, and recomputes digests, fingerprint, totals, the order of all
pieces, shares, deviations and accounts. Shares no code with shardify. Needs Python 3.9 and either
the package `zstandard` or the command `zstd`.

    check_dataset.py DATASET [JSONL...]     a dataset, or stages; exit 0: nothing is wrong; 1: the list of problems

With the inputs of a dataset whose languages are divided over their sources, lines with the fields text, lang and source,
the part of each piece is compared with that of its document's source.
"""

import array
import hashlib
import json
import os
import re
import sqlite3
import struct
import subprocess
import sys
from fractions import Fraction

try:
    import zstandard
except ImportError:
    zstandard = None

M = (1 << 64) - 1
GOLDEN = 0x9E3779B97F4A7C15
START = 0x72696E6773747274
JITTER = 0x72696E676A697474
TAG = re.compile(rb"[a-z]{3}_[A-Z][a-z]{3}\Z")

problems = []


def problem(text):
    problems.append(text)


def expect(what, found, wanted):
    if found != wanted:
        problem(f"{what}: {found}, expected {wanted}")


def decompress(data, size=0):
    if zstandard:
        return zstandard.ZstdDecompressor().decompress(data, max_output_size=size)
    return subprocess.run(["zstd", "-dcq"], input=data, stdout=subprocess.PIPE, check=True).stdout


# ring.md


def mix64(z):
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9 & M
    z = (z ^ (z >> 27)) * 0x94D049BB133111EB & M
    return z ^ (z >> 31)


def mixed(seed, *words):
    h = mix64(seed + GOLDEN & M)
    for word in words:
        h = mix64((h ^ word) + GOLDEN & M)
    return h


def place(a, b, quota, u):
    return ((a << 64) + u * (min(b, quota) - a)) // quota


def tag_number(tag):
    return int.from_bytes(tag.encode(), "big")


# token-store.md, section 2


def document_key(store_key, content):
    digest = hashlib.sha256(store_key + content + b"\0").digest()
    return int.from_bytes(digest[:8], "big"), int.from_bytes(digest[8:16], "big")


# shard-format.md


class Shard:
    """A shard, read from its own tables."""

    def __init__(self, path):
        with open(path, "rb") as file:
            data = file.read()
        self.size = len(data)
        self.sha256 = hashlib.sha256(data).hexdigest()
        count, descriptor, magic = struct.unpack("<IBI", data[-9:])
        if magic != 0x8F92EAB1 or descriptor != 0:
            raise ValueError(f"seek-table footer {magic:#x}, {descriptor}")
        start = len(data) - 17 - 8 * count
        if start < 0 or struct.unpack_from("<II", data, start) != (0x184D2A5E, 8 * count + 9):
            raise ValueError("seek table")
        entries = [struct.unpack_from("<II", data, start + 8 + 8 * i) for i in range(count)]
        if sum(e[0] for e in entries) != start:
            raise ValueError("the seek table does not fill the file")
        if count < 3 or any(e[1] for e in entries[-3:]) or not all(e[1] for e in entries[:-3]):
            raise ValueError("the last three entries are not header, pieces and plan")
        frames, offset = [], 0
        for size, raw in entries:
            frames.append((data[offset : offset + size], raw))
            offset += size
        header, pieces, plan = (self.skippable(f[0], 0x184D2A54 + i) for i, f in enumerate(frames[-3:]))
        self.read_header(header)
        if any(raw != self.frame_tokens * self.width for _, raw in frames[:-4]):
            raise ValueError("a frame that is not full")
        self.payload = b"".join(decompress(f, raw) for f, raw in frames[:-3])
        if [raw for _, raw in frames[:-3]] and sum(r for _, r in frames[:-3]) != len(self.payload):
            raise ValueError("frames are not as long as the seek table says")
        if len(self.payload) != self.tokens * self.width:
            raise ValueError(f"{len(self.payload)} bytes of ids, expected {self.tokens} ids")
        if hashlib.sha256(self.payload).digest() != self.payload_sha256:
            raise ValueError("payload digest in the header")
        self.read_pieces(decompress(pieces, 4 + 35 * max(1, self.tokens)))
        self.plan = decompress(plan, 256 << 20)
        if hashlib.sha256(self.plan).digest() != self.plan_sha256:
            raise ValueError("plan digest in the header")

    @staticmethod
    def skippable(frame, magic):
        found, size = struct.unpack_from("<II", frame)
        if found != magic or size != len(frame) - 8:
            raise ValueError(f"skippable frame {found:#x}, expected {magic:#x}")
        return frame[8:]

    def read_header(self, data):
        (self.version,) = struct.unpack_from("<I", data, 8)
        if data[:8] != b"SHRDSHD\x01" or self.version not in (1, 2):
            raise ValueError("header magic or version")
        if hashlib.sha256(data[:-32]).digest() != data[-32:]:
            raise ValueError("header digest")
        self.width, self.vocabulary, self.end_of_text = struct.unpack_from("<III", data, 12)
        self.tokenizer, self.plan_sha256 = data[24:56].hex(), data[56:88]
        fields = struct.unpack_from("<IIIIQ", data, 88)
        self.number, self.shard_count, self.held_out, self.frame_tokens, self.tokens = fields
        self.payload_sha256, self.pieces_sha256 = data[112:144], data[144:176]
        (count,) = struct.unpack_from("<I", data, 176)
        if len(data) != 180 + 8 * count + 32 or self.width not in (2, 4) or self.held_out > 1:
            raise ValueError("header fields")
        tags = [struct.pack(">Q", t) for t in struct.unpack_from(f"<{count}Q", data, 180)]
        if not all(TAG.match(t) for t in tags) or tags != sorted(tags if self.version == 2 else set(tags)):
            raise ValueError("header languages")
        self.languages = [t.decode() for t in tags]

    def read_pieces(self, data):
        if hashlib.sha256(data).digest() != self.pieces_sha256:
            raise ValueError("piece table digest in the header")
        (n,) = struct.unpack_from("<I", data)
        if len(data) != 4 + 35 * n:
            raise ValueError("piece table size")
        columns, offset = [], 4
        for code, width in (("H", 2), ("B", 1), ("I", 4), ("I", 4), ("I", 4), ("I", 4), ("Q", 8), ("Q", 8)):
            columns.append(struct.unpack_from(f"<{n}{code}", data, offset))
            offset += n * width
        self.pieces = list(zip(*columns))
        if any(p[0] >= len(self.languages) or p[4] == 0 for p in self.pieces):
            raise ValueError("a piece of no language or no ids")
        if sum(p[4] for p in self.pieces) != self.tokens:
            raise ValueError("ids of the pieces")


# manifest.md

TABLES = {
    "dataset": ("key, value", "key"),
    "languages": (
        "language, documents, pieces, available_tokens, available_bytes, available_scalars,"
        " held_out_documents, quota_tokens, written_tokens, written_pieces, documents_in_shards,"
        " binding_rule, start_key, first_pass, first_key, first_offset",
        "language",
    ),
    "language_parts": (
        "language, part, pattern, documents, pieces, available_tokens, available_bytes, quota_tokens,"
        " written_tokens, written_pieces, documents_in_shards, binding_rule, first_pass, first_key, first_offset",
        "language, part",
    ),
    "shards": (
        "split, shard, path, size_bytes, tokens, pieces, sha256, payload_sha256",
        "split DESC, shard",
    ),
    "shard_languages": (
        "split, shard, language, tokens, pieces, bytes",
        "split DESC, shard, language",
    ),
    "shard_parts": ("shard, language, part, tokens, pieces, bytes", "shard, language, part"),
    "language_sources": ("language, source, documents, tokens", "language, source"),
    "filters": ("language, reason, documents", "language, reason"),
    "rejects": ("reason, documents", "reason"),
}


def read_manifest(path):
    db = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    expect("application_id", db.execute("PRAGMA application_id").fetchone()[0], 0x5348444D)
    version = db.execute("PRAGMA user_version").fetchone()[0]
    if version not in (2, 3):
        problem(f"user_version: {version}, expected 2 or 3")
    new = ("language_parts", "shard_parts")
    tables = {
        name: db.execute(f"SELECT {columns} FROM {name} ORDER BY {order}").fetchall() if version == 3 or name not in new else []
        for name, (columns, order) in TABLES.items()
    }
    db.close()
    digest = hashlib.sha256()
    for name in TABLES:
        for row in tables[name]:
            if name == "dataset" and row[0] == "fingerprint":
                continue
            digest.update(("\t".join([name] + [canonical(v) for v in row]) + "\n").encode())
    facts = dict(tables["dataset"])
    expect("fingerprint", facts.get("fingerprint"), digest.hexdigest())
    expect("format_version", facts.get("format_version"), str(version))
    expect("shard_format_version", facts.get("shard_format_version"), str(version - 1))
    expect("source_patterns is there", "source_patterns" in facts, version == 3)
    expect("language_parts is there", bool(tables["language_parts"]), version == 3)
    return facts, tables


def canonical(value):
    if isinstance(value, bytes):
        return value.hex()
    return str(value).replace("\\", "\\\\").replace("\t", "\\t").replace("\n", "\\n")


def ring_start(tag, seed):
    return mixed(seed, START, tag_number(tag), 0), mixed(seed, START, tag_number(tag), 1)


class Ring:
    """A language of the mixture, or a part of one, and what the training shards read so far hold of it."""

    def __init__(self, tag, name, part, counts, first, seed):
        self.tag, self.name, self.part = tag, name, part
        self.available, self.quota, self.written, self.written_pieces, self.in_shards = counts
        self.start = ring_start(tag, seed)
        # Where the dataset starts on the ring.
        self.first_pass, first_key, self.first_offset = first
        self.first_key = struct.unpack(">QQI", first_key) if first_key else (*self.start, 0)
        # One pass later: the end of the first lap.
        self.lap_end = (self.first_pass + 1, self.first_key[:2] < self.start, self.first_key)
        self.tokens = self.pieces = self.first_pieces = 0
        self.last = None  # (order, tokens, is last of its document, key)
        self.ends = []  # ids given, ids of the last piece, at the end of each shard
        self.firsts = []  # ids of the first piece of each shard, or None
        self.ring = []  # of the first lap: (offset, key and ids digest)


class Held:
    """A language of the mixture, and what the held-out shards read so far hold of it."""

    def __init__(self, row):
        self.tag = self.name = row[0]
        self.held_out = row[6]
        self.held_pieces, self.held_documents, self.held_last = 0, 0, None


def read_rings(facts, tables):
    """The rings of the training shards' headers, and the languages of those that are held out."""
    seed = int(facts["seed"])
    rings, held = [], []
    for row in tables["languages"]:
        parts = [p for p in tables["language_parts"] if p[0] == row[0]]
        if parts or tables["language_parts"]:
            sums = [sum(p[i] for p in parts) for i in (3, 4, 5, 6, 7, 8, 9, 10)]
            expect(f"{row[0]}: sums of its parts", sums, [row[i] for i in (1, 2, 3, 4, 7, 8, 9, 10)])
        if row[11] == "excluded":
            continue
        expect(f"{row[0]}: start_key", row[12], struct.pack(">QQ", *ring_start(row[0], seed)))
        held.append(Held(row))
        if not tables["language_parts"]:
            counts = (row[3], row[7], row[8], row[9], row[10])
            rings.append(Ring(row[0], row[0], None, counts, row[13:16], seed))
            continue
        expect(f"{row[0]}: start of a divided language", row[13:16], (0, b"", 0))
        mixed_parts = [p for p in parts if p[11] != "excluded"]
        expect(f"{row[0]}: has parts in the mixture", bool(mixed_parts), True)
        for p in mixed_parts:
            counts = (p[5], p[7], p[8], p[9], p[10])
            rings.append(Ring(row[0], f"{row[0]} {p[2]}", p[1], counts, p[12:15], seed))
    mixture = {h.tag for h in held}
    for p in tables["language_parts"]:
        expect(f"{p[0]} {p[2]}: pattern", p[2], ([*patterns(facts), "*"] + [None] * 64)[p[1]])
        if p[0] not in mixture:
            expect(f"{p[0]} {p[2]}: rule", p[11], "excluded")
    return rings, held


def patterns(facts):
    """The fact source_patterns: a line each, in which `\\`, tab and newline are escaped."""
    undo = {"\\": "\\", "t": "\t", "n": "\n"}
    return [re.sub(r"\\(.)", lambda m: undo[m[1]], line) for line in facts.get("source_patterns", "").split("\n")]


class Sources:
    """The part of each document of some inputs, by the rules of manifest.md."""

    def __init__(self, paths, facts):
        self.parts, known = {}, {}
        for path in paths:
            with open(path, encoding="utf-8") as file:
                for line in file:
                    document = json.loads(line)
                    if "lang" not in document:
                        continue
                    content = hashlib.sha256(document["text"].encode()).digest()[:16]
                    key, source = (document["lang"], content), document.get("source", "")
                    known[key] = min(known.get(key, source), source, key=lambda name: name.encode())
        wild = {"*": ".*", "?": "."}
        compiled = [
            re.compile("".join(wild.get(c, re.escape(c)) for c in pattern), re.DOTALL) for pattern in patterns(facts)
        ]
        for key, source in known.items():
            self.parts[key] = next((n for n, p in enumerate(compiled) if p.fullmatch(source)), len(compiled))
        self.compared = 0

    def check(self, ring, content, where):
        part = self.parts.get((ring.tag, content))
        if part is not None:
            self.compared += 1
            if part != ring.part:
                problem(f"{where}: part {ring.part}, expected {part} by its source")


def check_shard(folder, row, facts, rings):
    split, number, path, size, tokens, pieces, sha256, payload_sha256 = row
    if not path or path.startswith("/") or any(p in ("", ".", "..") for p in path.split("/")):
        problem(f"{path!r}: a path that leaves the dataset")
        return None
    try:
        shard = Shard(os.path.join(folder, path))
    except Exception as error:
        problem(f"{path}: {type(error).__name__}: {error}")
        return None
    for what, found, wanted in [
        ("size", shard.size, size),
        ("sha256", shard.sha256, sha256.hex()),
        ("payload sha256", shard.payload_sha256, payload_sha256),
        ("ids", shard.tokens, tokens),
        ("pieces", len(shard.pieces), pieces),
        ("number", shard.number, number),
        ("shard count", shard.shard_count, int(facts["shard_count"]) if split == "train" else 0),
        ("held out", shard.held_out, int(split == "holdout")),
        ("width", shard.width, int(facts["token_width_bytes"])),
        ("vocabulary", shard.vocabulary, int(facts["vocabulary_size"])),
        ("end of text", shard.end_of_text, int(facts["end_of_text_id"])),
        ("tokenizer", shard.tokenizer, facts["tokenizer_sha256"]),
        ("plan", shard.plan_sha256.hex(), facts["plan_sha256"]),
        ("languages", shard.languages, [l.tag for l in rings]),
        ("version", shard.version, int(facts["shard_format_version"]) if split == "train" else 1),
    ]:
        expect(f"{path}: {what}", found, wanted)
    return shard


def walk(shard, path, facts, rings, counts, sources):
    """Checks the pieces of a shard one after another."""
    seed, shards = int(facts["seed"]), int(facts["shard_count"])
    store_key, longest = bytes.fromhex(facts["store_key"]), int(facts["max_piece_tokens"])
    ids = array.array("H" if shard.width == 2 else "I")
    ids.frombytes(shard.payload)
    if sys.byteorder == "big":
        ids.byteswap()
    if ids and max(ids) >= shard.vocabulary:
        problem(f"{path}: id {max(ids)}, expected below {shard.vocabulary}")
    start, before = 0, (-1, -1)
    for index, (lang, flags, on_pass, number, tokens, text_bytes, high, low) in enumerate(shard.pieces):
        where = f"{path}: piece {index} ({rings[lang].name})"
        language, end = rings[lang], start + tokens
        key = document_key(store_key, struct.pack(">QQ", high, low)) + (number,)
        if (ids[end - 1] == shard.end_of_text) != bool(flags & 2):
            problem(f"{where}: its end-of-text id is not where its flags say")
        if bool(flags & 1) != (number == 0) or flags > 3 or tokens > longest:
            problem(f"{where}: flags {flags}, number {number}, {tokens} ids")
        if not flags & 2 and tokens != longest:
            problem(f"{where}: {tokens} ids and not the last, expected {longest}")
        sums = counts.setdefault(lang, [0, 0, 0])
        sums[0] += tokens
        sums[1] += 1
        sums[2] += text_bytes
        piece = shard.payload[start * shard.width : end * shard.width]
        start = end
        if shard.held_out:
            held_piece(language, key, flags, on_pass, where)
            continue
        if sources and number == 0:
            sources.check(language, struct.pack(">QQ", high, low), where)
        x = ring_piece(language, key, flags, on_pass, tokens, text_bytes, piece, seed, where)
        if x is None:
            continue
        if x * shards >> 64 != shard.number:
            problem(f"{where}: belongs to shard {x * shards >> 64}")
        if (x, lang) < before:
            problem(f"{where}: out of order")
        before = (x, lang)


def follows(last_key, last_ended, key):
    """Whether a document's pieces are together."""
    return key[2] == 0 if last_ended else key == (last_key[0], last_key[1], last_key[2] + 1)


def held_piece(language, key, flags, on_pass, where):
    if language.held_last:
        if key <= language.held_last[0] or not follows(*language.held_last, key):
            problem(f"{where}: out of order")
    if on_pass:
        problem(f"{where}: pass {on_pass} in a held-out shard")
    language.held_last = (key, bool(flags & 2))
    language.held_pieces += 1
    language.held_documents += flags & 1


def ring_piece(language, key, flags, on_pass, tokens, text_bytes, piece, seed, where):
    a = language.tokens
    language.tokens += tokens
    language.pieces += 1
    order = (on_pass, key[:2] < language.start, key)
    language.first_pieces += 1 if flags & 1 and order < language.lap_end else 0
    if a == 0 and order < (language.first_pass, language.lap_end[1], language.first_key):
        problem(f"{where}: before the place where its language starts")
    if language.firsts[-1] is None:
        language.firsts[-1] = tokens
    if a >= language.quota or language.available <= 0:
        problem(f"{where}: begins at id {a} of its language, past its quota")
        return None
    expect(f"{where}: pass", on_pass, language.first_pass + (language.first_offset + a) // language.available)
    if language.last:
        if order <= language.last[0] or not follows(language.last[3], language.last[2], key):
            problem(f"{where}: not the next piece of its ring")
    language.last = (order, tokens, bool(flags & 2), key)
    digest = (key, flags, text_bytes, hashlib.sha256(piece).digest()[:16])
    offset = a % language.available
    if a < language.available:
        language.ring.append((offset, digest))
        language.index = 0
    else:
        # On every lap the same pieces at the same distance from its start.
        if offset == 0:
            language.index = 0
        known = language.ring[language.index] if language.index < len(language.ring) else None
        if known != (offset, digest):
            problem(f"{where}: not the copy of the piece {language.available} ids before")
        language.index += 1
    u = mixed(seed, JITTER, on_pass, *key)
    return place(a, a + tokens, language.quota, u)


def check_totals(facts, tables, rings, held):
    shards = int(facts["shard_count"])
    worst = []
    bounds = {}  # of each language and shard end: ids off its share, and the bound, over its parts
    for l in rings:
        expect(f"{l.name}: written_tokens", l.written, l.tokens)
        expect(f"{l.name}: written_pieces", l.written_pieces, l.pieces)
        expect(f"{l.name}: documents_in_shards", l.in_shards, l.first_pieces)
        if not l.quota <= l.tokens < l.quota + max(1, l.last[1] if l.last else 0):
            problem(f"{l.name}: {l.tokens} ids, expected its quota of {l.quota} to within a piece")
        top = (Fraction(0), Fraction(0))
        for s, (given, last) in enumerate(l.ends[:-1]):
            off = given - Fraction(l.quota * (s + 1), shards)
            following = next((f for f in l.firsts[s + 1 :] if f), 0)
            piece = last if off > 0 else following
            if abs(off) > piece:
                problem(f"{l.name}: {float(off):.1f} ids off its share after shard {s}, piece {piece}")
            top = max(top, (abs(off) / piece if piece else Fraction(0), abs(off)))
            sums = bounds.setdefault((l.tag, s), [0, 0])
            sums[0] += off
            sums[1] += piece
        worst.append((top[0], top[1], l.name))
    for (tag, s), (off, bound) in bounds.items():
        if abs(off) > bound:
            problem(f"{tag}: {float(off):.1f} ids off its share after shard {s}, bound {bound}")
    for l in held:
        expect(f"{l.tag}: held_out_documents", l.held_out, l.held_documents)
    mixture = {l.tag for l in held}
    rows = tables["languages"]
    expect("budget_tokens", int(facts["budget_tokens"]), sum(l.quota for l in rings))
    in_shards = sum(r[10] for r in rows)
    wanted = {
        "in_shards": in_shards,
        "held_out": sum(r[6] for r in rows),
        "left_over": sum(r[1] for r in rows if r[0] in mixture) - in_shards,
        "filtered": sum(r[1] for r in rows if r[0] not in mixture) + sum(f[2] for f in tables["filters"]),
        "rejected": sum(r[1] for r in tables["rejects"]),
    }
    for name, value in wanted.items():
        expect(f"documents_{name}", int(facts[f"documents_{name}"]), value)
    total = sum(wanted.values()) + int(facts["documents_duplicate"])
    expect("documents_in", int(facts["documents_in"]), total)
    for r in rows:
        own = [s for s in tables["language_sources"] if s[0] == r[0]]
        expect(f"language_sources of {r[0]}", (sum(s[2] for s in own), sum(s[3] for s in own)), (r[1], r[3]))
    return max(worst) if worst else None


def check_plan(folder, facts, tables):
    try:
        with open(os.path.join(folder, "plan.txt"), "rb") as file:
            plan = file.read()
    except OSError as error:
        problem(f"plan.txt: {error}")
        return
    expect("plan.txt: sha256", hashlib.sha256(plan).hexdigest(), facts["plan_sha256"])
    lines = [line.split("\t") for line in plan.decode().split("\n")[:-1]]
    expect("plan.txt: first line", lines[0], [f"shardify plan v{facts['format_version']}"])
    plain = {fields[0]: fields[1] for fields in lines[1:] if len(fields) == 2}
    own = {"fingerprint", "format_version", "plan_sha256"}
    own |= {f"documents_{n}" for n in ("in_shards", "held_out", "left_over", "filtered", "rejected")}
    expect("plan.txt: facts", plain, {k: canonical(v) for k, v in facts.items() if k not in own})
    found = [fields[1:13] for fields in lines if fields[0] == "language"]
    columns = (0, 1, 2, 3, 4, 5, 6, 7, 11, 13, 14, 15)
    rows = [[canonical(r[i]) or "-" for i in columns] for r in tables["languages"]]
    expect("plan.txt: languages", found, rows)
    found = [fields[1:] for fields in lines if fields[0] == "part"]
    columns = (0, 1, 2, 3, 4, 5, 6, 7, 11, 12, 13, 14)
    rows = [[canonical(r[i]) or ("" if i == 2 else "-") for i in columns] for r in tables["language_parts"]]
    expect("plan.txt: parts", found, rows)
    for kind, name in (("source", "language_sources"), ("filter", "filters"), ("reject", "rejects")):
        found = [fields[1:] for fields in lines if fields[0] == kind]
        expect(f"plan.txt: {kind}", found, [[canonical(v) for v in r] for r in tables[name]])


def check_stages(root, inputs):
    """Each stage by itself, and that it starts where the one before stopped."""
    with open(os.path.join(root, "stages.txt"), encoding="utf-8") as file:
        title, *names = file.read().splitlines()
    expect("stages.txt: first line", title, "shardify stages v1")
    ends, former, failed = {}, None, 0  # by language and part, None of one that is not divided
    for name in names:
        facts, tables, rings, status = check_dataset(os.path.join(root, name), inputs)
        failed |= status
        starts = {(row[0], None): (row[13], row[14].hex()) for row in tables["languages"]}
        starts.update({(row[0], row[1]): (row[12], row[13].hex()) for row in tables["language_parts"]})
        if former is not None:
            expect(f"{name}: parent_fingerprint", facts["parent_fingerprint"], former["fingerprint"])
            expect(f"{name}: parent_shards", facts["parent_shards"], former["shard_count"])
            mixture = {row[0] for row in tables["languages"] if row[11] != "excluded"}
            for (tag, part), start in starts.items():
                divided = bool(tables["language_parts"]) and tag in mixture
                wanted = ends.get((tag, part))
                if part is None and divided:
                    wanted = None  # handed on to its parts
                elif part is not None and wanted in (None, (0, "")) and divided:
                    wanted = ends.get((tag, None))
                expect(f"{name}: where {tag} {part} starts", start, wanted or (0, ""))
        ends = starts
        for l in rings:
            if l.last:
                high, low, number = l.last[3]
                ends[l.tag, l.part] = (l.last[0][0], struct.pack(">QQI", high, low, number + 1).hex())
        former = facts
    for line in problems:
        print(f"problem: {line}")
    print(f"{root}: {len(names)} stages: {len(problems)} problems")
    return 1 if problems or failed else 0


def check_dataset(folder, inputs):
    facts, tables = read_manifest(os.path.join(folder, "manifest.sqlite"))
    check_plan(folder, facts, tables)
    rings, held = read_rings(facts, tables)
    sources = Sources(inputs, facts) if inputs and tables["language_parts"] else None
    numbers = {s: [r[1] for r in tables["shards"] if r[0] == s] for s in ("train", "holdout")}
    expect("training shards", numbers["train"], list(range(int(facts["shard_count"]))))
    expect("held-out shards", numbers["holdout"], list(range(len(numbers["holdout"]))))
    counted, counted_parts, tokens = {}, [], 0
    for row in tables["shards"]:
        own = rings if row[0] == "train" else held
        for l in rings:
            if row[0] == "train":
                l.firsts.append(None)
        shard = check_shard(folder, row, facts, own)
        if shard and len(shard.languages) == len(own):
            counts = {}
            walk(shard, row[2], facts, own, counts, sources)
            for number, sums in sorted(counts.items()):
                total = counted.setdefault((row[0], row[1], own[number].tag), [0, 0, 0])
                for i in range(3):
                    total[i] += sums[i]
                if row[0] == "train" and tables["language_parts"]:
                    counted_parts.append((row[1], own[number].tag, own[number].part, *sums))
            tokens += shard.tokens
        for l in rings:
            if row[0] == "train":
                l.ends.append((l.tokens, l.last[1] if l.last else 0))
    expect("shard_languages", sorted(tables["shard_languages"]), sorted((*k, *v) for k, v in counted.items()))
    expect("shard_parts", sorted(tables["shard_parts"]), sorted(counted_parts))
    worst = check_totals(facts, tables, rings, held)
    if sources:
        expect("documents of the inputs in the shards", sources.compared > 0, True)
    found = problems[:]
    problems.clear()
    for line in found[:200]:
        print(f"problem: {line}")
    if len(found) > 200:
        print(f"and {len(found) - 200} more")
    shards = len(tables["shards"])
    print(f"{folder}: {shards} shards, {tokens} ids, {len(held)} languages, {len(rings)} rings: {len(found)} problems")
    if sources:
        print(f"{sources.compared} first pieces of documents compared with the sources in the inputs")
    if worst:
        print(f"worst deviation at a shard end: {float(worst[0]):.3f} pieces, {float(worst[1]):.1f} ids ({worst[2]})")
    return facts, tables, rings, 1 if found else 0


def main(folder, inputs):
    if os.path.exists(os.path.join(folder, "stages.txt")):
        return check_stages(folder, inputs)
    return check_dataset(folder, inputs)[3]


if __name__ == "__main__":
    if len(sys.argv) < 2:
        print(__doc__.strip(), file=sys.stderr)
        sys.exit(64)
    sys.exit(main(sys.argv[1].rstrip("/"), sys.argv[2:]))
