# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The ikelb authors
"""Plain text for people: a table and, on a terminal only, colours."""

from __future__ import annotations

import os
import sys
from typing import Sequence

_COLOURS = {"red": "31", "green": "32", "yellow": "33", "bold": "1"}


def paint(text: str, colour: str) -> str:
    """Coloured on a terminal, unchanged elsewhere or where NO_COLOR is set."""
    if not sys.stdout.isatty() or os.environ.get("NO_COLOR"):
        return text
    return f"\033[{_COLOURS[colour]}m{text}\033[0m"


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Left-aligned columns. A cell that begins with `!` is shown red, without the mark."""
    widths = [max(len(row[i].removeprefix("!")) for row in (head, *rows)) for i in range(len(head))]
    lines = [
        "  ".join(text.ljust(width) for text, width in zip(head, widths)).rstrip(),
        "  ".join("-" * width for width in widths),
    ]
    for row in rows:
        cells = []
        for text, width in zip(row, widths):
            cell = text.removeprefix("!").ljust(width)
            cells.append(paint(cell, "red") if text.startswith("!") else cell)
        lines.append("  ".join(cells).rstrip())
    return "\n".join(lines)


def say(text: str = "") -> None:
    print(text, flush=True)
