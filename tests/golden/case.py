# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The ikelb authors
"""Reads case descriptions. One is a text file of lines:

    # what it is about
    config FILE                    of configs/
    option ARGUMENT...             more arguments of ikelb-replay
    let NAME = EXPRESSION          a word for this case
    in  SECONDS PORT EXPRESSION    a frame that arrives
    out SECONDS PORT EXPRESSION    a frame that must leave; `kernel` for what is punted
    count VERDICT NUMBER           all verdicts that must be given

An expression is Scapy over vocabulary.py. It may go on in lines that start with a space. What
must leave is written down by hand, not recorded: Scapy computes its checksums, not ikelb."""

import dataclasses
import pathlib

import vocabulary

HERE = pathlib.Path(__file__).parent
EPOCH = 1_700_000_000  # the captures' time zero; any will do


@dataclasses.dataclass
class Frame:
    micros: int
    data: bytes


@dataclasses.dataclass
class Case:
    name: str
    config: str = ""
    options: list[str] = dataclasses.field(default_factory=list)
    arriving: dict[str, list[Frame]] = dataclasses.field(default_factory=dict)
    leaving: dict[str, list[Frame]] = dataclasses.field(default_factory=dict)
    counts: dict[str, int] = dataclasses.field(default_factory=dict)

    @property
    def folder(self):
        return HERE / "captures" / self.name


def joined_lines(text):
    lines = []
    for line in text.splitlines():
        if line.startswith(" ") and lines:
            lines[-1] += " " + line.strip()
        elif line.strip() and not line.startswith("#"):
            lines.append(line.strip())
    return lines


def read(path):
    case = Case(name=path.stem)
    words = dict(vars(vocabulary))
    for line in joined_lines(path.read_text(encoding="utf-8")):
        keyword, rest = line.split(maxsplit=1)
        if keyword == "config":
            case.config = rest
        elif keyword == "option":
            case.options += rest.split()
        elif keyword == "let":
            name, expression = rest.split("=", maxsplit=1)
            words[name.strip()] = eval(expression.strip(), words)
        elif keyword in ("in", "out"):
            seconds, port, expression = rest.split(maxsplit=2)
            frame = Frame(EPOCH * 1_000_000 + round(float(seconds) * 1_000_000),
                          bytes(eval(expression, words)))
            frames = case.arriving if keyword == "in" else case.leaving
            frames.setdefault("punted" if port == "kernel" else port, []).append(frame)
        elif keyword == "count":
            verdict, number = rest.split()
            case.counts[verdict] = int(number)
        else:
            raise ValueError(f"{path}: unknown keyword {keyword}")
    return case


def all_cases():
    return [read(path) for path in sorted((HERE / "cases").glob("*.txt"))]
