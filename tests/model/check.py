#!/usr/bin/python3 -B
# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The ikelb authors
"""check.py MODEL: Spin looks at each state of the model.

As the product is, no claim may break; with each planted bug, and with each known limit let in, the
claim named here must.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
RECORD, NOTE, LOST, FREED = r"seen%8", r"seen_note", r"3!=3", r"is_freed\[table\]"
HEARD, SPEAKER, REPLACED = r"was_heard&", r"speaker", r"flow==found"
REFUSED = r"has_written"
DEPTH = 100_000  # steps; a longer run is an error of its own


@dataclass
class Look:
    words: list[str]
    breaks: str | None = None  # what the broken assertion's text holds

    @property
    def name(self) -> str:
        return " ".join(self.words) or "as it is"


MODELS = {
    "table": [
        *(Look([f"KEY={key}"]) for key in (1, 2, 3, 4)),
        Look(["KEY=1", "PLANTED=1"], RECORD),
        Look(["KEY=3", "PLANTED=2"], NOTE),
        Look(["KEY=3", "PLANTED=3"], LOST),
        Look(["KEY=1", "REUSED"], f"{RECORD}|{NOTE}"),
        Look(["KEY=3", "SAME_SECOND"], NOTE),
    ],
    "commit": [
        Look(["TURNS=2"]),
        Look(["MARKS"]),
        Look(["PLANTED=1", "CLAIM=1"], HEARD),
        Look(["PLANTED=1", "CLAIM=2", "TURNS=2"], SPEAKER),
        *(Look([f"PLANTED={bug}"], HEARD) for bug in (2, 3)),
        Look(["PLANTED=4", "MARKS"], REPLACED),
        Look(["PLANTED=5"], REFUSED),
        Look(["PLANTED=6"], REPLACED),
    ],
    "publish": [Look([]), *(Look([f"PLANTED={bug}"], FREED) for bug in (1, 2, 3))],
}


def explore(model: Path, look: Look) -> str:
    """The verifier's report."""
    with tempfile.TemporaryDirectory() as folder:
        for command in (
            ["spin", "-a", *(f"-D{word}" for word in look.words), str(model)],
            ["gcc", "-O2", "-DSAFETY", "-DCOLLAPSE", "-o", "pan", "pan.c"],
        ):
            subprocess.run(command, cwd=folder, check=True)
        done = subprocess.run(
            ["./pan", f"-m{DEPTH}"], cwd=folder, capture_output=True, text=True, check=True
        )
    return done.stdout


def is_right(look: Look, report: str) -> bool:
    errors = re.search(r"errors: (\d+)", report)
    states = re.search(r"(\d+) states, stored", report)
    if errors is None or states is None or "max search depth too small" in report:
        print(report)
        return False
    broken = re.search(r"assertion violated (.*) \(at depth", report)
    found = f"breaks {broken[1]}" if broken else f"errors: {errors[1]}"
    print(f"{look.name}: {found}; {states[1]} states", flush=True)
    if look.breaks is None:
        return errors[1] == "0"
    return broken is not None and re.search(look.breaks, broken[1]) is not None


def main() -> int:
    (name,) = sys.argv[1:]
    looks = MODELS[name]
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        reports = pool.map(lambda look: explore(HERE / f"{name}.pml", look), looks)
        results = [is_right(*pair) for pair in zip(looks, reports)]
    print(f"{sum(results)} of {len(results)} as expected")
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main())
