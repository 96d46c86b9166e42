"""Medians of a results file beside the targets, as Markdown.

report.py RESULTS.jsonl > RESULTS.md
"""

import json
import statistics
import sys
from collections import defaultdict


def load(path):
    about, rows, failed, ids = {}, defaultdict(list), [], {}
    with open(path) as file:
        for line in file:
            row = json.loads(line)
            if "about" in row:
                about = row["about"]
            elif row["group"] == "ids" and "failed" not in row:
                ids[row["setting"], row["tool"]] = row
            elif "failed" in row:
                failed.append(row)
            else:
                rows[row["group"], row["setting"], row["tool"]].append(row)
    return about, rows, failed, ids


class Table:
    def __init__(self, rows, ids):
        self.rows = rows
        self.ids = ids
        self.missed = []

    def rate(self, group, setting, tool, number, clock="cpu"):
        """The median of MB a second in a pass, or nothing."""
        rows = [row for row in self.rows.get((group, setting, tool), ()) if f"cpu{number}" in row]
        return statistics.median(
            row[f"mb{number}"] / row[f"{clock}{number}"] for row in rows) if rows else None

    def tools(self, group, setting):
        return [tool for g, s, tool in self.rows if (g, s) == (group, setting) and tool != "shardify"]

    def settings(self, group):
        return list(dict.fromkeys(s for g, s, _ in self.rows if g == group))

    def same_ids(self, group, setting):
        """Whether all tools that read the same bytes made as many ids."""
        counts = defaultdict(set)
        for (g, s, tool), rows in self.rows.items():
            if (g, s) == (group, setting):
                for row in rows:
                    for number in (0, 1):
                        if f"ids{number}" in row:
                            key = number, round(row[f"mb{number}"], 6)
                            counts[key].add(row[f"ids{number}"])
        return all(len(ids) == 1 for ids in counts.values())

    def about_ids(self, group, setting):
        """Whether ids are the same: by count in this run, and by document where that was compared."""
        name = setting.split()[0]
        compared = {tool: row for (s, tool), row in self.ids.items() if s == name}
        reference = next((t for t, row in compared.items() if row["reference"]), None)
        others = [tool for tool in self.tools(group, setting)
                  if tool in compared and compared[tool]["differ"]]
        if not compared:
            return "as many" if self.same_ids(group, setting) else "NOT as many; not compared"
        if reference is None or compared[reference]["differ"]:
            return "NOT the reference's"
        if not others:
            return "equal" if self.same_ids(group, setting) else "NOT as many as in the comparison"
        said = ", ".join(f"{tool} differs in {compared[tool]['differ']:,} of "
                         f"{compared[tool]['documents']:,} documents" for tool in others)
        return f"equal to {reference}'s; {said}"

    def line(self, group, setting, number, name, targets):
        """One line: our rate, the peers', and the ratio to each target's best peer."""
        ours = self.rate(group, setting, "shardify", number)
        if ours is None:
            return
        peers = {tool: self.rate(group, setting, tool, number)
                 for tool in self.tools(group, setting)}
        peers = {tool: rate for tool, rate in peers.items() if rate}
        verdicts = []
        for wanted, tools in targets:
            known = {tool: rate for tool, rate in peers.items() if tool in tools}
            if not known:
                continue
            best = max(known, key=known.get)
            ratio = ours / known[best]
            verdicts.append(f"{ratio:.2f}x {best} (wanted {wanted}x)"
                            + ("" if ratio >= wanted else " **missed**"))
            if ratio < wanted:
                self.missed.append(f"{name}: {ratio:.2f}x {best}, wanted {wanted}x")
        shown = ", ".join(f"{tool} {rate:.1f}" for tool, rate in peers.items())
        wall = self.rate(group, setting, "shardify", number, "wall")
        print(f"| {name} | {ours:.1f} | {wall:.1f} | {shown} | {'; '.join(verdicts)} | "
              f"{self.about_ids(group, setting)} |")


HEAD = """
| work | shardify, MB per CPU s | per wall s | peers, MB per CPU s | ratios | ids |
| --- | --- | --- | --- | --- | --- |"""


def print_ids(ids):
    print("\n## Ids, document by document\n\n| tokenizer | peer | documents | differ | first difference |")
    print("| --- | --- | --- | --- | --- |")
    for (setting, tool), row in ids.items():
        first = row["first"]
        shown = "" if not first else (
            f"document {first['document']}, id {first['place']}: shardify {first['shardify']}, "
            f"{tool} {first['theirs']}")
        name = f"{tool} (the reference)" if row["reference"] else tool
        print(f"| {setting} | {name} | {row['documents']:,} | {row['differ']:,} | {shown} |")
    print("\ntiktoken has no normalizer: with a file that asks for one (qwen2, NFC) its ids are those of "
          "other text, and `tiktoken of NFC` are its ids of text that Python normalized.")


def main(path):
    about, rows, failed, ids = load(path)
    table = Table(rows, ids)
    print("# Tokenizing beside its peers\n")
    print(f"`Benchmarks/tokenizers/run.sh`, {about.get('checkout')}, {about.get('processor')}, "
          f"{about.get('processors')} processors, {about.get('system')}. Medians over the rounds of MB of "
          "UTF-8 text per CPU second, one thread, in a fresh process.")
    if ids:
        print_ids(ids)
    print("\n## 50 MB cold, then 50 MB of new documents" + HEAD)
    fast, slow = ("gigatoken", "fastokens"), ("tiktoken",)
    for setting in table.settings("halves"):
        for number, name in ((0, "cold"), (1, "new text")):
            table.line("halves", setting, number, f"{setting}, {name}", ((1.5, fast), (6, slow)))
    print("\n## The same text again" + HEAD)
    for setting in table.settings("warm"):
        table.line("warm", setting, 1, f"{setting}, second pass", ((1, ("gigatoken",)),))
    print("\n## By script, first pass" + HEAD)
    for setting in table.settings("script"):
        table.line("script", setting, 0, setting, (
            (1.5, ("gigatoken", "fastokens", "bpe_openai", "tiktoken")),))
    print("\n## Other models" + HEAD)
    for setting in table.settings("models"):
        table.line("models", setting, 0, setting, (
            (4, ("sentencepiece",)), (3, ("gigatoken",)), (8, ("hf",))))
    print("\n## Hard text\n\n| text | ns a byte | times ordinary text |\n| --- | --- | --- |")
    for setting in table.settings("hard"):
        name = setting.split()[0]
        rate = table.rate("hard", setting, "shardify", 1)  # the first pass of so little is the start
        usual = table.rate("halves", name, "shardify", 0)
        times = f"{usual / rate:.2f}" if usual else "not measured"
        if usual and usual / rate > 3:
            table.missed.append(f"{setting}: {times} times ordinary text, wanted at most 3")
        print(f"| {setting} | {1000 / rate:.1f} | {times} |")
    one, two = (table.rate("threads", f"cl100k {n}", "shardify", 0, "wall") for n in (1, 2))
    if one and two:
        print(f"\nTwo threads: {two / one:.2f}x one by wall time (wanted 1.9x).")
        if two / one < 1.9:
            table.missed.append(f"two threads: {two / one:.2f}x one, wanted 1.9x")
    print("\n## Loading and memory\n\n| tokenizer | load, s | tables, MB | worker and its ids, MB |\n| --- | --- | --- | --- |")
    for (group, setting, tool), runs in rows.items():
        if group in ("halves", "models") and tool == "shardify":
            load_s = statistics.median(run["load_s"] for run in runs)
            tables = statistics.median(run["rss_load_mb"] for run in runs)
            worker = statistics.median(run["rss_encode_mb"] for run in runs)
            print(f"| {setting} | {load_s:.2f} | {tables:.0f} | {worker:.0f} |")
            if worker > 64:
                table.missed.append(f"{setting}: {worker:.0f} MB a worker, wanted 64 MB")
            if load_s > 0.3:
                table.missed.append(f"{setting}: loads in {load_s:.2f} s, wanted 0.3 s")
    print("\n## Targets missed\n")
    print("\n".join(f"- {line}" for line in table.missed) or "None.")
    reasons = [f"{row['group']} {row['setting']} {row['tool']}: {row['failed']}" for row in failed]
    for reason in dict.fromkeys(reasons):
        print(f"\nNot measured: {reason}")


main(sys.argv[1])
