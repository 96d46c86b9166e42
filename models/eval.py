"""eval.py SPLIT PREDICTIONS [PEERS]: the tables of MODEL.md.

SPLIT/test.tsv holds label, source, text; PREDICTIONS/ours.{full,c50,c20} the model's label TAB probability of each text
(eval writes them), PEERS/NAME.{full,c50,c20,labels} what peers.py wrote. Macro-F1 is the mean over labels; against a peer it
is the mean over the labels both support, on the texts of those labels, where any other answer is an error. Tools without a
Hans-Hant distinction have both compared as one, on both sides. `und` is an error."""

import collections
import json
import os
import sys

from peer_labels import fold

PEERS = ("cld2", "cld3", "lid176", "langid", "lingua")
FLAT_HAN = {"cld3", "lid176", "langid", "lingua"}
LENGTHS = ("full", "c50", "c20")


def f1_by_label(gold, found):
    right, golds, founds = collections.Counter(), collections.Counter(gold), collections.Counter(found)
    for a, b in zip(gold, found):
        right[a] += a == b
    return {label: 2 * right[label] / (golds[label] + founds[label]) for label in golds}


def macro(gold, found):
    values = f1_by_label(gold, found)
    return sum(values[label] for label in sorted(values)) / max(1, len(values))


def calibration_error(gold, rows, bins=10):
    sums = [[0, 0, 0.0] for _ in range(bins)]
    for label, (found, probability) in zip(gold, rows):
        b = sums[min(bins - 1, int(probability * bins))]
        b[0] += 1
        b[1] += label == found
        b[2] += probability
    return sum(abs(right - stated) for _, right, stated in sums) / max(1, len(gold))


def read_ours(path):
    with open(path, encoding="utf-8") as file:
        return [(label, int(p) / 10_000) for label, p in (line.rstrip("\n").split("\t") for line in file)]


def read_lines(path):
    with open(path, encoding="utf-8") as file:
        return file.read().split("\n")[:-1]


def main(split, predictions, peers=None):
    with open(f"{split}/test.tsv", encoding="utf-8") as file:
        rows = [line.rstrip("\n").split("\t", 2) for line in file]
    gold, sources = [row[0] for row in rows], [row[1] for row in rows]
    ours = {length: read_ours(f"{predictions}/ours.{length}") for length in LENGTHS}
    result = {"texts": len(gold), "labels": len(set(gold)), "all": {}, "peers": {}, "sources": {}}
    for length in LENGTHS:
        found = [label for label, _ in ours[length]]
        accuracy = sum(a == b for a, b in zip(gold, found)) / len(gold)
        result["all"][length] = {"macro": macro(gold, found), "accuracy": accuracy, "ece": calibration_error(gold, ours[length])}
    for source in sorted(set(sources)):
        at = [i for i, s in enumerate(sources) if s == source]
        result["sources"][source] = [len(at)] + [
            sum(gold[i] == ours[length][i][0] for i in at) / len(at) for length in LENGTHS
        ]
    for name in PEERS if peers else ():
        if not os.path.exists(f"{peers}/{name}.c20"):
            continue
        flat = name in FLAT_HAN
        head, *labels = read_lines(f"{peers}/{name}.labels")
        known = {fold(label, flat) for label in labels}
        at = [i for i, label in enumerate(gold) if fold(label, flat) in known]
        wanted = [fold(gold[i], flat) for i in at]
        entry = {"version": head, "labels": len(set(wanted)), "texts": len(at)}
        for length in LENGTHS:
            theirs = read_lines(f"{peers}/{name}.{length}")
            entry[length] = [
                macro(wanted, [fold(ours[length][i][0], flat) for i in at]),
                macro(wanted, [fold(theirs[i], flat) for i in at]),
            ]
        result["peers"][name] = entry
    show(result)
    with open(f"{predictions}/eval.json", "w", encoding="utf-8") as file:
        json.dump(result, file, indent=1)
    write_labels(f"{predictions}/labels.tsv", gold, sources, ours)


def show(result):
    print(f"{result['texts']} texts of {result['labels']} labels, held out by source\n")
    print("| texts | accuracy | macro-F1 | expected calibration error |\n|---|---|---|---|")
    for length in LENGTHS:
        r = result["all"][length]
        print(f"| {length} | {r['accuracy']:.4f} | {r['macro']:.4f} | {r['ece']:.4f} |")
    print("\n| peer | labels | full: ours, peer | 50 characters | 20 characters |\n|---|---|---|---|---|")
    for entry in result["peers"].values():
        cells = " | ".join(f"{entry[n][0]:.4f}, {entry[n][1]:.4f}" for n in LENGTHS)
        print(f"| {entry['version']} | {entry['labels']} | {cells} |")
    print("\n| held-out source | texts | full | 50 | 20 (accuracy) |\n|---|---|---|---|---|")
    for source, (count, *values) in result["sources"].items():
        print(f"| {source} | {count} | " + " | ".join(f"{v:.3f}" for v in values) + " |")


def write_labels(path, gold, sources, ours):
    full, cut = ([label for label, _ in ours[n]] for n in ("full", "c50"))
    by_full, by_cut = f1_by_label(gold, full), f1_by_label(gold, cut)
    source_of = dict(zip(gold, sources))
    wrong = collections.defaultdict(collections.Counter)
    for a, b in zip(gold, full):
        if a != b:
            wrong[a][b] += 1
    with open(path, "w", encoding="utf-8") as file:
        file.write("label\theld_out_source\ttexts\tF1\tF1_50\ttaken_for\n")
        for label, count in sorted(collections.Counter(gold).items()):
            others = sorted(wrong[label].items(), key=lambda item: (-item[1], item[0]))[:3]
            named = " ".join(f"{other}:{n}" for other, n in others)
            file.write(f"{label}\t{source_of[label]}\t{count}\t{by_full[label]:.3f}\t{by_cut[label]:.3f}\t{named}\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
