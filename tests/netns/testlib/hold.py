# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The ikelb authors
"""A scenario's lab is left up for a second terminal, until Enter or Ctrl-C."""

from __future__ import annotations

import signal
import sys

from lab import tour
from lab.terminal import say
from testlib.case import Case


def look_around(case: Case) -> list[str]:
    """Commands for the second terminal, as they have to be typed."""
    running = [balancer for balancer in case.balancers if balancer.is_running()]
    lines = [line for balancer in running for line in tour.of_balancer(balancer)]
    if case.built:
        lines += tour.of_farm(case.built)
    first, *others = sorted(case.lab.namespaces, key=lambda label: label != "lb")
    lines.append(
        f"ip netns exec {case.lab.prefix}{first} bash   # a shell in it; or: {' '.join(others)}"
    )
    logs = tour.logs(case.built, case.balancers) if case.built else ""
    return [*lines, *([logs] if logs else []), f"ls {case.lab.directory}   # all files of this run"]


def hold(case: Case, ended: str) -> None:
    """Returns at Enter or at a signal that ends a run; where there is nothing to read, at that
    alone."""
    try:
        say(ended)
        say("The lab is up until Enter or Ctrl-C. In a second terminal:")
        for line in look_around(case):
            say(f"  {line}")
        if not sys.stdin.readline():
            signal.pause()
    except SystemExit:
        pass  # that is what session.end_at_first_signal makes of a signal
    say("cleaning up")
