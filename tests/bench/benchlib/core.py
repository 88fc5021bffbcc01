# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The ikelb authors
"""What bench_core measures: the packet path by itself, fed from memory, in one process each."""

from __future__ import annotations

from typing import Callable

from .common import Plan, built, huge_pages, progress, run_json

LIMIT = 1800.0  # seconds, of one part
ALWAYS_WHOLE = ("environment", "lines", "memory")
PACKET_BUFFERS = 256  # MiB, at most; the tables' pages are the kernel's to give


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


def pipeline(plan: Plan) -> list[dict]:
    """With pages of 2 MiB; what matters most beside with pages of 4 KiB, if there is time."""
    progress("pipeline: bench_core pipeline")
    with huge_pages(PACKET_BUFFERS):
        found = ask("pipeline", plan)["pipeline"]
    if plan.is_quick:
        return found
    progress("pipeline: the same with pages of 4 KiB")
    small = ("--pages", "small", "--family", "4", "--flows", "1024", "1048576", "16777216",
             "--burst", "32", "--frame", "64", "--stream", "esp", "--headers", "warm")  # fmt: skip
    return found + ask("pipeline", plan, *small)["pipeline"]
