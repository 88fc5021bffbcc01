# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The ikelb authors
"""What bench_core measures: the packet path by itself, fed from memory, in one process each."""

from __future__ import annotations

import json
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Callable

from lab.shell import LabError

from .common import Plan, built, huge_pages, installed, progress, run_json

LIMIT = 1800.0  # seconds, of one part
ALWAYS_WHOLE = ("environment", "lines", "memory")
PACKET_BUFFERS = 256  # MiB, at most; the tables' pages are the kernel's to give
REFERENCES = 1280  # MiB, of rte_hash with 16 M keys, which lies in EAL's memory
COUNTER = Path(__file__).resolve().parents[1] / "instructions.py"


def ask(part: str, plan: Plan, *words: str) -> dict:
    """The JSON object of one of bench_core's commands."""
    quick = ["--quick"] if plan.is_quick and part not in ALWAYS_WHOLE else []
    argv = [built("bench_core"), part, *quick, *words]
    return run_json(argv, timeout=LIMIT, shows_progress=True)


def measure(part: str) -> Callable[[Plan], object]:
    """A function that runs this command and gives its result."""

    def run(plan: Plan):
        progress(f"{part}: bench_core {part}")
        with huge_pages(PACKET_BUFFERS):
            found = ask(part, plan)
        # A list stands under its name; an object may stand there by itself.
        return found.get(part, found)

    return run


def unfiltered(found: dict) -> list[dict]:
    """The means of all pieces, those of a disturbed core too, of whatever ran in `pipeline`."""
    names = ("family", "direction", "flows", "burst", "frame", "stream", "headers")
    rows = [{"name": "ikelb", **{name: one[name] for name in names}, "of": one}
            for one in found["pipeline"]]  # fmt: skip
    rows += [{"name": one["name"], "flows": one["flows"], "of": one} for one in found["reference"]]
    return [{**row, "cycles_per_packet": row.pop("of")["unfiltered"]} for row in rows]


def pipeline(plan: Plan) -> dict:
    """With pages of 2 MiB; what matters most beside with pages of 4 KiB, if there is time."""
    progress("pipeline: bench_core pipeline")
    with huge_pages(PACKET_BUFFERS + REFERENCES):
        found = ask("pipeline", plan)
    found = {name: one for name, one in found.items() if name != "environment"}
    found["unfiltered"] = unfiltered(found)
    if plan.is_quick:
        return found
    progress("pipeline: the same with pages of 4 KiB")
    small = ("--pages", "small", "--family", "4", "--flows", "1024", "1048576", "16777216",
             "--burst", "32", "--frame", "64", "--stream", "esp", "--headers", "warm")  # fmt: skip
    found["pipeline"] += ask("pipeline", plan, *small)["pipeline"]
    return found


def flood(plan: Plan) -> dict:
    """`flood`, and `refused_init`: what a stranger's packet costs."""
    progress("flood: bench_core flood")
    with huge_pages(PACKET_BUFFERS):
        return ask("flood", plan)


def replies(plan: Plan) -> dict:
    """`quiet_replies`: to clients whose servers have been silent for a while."""
    progress("replies: bench_core replies")
    with huge_pages(PACKET_BUFFERS):
        return ask("replies", plan)


def instructions(_plan: Plan) -> dict:
    """Instructions for each packet, counted now by callgrind, and those on file."""
    installed("valgrind", "valgrind")
    progress("instructions: callgrind")
    numbers = json.loads(COUNTER.with_name("instructions.json").read_text("utf-8"))

    def count(case: str) -> float:
        done = subprocess.run(
            [str(COUNTER), built("bench_core"), case, "--count"],
            capture_output=True, text=True, timeout=LIMIT, check=False,
        )  # fmt: skip
        if done.returncode != 0:
            raise LabError(f"{COUNTER.name} {case}: {done.stderr[-1500:]}")
        return float(done.stdout)

    with ThreadPoolExecutor(2) as both:
        counted = dict(zip(numbers["per_packet"], both.map(count, numbers["per_packet"])))
    return {"instructions": {"per_packet": counted, "on_file": numbers["per_packet"],
                             "build_on_file": numbers["build"]}}  # fmt: skip
