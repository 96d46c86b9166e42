"""seeds.py TARGET FOLDER: inputs for fuzzing to start from.

languagemodel: a small model of shardify's format and, where the fasttext program is installed, small models of every kind
trained by it. detect: sentences, code, numbers, broken UTF-8.
"""

import shutil
import struct
import subprocess
import sys
import tempfile
from pathlib import Path

SENTENCES = """deu das ist ein haus und der hund ist gut
eng this is a house and the dog is good
fra je n'ai pas le temps été
rus это дом и собака на улице
tur senin için hiç zamanım yok şimdi""".split("\n")
KINDS = {
    "softmax": "-loss softmax -minn 1 -maxn 3",
    "tree": "-loss hs -minn 2 -maxn 3 -wordNgrams 2",
    "ova": "-loss ova -minn 0 -maxn 0 -wordNgrams 3",
    "plain": "-loss ns -minn 0 -maxn 0 -bucket 0",
}
TEXTS = [
    "Les enfants descendaient lentement vers le port.", "孩子們慢慢地走到港口，佢哋唔知。", "子どもたちは港へ歩いていった。", "เด็กๆ เดินช้าๆ",
    "for (i = 0; i < n; i++) { a[i] = f(x, y); }", "12,5 % 34 56", "Bo\u0323n tre\u0309 cha\u0323\u0302m", "\u202eאבגד abc\u202c", "\ue000\uf8ff",
    "\U0001f600 مرحبا हिन्दी",
]


def native():
    """The format of models/FORMAT.md: three labels in two scripts, eight rows."""
    labels = b"rus_Cyrldeu_Latneng_Latn"
    out = b"SHRDLID\n" + struct.pack("<IIIIBBHId", 2, 3, 8, 64, 4, 1, 5000, 300, 0.001) + b"seed".ljust(24, b"\0")
    out += struct.pack("<16b", *(4 * i - 31 for i in range(16))) + bytes(16) + struct.pack("<16d", *[1.0] * 16) + labels
    out += struct.pack("<9h", 0, 5000, 0, 10, -10, 0, 1, 2, 3) + struct.pack("<192h", *range(-96, 96))
    out += bytes(-len(out) % 64) + bytes(range(1, 9))
    return out + bytes(-len(out) % 64) + bytes(i & 255 for i in range(256))


def models(folder):
    (folder / "native").write_bytes(native())
    if not shutil.which("fasttext"):
        print("no fasttext program: fuzzing starts from a model of shardify's format alone", file=sys.stderr)
        return
    with tempfile.TemporaryDirectory() as work:
        lines = [f"__label__{line} w{i}\n" for i in range(10) for line in SENTENCES]
        lines += [f"__label__x{i} this\n" for i in range(260)]
        for name, options in KINDS.items():
            Path(f"{work}/train").write_text("".join(lines if name == "softmax" else lines[:50]))
            # A matrix needs 256 rows to be quantised.
            bucket = [] if "-bucket" in options else ["-bucket", "300" if name == "softmax" else "30"]
            command = ["fasttext", "supervised", "-input", f"{work}/train", "-output", f"{work}/{name}", "-dim", "4", "-thread", "1", *options.split()]
            subprocess.run(command + bucket, check=True, capture_output=True)
            shutil.copy(f"{work}/{name}.bin", folder / f"{name}.bin")
        command = ["fasttext", "quantize", "-input", f"{work}/train", "-output", f"{work}/softmax", "-cutoff", "270", "-qnorm", "-qout"]
        subprocess.run(command, check=True, capture_output=True)
        shutil.copy(f"{work}/softmax.ftz", folder / "softmax.ftz")


def texts(folder):
    for number, text in enumerate(TEXTS):
        (folder / f"text{number}").write_bytes(text.encode())
        (folder / f"long{number}").write_bytes(text.encode() * (1 + 3000 // len(text.encode())))
    (folder / "surrogates").write_bytes(b"ab \xed\xa0\x80\xed\xb0\x80 \xff\xfe \xc3")


if __name__ == "__main__":
    folder = Path(sys.argv[2])
    models(folder) if sys.argv[1] == "languagemodel" else texts(folder)
