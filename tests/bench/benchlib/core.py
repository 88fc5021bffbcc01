# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The ikelb authors
"""What bench_core measures: the packet path by itself, fed from memory, in one process each."""

from __future__ import annotations

from typing import Callable

from .common import Plan, built, progress, run_json

LIMIT = 1800.0  # seconds, of one part
ALWAYS_WHOLE = ("environment", "memory")


def ask(part: str, plan: Plan) -> dict:
    """The JSON object of one of bench_core's commands."""
    quick = ["--quick"] if plan.is_quick and part not in ALWAYS_WHOLE else []
    return run_json([built("bench_core"), part, *quick], timeout=LIMIT, shows_progress=True)


def measure(part: str) -> Callable[[Plan], object]:
    """A function that runs this command and gives its result."""

    def run(plan: Plan):
        progress(f"{part}: bench_core {part}")
        found = ask(part, plan)
        # A list stands under its name; an object may stand there by itself.
        return found.get(part, found)

    return run
