#!/usr/bin/env python3
"""script_evidence.py LID_TRAIN > Sources/Detect/ScriptEvidence+Lists.swift

For every script that one label alone is written in: the letter pairs that its text is made of, and the
share of such pairs below which a text of that script is not taken for the language. Every tenth line is
kept out of the counting and gives the share: the lowest hundredth of pieces of 40 letters, halved.
"""
import collections
import pathlib
import sys
import unicodedata

PAIRS = 160
JOINED = {"Jpan", "Kore", "Hans", "Hant"}


def words(text):
    word = []
    for c in text:
        if unicodedata.category(c)[0] in "LM":
            word.append(c)
        elif word:
            yield word
            word = []
    if word:
        yield word


def pairs(text):
    for word in words(text):
        yield from zip(word, word[1:])


folder = pathlib.Path(sys.argv[1])
files = collections.defaultdict(list)
for path in sorted(folder.glob("*_*.txt")):
    files[path.stem[4:]].append(path)
print("// Made by models/script_evidence.py from the training text. Do not edit.")
print("import ShardifyCore\n")
print("extension ScriptEvidence {")
print("  /// Script, least share in 1/1,000, and its common pairs, two letters each.")
print("  static let lists: [(ScriptTag, Int, StaticString)] = [")
for script, paths in sorted(files.items()):
    if len(paths) != 1 or script in JOINED:
        continue
    lines = paths[0].read_text(encoding="utf-8").splitlines()
    # Letters of other scripts are left out by their first appearance in the name.
    counts = collections.Counter()
    own = collections.Counter()
    for number, line in enumerate(lines):
        for c in line:
            if unicodedata.category(c)[0] == "L":
                own[unicodedata.name(c, "?").split()[0]] += 1
    name = own.most_common(1)[0][0]
    isown = lambda pair: all(unicodedata.name(c, "?").split()[0] == name for c in pair)
    for number, line in enumerate(lines):
        if number % 10:
            counts.update(pair for pair in pairs(line) if isown(pair))
    common = sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:PAIRS]
    known = {pair for pair, _ in common}
    shares = []
    piece = []
    for number, line in enumerate(lines):
        if number % 10 == 0:
            piece += [pair in known for pair in pairs(line) if isown(pair)]
            while len(piece) >= 40:
                shares.append(sum(piece[:40]) / 40)
                piece = piece[40:]
    shares.sort()
    least = int(shares[len(shares) // 100] * 500)
    text = "".join(a + b for a, b in sorted(known))
    escaped = ["\\u{%X}" % ord(c) for c in text]
    print(f'    (\n      ScriptTag(named: "{script}"), {least},\n      """')
    for start in range(0, len(escaped), 10):
        end = "" if start + 10 >= len(escaped) else "\\"
        print("      " + "".join(escaped[start:start + 10]) + end)
    print('      """\n    ),')
    median = shares[len(shares) // 2]
    letters = len({c for pair in counts for c in pair})
    print(f"{script} median {median:.2f} least {least} letters {letters} "
          f"random {PAIRS / letters ** 2:.3f}", file=sys.stderr)
print("  ]")
print("}")
