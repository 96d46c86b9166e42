"""Medians and ratios of a results file, as Markdown.

report.py RESULTS.jsonl > RESULTS.md
"""

import json
import statistics
import sys
from collections import defaultdict

MISSING = "not measured"


class Results:
    """The lines of a results file, by measure, tool and setting."""

    def __init__(self, path):
        self.about, self.skipped, self.failed, self.hashes = {}, [], [], defaultdict(set)
        self.rows, self.sizes = defaultdict(list), {}
        with open(path) as file:
            for line in file:
                row = json.loads(line)
                if "about" in row:
                    self.about = row["about"]
                elif "skipped" in row:
                    self.skipped.append(row["skipped"])
                elif "encode_sha256" in row:
                    self.hashes[row["encode_sha256"]].add(row["value"])
                elif "bytes_per_token" in row:
                    self.sizes[row["language"]] = row["bytes_per_token"]
                elif "failed" in row:
                    self.failed.append(row)
                else:
                    self.rows[row["measure"], row["tool"], row["setting"]].append(row)

    def median(self, key, value):
        """The median over the rounds of a function of a row, or nothing."""
        rows = self.rows.get(key, [])
        return statistics.median(value(row) for row in rows) if rows else None

    def output(self, key, name):
        rows = self.rows.get(key, [])
        return rows[-1].get("output", {}).get(name) if rows else None


def cpu(row):
    return row["cpu_s"]


def wall(row):
    return row["wall_s"]


def ratio(upper, lower, form="{:.1f}x"):
    return MISSING if upper is None or not lower else form.format(upper / lower)


def total(*values):
    return None if None in values else sum(values)


def ingest_lines(results):
    """shardify against datatrove + fastText, CPU seconds for the same documents."""
    datatrove = results.median(
        ("ingest", "datatrove", "slice, 1 worker"), lambda row: cpu(row) - row["output"]["startup_cpu_s"])
    lines = []
    for name, setting in (("whole texts", "slice, whole texts"), ("first 2 KB", "slice, first 2048 B")):
        fasttext = results.median(
            ("ingest", "fastText", setting), lambda row: row["output"]["predict_cpu_s"])
        peers = total(datatrove, fasttext)
        for jobs in (1, 2):
            own = results.median(("ingest", "shardify", f"slice, jobs {jobs}"), cpu)
            lines.append((
                f"ingest, --jobs {jobs}, against datatrove + fastText ({name})",
                ratio(peers, own), ">= 20x" if name == "whole texts" else ""))
    own = results.median(("ingest", "shardify", "slice, jobs 1"), cpu)
    lines.append(("ingest, --jobs 1, against datatrove alone", ratio(datatrove, own), ""))
    peak = results.median(("ingest", "datatrove", "slice, 1 worker"), lambda row: row["peak_pss_mb"])
    if peak is not None:
        lines.append(("datatrove's peak PSS on a quarter of the corpus", f"{peak:.0f} MB", ""))
    for jobs in (1, 2):
        rate = results.median(
            ("ingest", "shardify", f"whole, jobs {jobs}"), lambda row: row["text_bytes"] / 1e6 / cpu(row))
        speed = results.median(
            ("ingest", "shardify", f"whole, jobs {jobs}"), lambda row: row["text_bytes"] / 1e6 / wall(row))
        if rate is not None:
            lines.append((f"ingest of the whole corpus, --jobs {jobs}",
                          f"{rate:.1f} MB of text per CPU second, {speed:.1f} MB/s wall", ""))
    return lines


def balance_lines(results):
    key = ("balance", "shardify", "T 3.33, jobs 1")
    zstd = total(*(results.median(("balance", "zstd", name), cpu)
                   for name in ("-d to nowhere", "-1 to a file")))
    tokens = results.output(key, "tokens")
    lines = []
    for setting, level, target in (("T 3.33, jobs 1", 3, ""), ("T 3.33, jobs 1, level 1", 1, ">= 60%")):
        own = results.median(("balance", "shardify", setting), cpu)
        lines.append((
            f"balance, level {level}: speed against zstd -1 decompress + compress (CPU)",
            MISSING if own is None or zstd is None else f"{100 * zstd / own:.0f}%", target))
        if own and tokens:
            lines.append((f"balance, level {level}", f"{tokens / own / 1e6:.1f} M tokens per CPU second", ""))
    for name, value in (("wall", wall), ("CPU", cpu)):
        second = results.median(("balance", "shardify", "alpha 0.5, default"), value)
        first = total(results.median(("ingest", "shardify", "whole, jobs 2"), value),
                      results.median(("balance", "shardify", "T 3.33, default"), value))
        lines.append((f"second mixture against first ingest + balance ({name})",
                      MISSING if None in (first, second) else f"{100 * second / first:.0f}%", ""))
    sizes = [("store", ("ingest", "shardify", "whole, jobs 2"), "size_bytes"),
             ("shards, level 3", key, "size_bytes"),
             ("shards, level 1", ("balance", "shardify", "T 3.33, jobs 1, level 1"), "size_bytes"),
             ("datatrove", ("ingest", "datatrove", "slice, 1 worker"), "disk_bytes")]
    for name, which, member in sizes:
        size, count = results.output(which, member), results.output(which, "tokens")
        if size and count:
            lines.append((f"bytes per token on disk: {name}", f"{size / count:.3f}", ""))
    return lines


def encode_lines(results):
    lines = []
    own = results.median(("encode", "shardify", "slice"), cpu)
    for tool in ("tiktoken", "tokenizers"):
        lines.append((f"encode pipe against {tool}, whole process",
                      ratio(results.median(("encode", tool, "slice"), cpu), own), ""))
    rate = results.median(("encode", "shardify", "slice"), lambda row: row["text_bytes"] / 1e6 / cpu(row))
    if rate is not None:
        lines.append(("encode pipe", f"{rate:.1f} MB of text per CPU second", ""))
    for tool in ("tiktoken", "tokenizers"):
        if results.hashes.get(tool) and results.hashes.get("shardify"):
            same = results.hashes[tool] == results.hashes["shardify"]
            lines.append((f"ids equal {tool}'s, every line", "yes" if same else "NO", "yes"))
    return lines


def memory_lines(results):
    lines = []
    for stage in ("ingest", "balance"):
        peaks = {}
        for times in (1, 3):
            key = ("memory", "shardify", f"given {times} times, {stage}")
            peaks[times] = results.median(key, lambda row: row["peak_rss_mb"])
            if peaks[times] is not None:
                pss = results.median(key, lambda row: row["peak_pss_mb"])
                lines.append((f"peak memory of {stage}, corpus given {times} times",
                              f"{peaks[times]:.0f} MB RSS, {pss:.0f} MB PSS", "< 1000 MB"))
        lines.append((f"peak memory of {stage}, three times against once",
                      ratio(peaks[3], peaks[1], "{:.2f}x"), "flat"))
    return lines


def data_lines(results):
    """Writing shards, against zstd and against writers that are given the ids ready."""
    zstd = total(*(results.median(("data", "zstd", name), cpu)
                   for name in ("-d to nowhere", "-1 to a file")))
    lines = []
    rate = None
    for level, target in ((3, ""), (1, ">= 60%")):
        key = ("data", "shardify", f"jobs 1, level {level}")
        own, tokens = results.median(key, cpu), results.output(key, "tokens")
        lines.append((
            f"writing shards, level {level}: speed against zstd -1 decompress + compress (CPU)",
            MISSING if own is None or zstd is None else f"{100 * zstd / own:.0f}%", target))
        if own and tokens and level == 3:
            rate = tokens / own
            lines.append(("writing shards, level 3", f"{rate / 1e6:.1f} M tokens per CPU second", ""))
    for tool, name in (("datatrove", "datatrove's merger"), ("mds", "MDSWriter, zstd:3")):
        peer = results.median(
            ("data", tool, "ready ids"), lambda row: row["output"]["tokens"] / row["output"]["cpu_s"])
        lines.append((f"writing shards, level 3, against {name}, tokens per CPU second",
                      ratio(rate, peer), ">= 30x"))
    for stage in ("ingest", "balance"):
        peaks = {times: results.median(("data", "shardify", f"slice {times} times, {stage}"),
                                       lambda row: row["peak_pss_mb"]) for times in (1, 3, 10)}
        if None not in peaks.values():
            lines.append((f"peak memory of {stage}, a quarter of the corpus given 1, 3 and 10 times",
                          ", ".join(f"{peak:.0f}" for peak in peaks.values()) + " MB PSS", "flat"))
    for (name, _, setting), rows in results.rows.items():
        if name == "planning":
            lines.append((f"planning 1,000 languages and {setting}",
                          f"{cpu(rows[-1]):.1f} CPU s, {rows[-1]['peak_pss_mb']:.0f} MB PSS", "seconds"))
    return lines


def size_table(results):
    """Bytes a token on disk, a line a language."""
    heads = list(next(iter(results.sizes.values())))
    return table(["language", *heads], (
        [language, *(f"{row.get(head, 0):.3f}" if head in row else "" for head in heads)]
        for language, row in results.sizes.items()))


def table(head, rows):
    return "\n".join(
        ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
        + ["| " + " | ".join(str(cell) for cell in row) + " |" for row in rows])


def summary(results):
    lines = []
    for part in (ingest_lines, balance_lines, encode_lines, memory_lines, data_lines):
        lines += [line for line in part(results) if line[1] != MISSING]
    return lines


def run_rows(results):
    """One line a command: medians and extremes over the rounds."""
    for (name, tool, setting), rows in results.rows.items():
        taken = sorted(cpu(row) for row in rows)
        rate = [row["text_bytes"] / 1e6 / cpu(row) for row in rows if row.get("text_bytes")]
        yield (
            name, tool, setting, len(rows), f"{statistics.median(taken):.2f}",
            f"{taken[0]:.2f} to {taken[-1]:.2f}", f"{statistics.median(map(wall, rows)):.2f}",
            f"{statistics.median(rate):.1f}" if rate else "",
            f"{max(row['peak_rss_mb'] for row in rows):.0f}",
            f"{max(row['peak_pss_mb'] for row in rows):.0f}",
            f"{min(row['load1'] for row in rows):.1f} to {max(row['load1'] for row in rows):.1f}")


def versions(results):
    found = {}
    for rows in results.rows.values():
        for row in rows:
            found.update(row.get("output", {}).get("versions", {}))
    return ", ".join(f"{name} {version}" for name, version in sorted(found.items()))


def markdown(results):
    about = results.about
    out = ["# Measured: ingest, balance, encode", ""]
    out += [f"- {name}: {value}" for name, value in about.items()]
    out += [f"- peers: {versions(results) or 'none'}", "",
            "CPU seconds are user + system of the process and all it started. The machine is shared:",
            "wall seconds say little, ratios of CPU seconds taken in one interleaved run say more.",
            "What each line includes and leaves out: Benchmarks/README.md.", "", "## Ratios", "",
            table(("what", "measured", "wanted"), summary(results)), ""]
    if results.sizes:
        out += ["## Bytes a token on disk, by language", "", size_table(results), ""]
    out += ["## Runs", "",
            table(("measure", "tool", "setting", "runs", "CPU s, median", "CPU s", "wall s, median",
                   "MB text per CPU s", "peak RSS MB", "peak PSS MB", "load"), run_rows(results)), ""]
    if results.failed or results.skipped:
        out += ["## Not measured", ""]
        out += [f"- {what}" for what in results.skipped]
        out += [f"- FAILED {row['measure']} {row['tool']} {row['setting']}: {row['failed']}"
                for row in results.failed] + [""]
    out += ["## Commands", "", "```"]
    out += sorted({row["command"] for rows in results.rows.values() for row in rows}) + ["```"]
    return "\n".join(out)


def text(results):
    lines = summary(results)
    width = max((len(line[0]) for line in lines), default=0)
    return "\n".join(
        f"{what:{width}}  {value}" + (f"  (wanted {wanted})" if wanted else "")
        for what, value, wanted in lines)


def main():
    results = Results(sys.argv[1])
    print(text(results) if "--text" in sys.argv else markdown(results))


main()
