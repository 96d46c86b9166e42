"""gather.py DATA CLONES MEDIAWIKI OUT: labelled text with its source, OUT/LABEL/SOURCE.txt, a line of text a line.

DATA holds lid-train/lid-train.tar.zst and corpus/mix.jsonl.zst; CLONES/OWNER+NAME are git clones at the commits of
sources.tsv; MEDIAWIKI is Debian's package `mediawiki`, unpacked with dpkg-deb -x. sources.tsv has versions and licences.

lid-train mixes its sources. Its lines are told apart by looking for them in the sources: a line whose letters are a line of
a source, or lie within a document of the corpus from it, is that source's; the rest is `lid-train`. Files of 4 MiB and more are
passed over.
"""

import collections
import csv
import io
import json
import os
import random
import re
import struct
import subprocess
import sys
import unicodedata
import zipfile
import zlib

from gather_tables import BIBLES, CODES, CORPUS_SOURCES, NEW_LABELS, SCRIPTS, SWORD

# Larger files of the clones are passed over, so that clones without them give the same text.
LARGEST = 4 << 20
# Of subtitle words, a label. Left out: lists that hold three close languages mixed, and Hindi, whose close ones have no list.
SUBTITLE_BYTES = 300_000
SUBTITLE_CODES = {"no": "nob_Latn", "pt_br": None, "bs": None, "hr": None, "sr": None, "hi": None}
UNPARTED = {"Hans", "Hant", "Jpan", "Kore", "Thai"}


def letters(text):
    return "".join(c for c in text.lower() if c.isalpha())


class Gathered:
    """Lines by label and source, each once, in the order they came."""

    def __init__(self):
        self.lines = collections.defaultdict(lambda: collections.defaultdict(dict))

    def put(self, label, source, lines):
        for line in lines:
            line = " ".join(line.split())
            if sum(c.isalpha() for c in line) >= 8 and fits(label, line):
                self.lines[label][source][line] = True


script_of_character = {}


def script(text):
    counts = collections.Counter()
    for c in text[:300]:
        found = script_of_character.get(c)
        if found is None:
            name = unicodedata.name(c, "").split(" ")[0].split("-")[0] if c.isalpha() else ""
            found = script_of_character[c] = SCRIPTS.get(name, name)
        if found:
            counts[found] += 1
    if not counts:
        return ""
    return "Jpan" if counts.get("Jpan") else counts.most_common(1)[0][0]


def fits(label, line):
    found = script(line)
    return found == label[4:] or (found == "Hani" and label[4:] in ("Hans", "Hant", "Jpan", "Kore"))


class Clones:
    def __init__(self, folder):
        self.folder = folder

    def _git(self, name, *arguments, given=""):
        path = f"{self.folder}/{name}"
        for inner in ("repo", ".git"):
            if os.path.isdir(f"{path}/{inner}"):
                path = f"{path}/{inner}"
        command = ["git", "-C", path, "-c", "core.quotepath=off", *arguments]
        return subprocess.run(command, check=True, capture_output=True, input=given.encode()).stdout

    def show(self, name, path):
        return self._git(name, "show", f"HEAD:{path}")

    def text(self, name, path):
        return self.show(name, path).decode("utf-8", "replace")

    def files(self, name, folder=""):
        """Paths of files under LARGEST bytes; one that a partial clone lacks counts as larger."""
        found = self._git(name, "ls-tree", "-r", "HEAD", *([folder] if folder else [])).decode().splitlines()
        objects = [line.split("\t")[0].split()[2] for line in found]
        sizes = self._git(name, "cat-file", "--batch-check=%(objectsize)", given="\n".join(objects)).decode().splitlines()
        return [line.split("\t")[1] for line, size in zip(found, sizes) if size.isdecimal() and int(size) < LARGEST]


def known_lines(clones):
    """Letters of a line -> the source it is a line of."""
    known = {}

    def add(source, lines):
        for line in lines:
            key = letters(line)
            if key:
                known[key] = min(source, known.get(key, source))

    for path in clones.files("facebookresearch+LASER", "data/tatoeba/v1/"):
        add("tatoeba", clones.text("facebookresearch+LASER", path).split("\n"))
    for path in clones.files("pemistahl+lingua-rs", "language-models/"):
        if "/testdata/" in path:
            add("lingua", clones.text("pemistahl+lingua-rs", path).split("\n"))
    for path in clones.files("IndoNLP+nusax", "datasets/"):
        if path.endswith(".csv"):
            for row in csv.reader(io.StringIO(clones.text("IndoNLP+nusax", path))):
                for cell in row:
                    add("nusax", cell.split("\n"))
    for path in clones.files("mozilla+voice-web", "server/data/"):
        if path.endswith(".txt"):
            add("voice", clones.text("mozilla+voice-web", path).split("\n"))
    return known


def corpus_name(source):
    if source.startswith("UniversalDependencies/"):
        return "universal-dependencies"
    return CORPUS_SOURCES.get(source)


def attribute(data, known, out):
    """lid-train, its lines by source; and the news of the corpus."""
    documents = collections.defaultdict(lambda: collections.defaultdict(list))
    with subprocess.Popen(["zstd", "-dc", f"{data}/corpus/mix.jsonl.zst"], stdout=subprocess.PIPE) as unpacked:
        for line in unpacked.stdout:
            document = json.loads(line)
            name = corpus_name(document["source"])
            if name:
                documents[document["lang"]][name].append(document["text"])
    work = f"{out}/.lid-train"
    os.makedirs(work, exist_ok=True)
    subprocess.run(["tar", "--zstd", "-xf", f"{data}/lid-train/lid-train.tar.zst", "-C", work], check=True)
    gathered = Gathered()
    for folder, _, names in sorted(os.walk(work)):
        for name in sorted(names):
            if not re.fullmatch(r"\w{3}_\w{4}\.txt", name):
                continue
            label = name[:-4]
            joined = {s: letters(" ".join(texts)) for s, texts in documents[label].items() if s != "masakhane-news"}
            with open(f"{folder}/{name}", encoding="utf-8") as file:
                for line in file:
                    line = line.rstrip("\n")
                    key = letters(line)
                    source = known.get(key)
                    if not source and len(key) >= 8:
                        source = next((s for s, text in joined.items() if key in text), None)
                    # The Bible under ssw is a Swahili one.
                    if line.strip() and not (label == "ssw_Latn" and source == "bible-corpus"):
                        gathered.lines[label][source or "lid-train"][line] = True
    for label in sorted(gathered.lines):
        for text in documents[label]["masakhane-news"]:
            for line in text.split("\n"):
                if len(line) >= 30:
                    gathered.lines[label]["masakhane-news"][line] = True
    subprocess.run(["rm", "-r", work], check=True)
    return gathered


PLURAL = re.compile(r"\{\{(?:PLURAL|GENDER|GRAMMAR|int)[^|}]*\|([^|}]*)[^}]*\}\}", re.IGNORECASE)


def without_markup(text):
    text = PLURAL.sub(r"\1", text)
    text = re.sub(r"\{\{[^}]*\}\}", " ", text)
    text = re.sub(r"\[\[([^\]|]*\|)?([^\]]*)\]\]", r"\2", text)
    text = re.sub(r"\[(https?:|//|\$)\S*\s*([^\]]*)\]", r"\2", text)
    text = re.sub(r"<[^>]*>", " ", text)
    text = re.sub(r"https?://\S+", " ", text)
    text = re.sub(r"'''?", "", text)
    return re.sub(r"\$\d+|&\w+;|[=*#|]{1,}|%\w", " ", text).split("\n")


def mediawiki(folder, gathered, labels):
    """Interface strings. A string that several languages have is a copy: it stays with the largest of them."""
    files = collections.defaultdict(list)
    for path, _, names in os.walk(folder):
        if "i18n" in path:
            for name in names:
                if name.endswith(".json"):
                    files[name[:-5]].append(f"{path}/{name}")
    lines = collections.defaultdict(dict)
    for code in sorted(files):
        label = CODES.get(code)
        if label not in labels:
            continue
        for path in sorted(files[code]):
            try:
                with open(path, encoding="utf-8") as file:
                    strings = json.load(file)
            except ValueError:
                continue
            for value in strings.values():
                if isinstance(value, str):
                    lines[label].update((" ".join(part.split()), True) for part in without_markup(value))
    owner = {}
    for label in sorted(lines, key=lambda of: (len(lines[of]), of)):
        owner.update((line, label) for line in lines[label])
    for label in sorted(lines):
        gathered.put(label, "mediawiki", [line for line in lines[label] if owner[line] == label])


def readmes(clones, gathered, labels):
    """Manuals of programs, translated by machine into a hundred languages."""
    for name in ("cobbzilla+mobiletto", "cobbzilla+mobiletto-cli", "cobbzilla+hokeylization", "cobbzilla+zilla-script"):
        for path in clones.files(name):
            match = re.match(r"(?:docs|lang)/([A-Za-z-]+)/README.md$", path)
            if not match:
                continue
            label = CODES.get(match[1].lower())
            if label in labels:
                gathered.put(label, "cobbzilla", paragraphs(clones.text(name, path)))


def paragraphs(markdown):
    code, kept = False, []
    for line in markdown.split("\n"):
        if line.strip().startswith("```") or "<pre" in line or "</pre" in line:
            code = not code
            continue
        if code or line.startswith("    ") or ("](" in line and len(line) < 60):
            continue
        line = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", line)
        kept.append(re.sub(r"`[^`]*`|\*\*|[#>*`]|https?://\S+", " ", line))
    found, current = [], ""
    for line in kept + [""]:
        if line.strip():
            current += " " + line.strip()
        elif current:
            found += re.split(r"(?<=[.!?:])\s+", current)
            current = ""
    return [sentence for sentence in found if len(sentence) >= 15]


def hmong(clones, gathered):
    words = []
    for line in clones.text("nathanmwhite+hmong-medical-corpus", "Stanford-CoreNLP/hmcorpus_train.conllu").split("\n"):
        fields = line.split("\t")
        if len(fields) > 1:
            words.append(fields[1])
        elif words:
            text = " ".join(words).replace("_", " ")
            gathered.put("hmn_Latn", "hmong-medical", [re.sub(r" ([,.?!:;])", r"\1", text)])
            words = []


def thinned(lines, most=4000):
    return lines[:: max(1, len(lines) // most)]


def bibles(clones, gathered):
    for name, label in BIBLES:
        verses = [v for v in clones.text("BibleNLP+ebible-corpus", f"corpus/{name}.txt").split("\n") if len(v) > 20]
        gathered.put(label, "ebible", thinned(verses))
    for path, label in SWORD:
        data = clones.show("scrollmapper+bible_databases", f"sources/{path}/{path.split('/')[1]}.zip")
        verses = [v for v in dict.fromkeys(sword_verses(data)) if len(v) > 20]
        gathered.put(label, "scrollmapper", thinned(verses))


def sword_verses(data):
    """The verses of a SWORD zText module: compressed blocks, an index of blocks, an index of verses."""
    archive = zipfile.ZipFile(io.BytesIO(data))
    for testament in ("ot", "nt"):
        base = [name[:-1] for name in archive.namelist() if name.endswith(f"/{testament}.bzz")]
        if not base:
            continue
        packed, places, verses = (archive.read(base[0] + kind) for kind in "zsv")
        blocks = []
        for i in range(len(places) // 12):
            start, size, _ = struct.unpack_from("<III", places, 12 * i)
            try:
                blocks.append(zlib.decompress(packed[start : start + size]))
            except zlib.error:
                blocks.append(b"")
        for i in range(len(verses) // 10):
            block, start, size = struct.unpack_from("<IIH", verses, 10 * i)
            if size and block < len(blocks):
                yield re.sub(r"<[^>]*>", " ", blocks[block][start : start + size].decode("utf-8", "replace"))


def kolibri(clones, gathered):
    def strings(value):
        if isinstance(value, str):
            return [value]
        return [s for part in value.values() for s in strings(part)] if isinstance(value, dict) else []

    for path in clones.files("learningequality+kolibri", "kolibri/locale/ny/"):
        if path.endswith(".json"):
            gathered.put("nya_Latn", "kolibri", strings(json.loads(clones.text("learningequality+kolibri", path))))


def snippets(clones, gathered, labels):
    """CLD2's own test texts, a few hundred bytes a language: all there is for some."""
    source = clones.text("CLD2Owners+cld2", "internal/unittest_data.h")
    pattern = r'^const char\* kTeststr_([A-Za-z_]+?)_?([A-Z][a-z]{3})\d? = "((?:[^"\\]|\\.)*)"'
    for code, written, raw in re.findall(pattern, source, re.MULTILINE):
        text = re.sub(r"\\x([0-9A-Fa-f]{2})", lambda m: chr(int(m[1], 16)), raw).replace('\\"', '"')
        data = text.encode("latin-1", "ignore") if "\\x" in raw else text.encode()
        code = {"iw": "he", "jw": "jv", "blu": "hmn", "sit_NP": "lif", "no": "nb"}.get(code, code)
        label = f"{CODES.get(code, '???')[:3]}_{'Hans' if written == 'Hani' else written}"
        if label in labels:
            words = data.decode("utf-8", "ignore").split()
            gathered.put(label, "cld2test", [" ".join(words[i : i + 25]) for i in range(0, len(words), 25)])


def subtitle_words(clones, gathered, labels):
    """Everyday words: lines of words drawn by how often subtitles have them. The model reads no further than a word, so that to it
    they are as good as the text. Not for scripts that do not part words."""
    name = "hermitdave+FrequencyWords"
    found = {}
    for path in clones.files(name, "content/2018/"):
        match = re.fullmatch(r"content/2018/(\w+)/\1_(50k|full)\.txt", path)
        if match and (match[2] == "50k" or match[1] not in found):
            found[match[1]] = path
    for code, path in sorted(found.items()):
        label = SUBTITLE_CODES.get(code, CODES.get(code))
        if label not in labels or label[4:] in UNPARTED:
            continue
        words, counts = [], []
        for line in clones.text(name, path).split("\n"):
            word, _, count = line.rpartition(" ")
            if count.isdecimal() and script(word) == label[4:]:
                words.append(word)
                counts.append(int(count))
        if len(words) < 1000:
            continue
        draw = random.Random(f"subtitle words {label}")
        size, lines = 0, []
        while size < SUBTITLE_BYTES:
            lines.append(" ".join(draw.choices(words, counts, k=12)))
            size += len(lines[-1].encode()) + 1
        gathered.put(label, "subtitle-words", lines)


def main(data, clone_folder, mediawiki_folder, out):
    clones = Clones(clone_folder)
    gathered = attribute(data, known_lines(clones), out)
    labels = set(gathered.lines) | set(NEW_LABELS)
    snippets(clones, gathered, labels)
    mediawiki(mediawiki_folder, gathered, labels)
    readmes(clones, gathered, labels)
    hmong(clones, gathered)
    bibles(clones, gathered)
    kolibri(clones, gathered)
    subtitle_words(clones, gathered, labels)
    for label in sorted(labels):
        os.makedirs(f"{out}/{label}", exist_ok=True)
        for source, lines in sorted(gathered.lines[label].items()):
            if lines:
                with open(f"{out}/{label}/{source}.txt", "w", encoding="utf-8") as file:
                    file.writelines(f"{line}\n" for line in lines)
    print(f"{len(labels)} labels")


if __name__ == "__main__":
    if len(sys.argv) != 5:
        sys.exit("usage: gather.py DATA CLONES MEDIAWIKI OUT")
    main(*sys.argv[1:])
