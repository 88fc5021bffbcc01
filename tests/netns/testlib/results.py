# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The ikelb authors
"""The results of event tests, a JSON line each, of which docs/affinity.md has its table."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from lab.ikelbd import build_directory


@dataclass
class Row:
    """What one test of an event tells. `test` is e14_mobike, its event E14."""

    event: str = ""
    test: str = ""
    control: str = "not run"
    ikelb: str = "kept"
    sent: int = 0
    lost: int = 0

    @classmethod
    def of(cls, test: str) -> Row:
        return cls(event=test.partition("_")[0].upper(), test=test)


def default_file(*, one_server: bool = False) -> Path:
    """one_server: what the control loses that has no choice."""
    name = "one-server-results.jsonl" if one_server else "event-results.jsonl"
    return build_directory() / name


def read(file: Path) -> dict[str, dict]:
    """{test: row}."""
    lines = file.read_text("utf-8").splitlines() if file.exists() else []
    return {row["test"]: row for row in map(json.loads, lines)}


def merge(file: Path, rows: list[dict]) -> None:
    """Puts the rows in place of those of the same tests."""
    every = read(file) | {row["test"]: row for row in rows}
    ordered = sorted(every.values(), key=lambda row: (int(row["event"][1:]), row["test"]))
    file.write_text("".join(json.dumps(row) + "\n" for row in ordered), "utf-8")
