# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The ikelb authors
"""The commands that README, CONTRIBUTING and docs tell a reader to type, taken out of their text.

Each line of an indented block is one, or of a fenced block marked `sh`; a drawing is none. In the
text, `code` is one if it begins with a program and has arguments, or is an option `--break=HOW` or
`--driver=NAME`, told where the command has been told before.
"""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path
from typing import Iterator

ROOT = Path(__file__).resolve().parents[2]
# Beside what the machine at hand has: the tables of run.py must not depend on that.
PROGRAMS = {
    "ikelbd", "ikelbctl", "ikelb-replay", "bench_core", "bench_traffic",
    "dpdk-devbind.py", "echo", "ip", "journalctl", "modprobe", "sysctl", "systemctl",
}  # fmt: skip
SYSTEM = "/usr/sbin:/usr/bin:/sbin:/bin"
DRAWING = re.compile(r"[\u2500-\u257f]")


def documents() -> list[Path]:
    tops = [ROOT / "README.md", ROOT / "CONTRIBUTING.md"]
    return [*tops, *sorted((ROOT / "docs").rglob("*.md"))]


def _blocks(text: str) -> Iterator[tuple[int, list[str]]]:
    """Shell blocks: number of their first line, lines without indentation."""
    lines = text.splitlines()
    number = 0
    while number < len(lines):
        fence = re.match(r"```+\s*(\w*)", lines[number])
        begun = number + 1
        if fence:
            number += 1
            while number < len(lines) and not lines[number].startswith("```"):
                number += 1
            if fence[1] in ("sh", "bash", "shell", "console"):
                yield begun + 1, lines[begun:number]
        elif lines[number].startswith("    ") and (number == 0 or not lines[number - 1].strip()):
            while number < len(lines) and lines[number].startswith("    "):
                number += 1
            block = [line.removeprefix("    ") for line in lines[begun - 1 : number]]
            if not any(DRAWING.search(line) for line in block):
                yield begun, block
            continue
        number += 1


def _block_commands(text: str) -> Iterator[tuple[int, str]]:
    for begun, lines in _blocks(text):
        joined = ""
        for number, line in enumerate(lines, begun):
            joined += re.sub(r"(^|\s+)# .*$", "", line.removeprefix("$ "))
            if joined.endswith("\\"):
                joined = joined[:-1].rstrip() + " "
            elif joined.strip():
                yield number, re.sub(r"\s+", " ", joined.strip())
                joined = ""
            else:
                joined = ""


def _is_program(word: str) -> bool:
    if "/" in word:
        return (ROOT / word).is_file() and os.access(ROOT / word, os.X_OK)
    return word in PROGRAMS or shutil.which(word, path=SYSTEM) is not None


def _inline_commands(text: str) -> Iterator[tuple[int, str]]:
    in_fence = False
    prose = []
    for line in text.splitlines():
        in_fence ^= line.startswith("```")
        prose.append("" if in_fence or line.startswith(("    ", "```")) else line)
    # A span may go on in the next line.
    joined = "\n".join(prose)
    for match in re.finditer(r"`([^`]+)`", joined):
        code = re.sub(r"\s+", " ", match[1])
        word, _, arguments = code.partition(" ")
        if re.fullmatch(r"--(break|driver)=\w+", code) or arguments and _is_program(word):
            yield joined.count("\n", 0, match.start()) + 1, code


def commands() -> dict[str, list[str]]:
    """{command: where it is told}, in the order of the documents."""
    found: dict[str, list[str]] = {}
    for path in documents():
        text = path.read_text("utf-8")
        told = [*_block_commands(text), *_inline_commands(text)]
        for number, command in sorted(told):
            found.setdefault(command, []).append(f"{path.relative_to(ROOT)}:{number}")
    return found
