"""split.py SOURCES OUT [check]: the frozen splits of the labelled text, by source.

SOURCES/LABEL/SOURCE.txt is what gather.py writes: one line of text a line. Writes
  OUT/train/LABEL.txt      source, text: what the model is trained on
  OUT/test.tsv             label, source, text: the held-out text of whole sources
  OUT/calibration.tsv      the same, other lines: for temperatures and thresholds only
  OUT/lines.tsv            label, source, text: held out by line, where no source can be spared
  OUT/split.tsv            label, held-out source, training bytes, counts and a hash of each part
With `check` the table is compared with models/split.tsv; a difference fails.

Some sources are held out for every label (WHOLE): else one of two close languages would be trained on the very domain that the
other is tested on. Where a label has none of them, its held-out source is the first of OTHERS. A source is held out for a label if it
is at most four fifths of the label's text and leaves at least 80 KB, or half of it, for training. It then goes as a whole: no line of
it is trained on, nor any line of any label that has the same letters as a held-out text. The tested source is the first of those held
out that gives 40 texts. Short lines of a source are joined to texts
of 60 characters, as a text of a user is rarely one short sentence. Everything depends on the lines and
their SHA-256 alone, not on their order.
"""

import hashlib
import os
import sys

# Held out for every label; running prose first, then short sentences.
WHOLE = "masakhane-news universal-dependencies xquad asp-source pb-source nusax tatoeba".split()
# Held out for labels that have none of these.
OTHERS = "lingua voice bible-corpus ebible gnome-user-docs www-l10n kolibri mediawiki cobbzilla".split()
# Trained on and nothing else: no part in what is held out.
TRAINING_ONLY = ["subtitle-words"]
LEAST_TEXTS = 40
LEAST_TRAINING = 80_000
JOINED_CHARACTERS = 60
LONGEST_CHARACTERS = 400
TEST_TEXTS = 150
CALIBRATION_TEXTS = 50
LINE_TEXTS = 100


def letters(text):
    return "".join(c for c in text.lower() if c.isalpha())


def digest(text):
    return hashlib.sha256(text.encode()).digest()


def read(path):
    with open(path, encoding="utf-8") as file:
        lines = {" ".join(line.split()) for line in file}
    return sorted(line for line in lines if len(letters(line)) >= 8)


def joined(lines):
    """Texts of at least 60 characters, from lines in the order of their hashes."""
    texts, current = [], ""
    for line in sorted(lines, key=digest):
        current = f"{current} {line}" if current else line
        if len(current) >= JOINED_CHARACTERS:
            texts.append(current[:LONGEST_CHARACTERS].strip())
            current = ""
    return texts


def held_out_sources(sources):
    """The sources that a label is not trained on; the tested one first."""
    total = sum(size(lines) for lines in sources.values())
    rest, held = total, []
    for name in WHOLE + OTHERS:
        lines = sources.get(name, [])
        if not lines or (name in OTHERS and any(is_testable(sources[known]) for known in held)):
            continue
        left = rest - size(lines)
        if left * 5 < total or (left < LEAST_TRAINING and left * 2 < total):
            continue
        if name in OTHERS and not is_testable(lines):
            continue
        held.append(name)
        rest = left
    return sorted(held, key=lambda name: not is_testable(sources[name]))


def is_testable(lines):
    return sum(len(line) + 1 for line in lines) >= LEAST_TEXTS * (JOINED_CHARACTERS + 30)


def size(lines):
    return sum(len(line.encode()) + 1 for line in lines)


def fingerprint(texts):
    return hashlib.sha256("".join(f"{digest(t).hex()}\n" for t in sorted(texts)).encode()).hexdigest()[:16]


def main(folder, out, check):
    labels = sorted(os.listdir(folder))
    kept, test, calibration, lines_out, chosen = {}, [], [], [], {}
    banned = set()
    for label in labels:
        sources = {name[:-4]: read(f"{folder}/{label}/{name}") for name in sorted(os.listdir(f"{folder}/{label}"))}
        extra = {name: sources.pop(name) for name in TRAINING_ONLY if name in sources}
        held = held_out_sources(sources)
        name = held[0] if held and is_testable(sources[held[0]]) else None
        chosen[label] = " ".join(held) or "-"
        for source in held:
            banned.update(letters(line) for line in sources[source])
        if name:
            texts = joined(sources[name])
            test += [(label, name, text) for text in texts[:TEST_TEXTS]]
            calibration += [(label, name, text) for text in texts[TEST_TEXTS:][:CALIBRATION_TEXTS]]
            if len(texts) < TEST_TEXTS + CALIBRATION_TEXTS:
                cut = len(texts) * 3 // 4
                test = [row for row in test if row[0] != label] + [(label, name, t) for t in texts[:cut]]
                calibration = [r for r in calibration if r[0] != label] + [(label, name, t) for t in texts[cut:]]
        else:
            pairs = sorted(((line, s) for s, lines in sources.items() if s not in held for line in lines), key=lambda p: digest(p[0]))
            pairs = pairs[: min(LINE_TEXTS, len(pairs) // 12)]
            banned.update(letters(line) for line, _ in pairs)
            lines_out += [(label, source, line[:LONGEST_CHARACTERS]) for line, source in pairs]
        for source in held:
            del sources[source]
        sources.update(extra)
        kept[label] = {line: s for s, lines in sources.items() for line in lines}
    os.makedirs(f"{out}/train", exist_ok=True)
    table = []
    for label in labels:
        lines = sorted(line for line in kept[label] if letters(line) not in banned)
        with open(f"{out}/train/{label}.txt", "w", encoding="utf-8") as file:
            file.writelines(f"{kept[label][line]}\t{line}\n" for line in lines)
        row = [label, chosen[label], str(size(lines)), fingerprint(lines)]
        for part in (test, calibration, lines_out):
            texts = [text for of, _, text in part if of == label]
            row += [str(len(texts)), fingerprint(texts)]
        table.append("\t".join(row) + "\n")
    for name, part in (("test", test), ("calibration", calibration), ("lines", lines_out)):
        with open(f"{out}/{name}.tsv", "w", encoding="utf-8") as file:
            file.writelines(f"{label}\t{source}\t{text}\n" for label, source, text in part)
    head = "label\theld_out_sources\ttrain_bytes\ttrain\ttest_texts\ttest\tcalibration_texts\tcalibration\tline_texts\tlines\n"
    with open(f"{out}/split.tsv", "w", encoding="utf-8") as file:
        file.write(head + "".join(table))
    print(f"{len(labels)} labels, {len({label for label, _, _ in test})} held out by source; "
          f"{len(test)} test, {len(calibration)} calibration, {len(lines_out)} line texts")
    if check:
        frozen = os.path.join(os.path.dirname(os.path.abspath(__file__)), "split.tsv")
        with open(frozen, encoding="utf-8") as file:
            if file.read() != head + "".join(table):
                sys.exit(f"error: the split differs: {out}/split.tsv: expected {frozen}; gather the same versions of the sources")
        print("as frozen")


if __name__ == "__main__":
    if len(sys.argv) not in (3, 4):
        sys.exit("usage: split.py SOURCES OUT [check]")
    main(sys.argv[1], sys.argv[2], len(sys.argv) == 4)
