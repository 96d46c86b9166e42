#!/usr/bin/env python3
"""Writes Sources/Balance/BytePremiums+Table.swift from the byte-premium table.

    make-byte-premiums.py byte-premium.tsv

The table is `all_merged_20240223.tsv` of github.com/catherinearnett/byte-premium-tool (MIT licence,
Copyright (c) 2024 Catherine C Arnett), of Arnett, Chang, Bergen 2024, "A Bit of a Problem:
Measurement Disparities in Dataset Sizes Across Languages" (arXiv:2403.00686). Kept are the
language, the premium over English in millionths, and the language family where one is given;
languages without a premium are kept for their family.
"""

import csv
import hashlib
import os
import sys

# Scripts that are written otherwise in tags: Korean is hangul with or without hanja.
SCRIPTS = {"hang": "Kore"}

HEADER = """// Written by scripts/make-byte-premiums.py; do not edit.

extension BytePremiums {{
  /// The name of the table that comes with the program.
  public static let tableName = "arnett-2024-02-23"

  /// Premiums of {measured} languages: tag, premium over English in millionths or `-`, number of the
  /// family or `-`.
  ///
  /// From `all_merged_20240223.tsv`, github.com/catherinearnett/byte-premium-tool; MIT licence,
  /// Copyright (c) 2024 Catherine C Arnett. SHA-256 of that file: {digest}.
  ///
  /// Source: Arnett, Chang, Bergen 2024 (arXiv:2403.00686).
  static let tableText = \"\"\"
"""


def main(path):
    with open(path, "rb") as file:
        data = file.read()
    rows = list(csv.DictReader(data.decode().splitlines(), delimiter="\t"))
    families = sorted({row["family"] for row in rows if row["family"]})
    lines = []
    for row in rows:
        iso, script = row["lang"].split("_")
        tag = iso + "_" + SCRIPTS.get(script, script.capitalize())
        premium = str(round(float(row["byte_coef"]) * 1_000_000)) if row["byte_coef"] else "-"
        family = str(families.index(row["family"])) if row["family"] else "-"
        if premium != "-" or family != "-":
            lines.append(f"{tag} {premium} {family}")
    lines.sort()
    if len({line.split()[0] for line in lines}) != len(lines):
        sys.exit("a language twice")
    measured = sum(line.split()[1] != "-" for line in lines)
    root = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    out = os.path.join(root, "Sources/Balance/BytePremiums+Table.swift")
    with open(out, "w") as file:
        file.write(HEADER.format(measured=f"{measured:,}", digest=hashlib.sha256(data).hexdigest()))
        file.writelines(f"    {line}\n" for line in lines)
        file.write('    """\n}\n')


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(sys.argv[1])
