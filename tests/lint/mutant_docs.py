#!/usr/bin/python3 -B
# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The ikelb authors
"""tests/mutants/README.md tells which program sees which mutant, as tests/mutants/meson.build has
it, and the rates of docs/testing.md are those of tests/village/flood.cc.

    tests/lint/mutant_docs.py            compares
    tests/lint/mutant_docs.py --write    writes the former
"""

from __future__ import annotations

import ast
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "tests/mutants/README.md"
HEAD = """# Mutants

Each is the packet path without one rule, by a patch to its source. The suite `mutants` builds them
and sees that the tests named in `tests/mutants/meson.build` fail in the mutant and pass in the
product. In `two_worlds` an attacker must make a difference to users of the mutant and, in the same
world, none to those of the product. Where he can make none, the last column says why.

Written by `tests/lint/mutant_docs.py --write` from `tests/mutants/meson.build`; a test compares
the two.

| mutant | unit tests | scenarios of the village | `two_worlds` |
|---|---|---|---|
"""


def literal(text: str, name: str) -> dict:
    """A dictionary of the build description: it reads as one of Python does."""
    found = re.search(rf"(?ms)^{name} = (\{{.*?^\}})", text)
    return ast.literal_eval(found[1])


def page() -> str:
    text = (ROOT / "tests/mutants/meson.build").read_text("utf-8")
    unseen = literal(text, "unseen_by_two_worlds")
    rows = []
    for mutants in literal(text, "mutants_of").values():
        for mutant, tests in mutants.items():
            scenarios = [test.split("/")[-1] for test in tests.get("village", [])]
            options = " ".join(tests.get("two_worlds", []))
            worlds = f"`{options}`" if options else "any strike"
            cells = [
                f"`{mutant}`",
                str(len(tests["pipeline"])),
                ", ".join(f"`{one}`" for one in scenarios) or "-",
                worlds if "two_worlds" in tests else f"no: {unseen[mutant]}",
            ]
            rows.append("| " + " | ".join(cells) + " |\n")
    return HEAD + "".join(sorted(rows))


def rates() -> list[str]:
    """Each constant of the floods has its row, with the number that it is in the product."""
    flood = (ROOT / "tests/village/flood.cc").read_text("utf-8")
    docs = (ROOT / "docs/testing.md").read_text("utf-8")
    faults = []
    blocks = re.findall(r"(?ms)^// So many a second.*?^constexpr int (.*?);", flood)
    for factor, block in zip((10, 1), blocks, strict=True):
        for name, rate in re.findall(r"(\w+) = (\d+)", block):
            if f"| `{name}` | {factor * int(rate):,} |" not in docs:
                faults.append(f"docs/testing.md: no row of {name} with {factor * int(rate):,}")
    return faults


def main() -> int:
    if sys.argv[1:] == ["--write"]:
        PAGE.write_text(page(), "utf-8")
    faults = rates()
    if not PAGE.exists() or PAGE.read_text("utf-8") != page():
        faults.append("tests/mutants/README.md differs: run tests/lint/mutant_docs.py --write")
    for fault in faults:
        print(fault)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
