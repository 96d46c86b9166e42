"""properties.py SHARDIFY TEXTS: how many texts change their tag when they are joined to themselves, or when links, numbers or emoji are put in.

TEXTS is SPLIT/test.tsv (label, source, text). SHARDIFY is the program; its `detect` is asked, sampling and thresholds as in ingest. Additions go to the
beginning, the middle and the end of texts of 200 characters and more. Prints a table: texts, changed tags, and of these those that were right before.
"""

import subprocess
import sys

LEAST_CHARACTERS = 200
ADDITIONS = {
    "three links": ["https://example.org/news/2024/05/17?id=48213&page=2", "http://www.example.com/a/b/index.html", "www.example.net/q/7#top"],
    "three numbers": ["3,141.59", "2024-05-17 18:30", "+49 30 1234567"],
    "nine emoji": ["\U0001f600\U0001f389\u2764\ufe0f", "\U0001f44d\U0001f3fd\U0001f680\U0001f30d", "\U0001f1f9\U0001f1f7\U0001f937\u200d\u2640\ufe0f\u2728"],
}


def tags(program, texts):
    given = "".join(f"{text}\n" for text in texts)
    found = subprocess.run([program, "detect"], input=given.encode(), stdout=subprocess.PIPE, check=True).stdout.decode().splitlines()
    assert len(found) == len(texts)
    return [line.split("\t")[0] for line in found]


def inserted(text, three):
    words = text.split(" ")
    middle = len(words) // 2
    return " ".join([three[0], *words[:middle], three[1], *words[middle:], three[2]])


def row(name, labels, before, after):
    changed = [(label, a) for label, a, b in zip(labels, before, after) if a != b]
    right = sum(label == a for label, a in changed)
    print(f"| {name} | {len(before)} | {len(changed)} ({100 * len(changed) / len(before):.2f}%) | {right} |")


def main(program, path):
    with open(path, encoding="utf-8") as file:
        rows = [line.rstrip("\n").split("\t", 2) for line in file]
    labels, texts = [r[0] for r in rows], [" ".join(r[2].split()) for r in rows]
    found = tags(program, texts)
    print("| change | texts | tags changed | of these right before |\n|---|---|---|---|")
    row("text joined to itself", labels, found, tags(program, [f"{t} {t}" for t in texts]))
    long = [i for i, t in enumerate(texts) if len(t) >= LEAST_CHARACTERS]
    few, were = [labels[i] for i in long], [found[i] for i in long]
    row("twenty times, of 200 characters and more", few, were, tags(program, [" ".join([texts[i]] * 20) for i in long]))
    for name, three in ADDITIONS.items():
        row(name, few, were, tags(program, [inserted(texts[i], three) for i in long]))


if __name__ == "__main__":
    main(*sys.argv[1:])
