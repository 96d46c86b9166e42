"""split.py SOURCES OUT [check]: the frozen splits of the labelled text, by source.

SOURCES/LABEL/SOURCE.txt is what gather.py writes: one line of text a line. Writes
  OUT/train/LABEL.txt      what the model is trained on
  OUT/test.tsv             label, source, text: the held-out text of whole sources
  OUT/calibration.tsv      the same, other lines: for temperatures and thresholds only
  OUT/lines.tsv            label, source, text: held out by line, where no source can be spared
  OUT/split.tsv            label, held-out source, training bytes, counts and a hash of each part
With `check` the table is compared with models/split.tsv; a difference fails.

A label's held-out source is the first of PREFERENCE that gives 40 texts, is at most four fifths of the
label's text and leaves at least 80 KB, or half of it, for training. The whole source goes: no line of it is trained on, nor any line
of any label that has the same letters as a held-out text. Short lines of a source are joined to texts
of 60 characters, as a text of a user is rarely one short sentence. Everything depends on the lines and
their SHA-256 alone, not on their order.
"""

import hashlib
import os
import sys

# Running prose first, then short sentences, then interface strings.
PREFERENCE = (
    "masakhane-news universal-dependencies xquad asp-source pb-source nusax tatoeba lingua voice "
    "bible-corpus ebible gnome-user-docs www-l10n kolibri mediawiki cobbzilla"
).split()
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


def held_out_source(sources):
    total = sum(size(lines) for lines in sources.values())
    for name in PREFERENCE:
        lines = sources.get(name)
        if not lines:
            continue
        rest = total - size(lines)
        if rest * 5 < total or (rest < LEAST_TRAINING and rest * 2 < total):
            continue
        if sum(len(line) + 1 for line in lines) >= LEAST_TEXTS * (JOINED_CHARACTERS + 30):
            return name
    return None


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
        name = held_out_source(sources)
        chosen[label] = name or "-"
        if name:
            held = sources.pop(name)
            banned.update(letters(line) for line in held)
            texts = joined(held)
            test += [(label, name, text) for text in texts[:TEST_TEXTS]]
            calibration += [(label, name, text) for text in texts[TEST_TEXTS:][:CALIBRATION_TEXTS]]
            if len(texts) < TEST_TEXTS + CALIBRATION_TEXTS:
                cut = len(texts) * 3 // 4
                test = [row for row in test if row[0] != label] + [(label, name, t) for t in texts[:cut]]
                calibration = [r for r in calibration if r[0] != label] + [(label, name, t) for t in texts[cut:]]
        else:
            pairs = sorted(((line, s) for s, lines in sources.items() for line in lines), key=lambda p: digest(p[0]))
            pairs = pairs[: min(LINE_TEXTS, len(pairs) // 12)]
            banned.update(letters(line) for line, _ in pairs)
            lines_out += [(label, source, line[:LONGEST_CHARACTERS]) for line, source in pairs]
        kept[label] = sorted({line for lines in sources.values() for line in lines})
    os.makedirs(f"{out}/train", exist_ok=True)
    table = []
    for label in labels:
        lines = [line for line in kept[label] if letters(line) not in banned]
        with open(f"{out}/train/{label}.txt", "w", encoding="utf-8") as file:
            file.writelines(f"{line}\n" for line in lines)
        row = [label, chosen[label], str(size(lines)), fingerprint(lines)]
        for part in (test, calibration, lines_out):
            texts = [text for of, _, text in part if of == label]
            row += [str(len(texts)), fingerprint(texts)]
        table.append("\t".join(row) + "\n")
    for name, part in (("test", test), ("calibration", calibration), ("lines", lines_out)):
        with open(f"{out}/{name}.tsv", "w", encoding="utf-8") as file:
            file.writelines(f"{label}\t{source}\t{text}\n" for label, source, text in part)
    head = "label\theld_out_source\ttrain_bytes\ttrain\ttest_texts\ttest\tcalibration_texts\tcalibration\tline_texts\tlines\n"
    with open(f"{out}/split.tsv", "w", encoding="utf-8") as file:
        file.write(head + "".join(table))
    print(f"{len(labels)} labels, {sum(n != '-' for n in chosen.values())} held out by source; "
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
