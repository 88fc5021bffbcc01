#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The ikelb authors
"""The table of docs/affinity.md has a row for each event test, and for nothing else.

    tests/lint/event_docs.py                   compares
    tests/lint/event_docs.py --write FOLDER    writes the table from the results of two runs
                                               (event-results.jsonl and, of tests/netns/run.py
                                               --one-server, one-server-results.jsonl of the build)

Counts of pings are those of the run that was written; another run's may differ.
"""

from __future__ import annotations

import argparse
import ast
import json
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs/affinity.md"
BEGIN, END = "<!-- event table: begin -->", "<!-- event table: end -->"
EVENTS = (*range(1, 28), 29, 30)  # those that real peers or crafted packets play here
HEAD = (
    "| event | test | what happens | source hash | ikelb | pings lost | by one server |\n"
    + 7 * "|---" + "|\n"
)


def tests() -> dict[str, str]:
    """{test: what it says it is}, in the order of their events."""
    found = {}
    for path in (ROOT / "tests/netns").glob("events_*.py"):
        for node in ast.parse(path.read_text("utf-8")).body:
            if isinstance(node, ast.FunctionDef) and re.match(r"e\d+_", node.name):
                found[node.name] = " ".join((ast.get_docstring(node) or "").split())
    return dict(sorted(found.items(), key=lambda item: (number(item[0]), item[0])))


def number(test: str) -> int:
    return int(re.match(r"e(\d+)", test)[1])


def pings(row: dict) -> str:
    return f"{row['lost']} of {row['sent']}" if row.get("sent") else ""


def table(results: dict[str, dict], alone: dict[str, dict]) -> str:
    rows = []
    for test, text in tests().items():
        row = results[test]
        beside = "" if row["control"] == "not run" else row["control"]
        cells = (
            *(f"E{number(test)}", f"`{test}`", text.rstrip("."), beside, row["ikelb"]),
            *(pings(row), pings(alone.get(test, {}))),
        )
        rows.append(f"| {' | '.join(cells)} |\n")
    return HEAD + "".join(rows)


def read(file: Path) -> dict[str, dict]:
    """{test: row}."""
    return {row["test"]: row for row in map(json.loads, file.read_text("utf-8").splitlines())}


def write(folder: Path) -> list[str]:
    results = read(folder / "event-results.jsonl")
    alone = read(folder / "one-server-results.jsonl")
    if missing := sorted(set(tests()) - set(results)):
        return [f"{folder}: no result of {test}" for test in missing]
    before, _, rest = PAGE.read_text("utf-8").partition(BEGIN)
    _, _, after = rest.partition(END)
    PAGE.write_text(f"{before}{BEGIN}\n{table(results, alone)}{END}{after}", "utf-8")
    return []


def compare() -> list[str]:
    _, _, rest = PAGE.read_text("utf-8").partition(BEGIN)
    rows = re.findall(r"(?m)^\| E(\d+) \| `(\w+)` \|", rest.partition(END)[0])
    named = [test for event, test in rows if number(test) == int(event)]
    return (
        [f"docs/affinity.md lacks {test}" for test in tests() if test not in named]
        + [f"docs/affinity.md: there is no {test}" for test in named if test not in tests()]
        + [f"docs/affinity.md: {test} twice" for test in set(named) if named.count(test) > 1]
        + [f"tests/netns: no test of E{n}" for n in EVENTS if n not in map(number, tests())]
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--write", metavar="FOLDER", type=Path)
    options = parser.parse_args()
    faults = write(options.write) if options.write else compare()
    for fault in faults:
        print(fault)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
