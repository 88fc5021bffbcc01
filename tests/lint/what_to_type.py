#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The ikelb authors
"""Where something is missing or misspelt, the scripts say in one line what to type."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SCENARIOS = ROOT / "tests/netns/run.py"
FUZZERS = ROOT / "tests/fuzz/run.py"
QUICKSTART = ROOT / "deploy/quickstart"
TOPOLOGY = "from lab.topology import named; named('three-armed')"


def faults(*command, **environment: str) -> str:
    """What is wrong with how the command fails; the line itself where nothing is."""
    done = subprocess.run(
        command, env={**os.environ, **environment}, stdin=subprocess.DEVNULL, capture_output=True,
        text=True, check=False,
    )  # fmt: skip
    lines = (done.stdout + done.stderr).splitlines()
    return lines[0] if len(lines) == 1 and done.returncode == 2 else f"no one line: {done}"


def left_early(*command) -> str:
    """What the command says when its reader goes after one line, as `head` does."""
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as child:
        child.stdout.readline()
        child.stdout.close()
        return child.stderr.read().decode()


def last_line(*command) -> str:
    """The end of what a failing command says."""
    done = subprocess.run(command, cwd=ROOT / "deploy", capture_output=True, text=True)
    return (done.stderr.splitlines() or ["nothing"])[-1]


def main() -> int:
    with tempfile.TemporaryDirectory() as empty:
        said = {
            f"ninja -C {empty} scenarios": faults(SCENARIOS, "drain", IKELB_BUILD=empty),
            "tests/run build-clang": faults(FUZZERS, "--build", empty, "--logs", empty, "pipeline"),
        }
    said |= {
        "no such option: --kep; nearest: --keep;": faults(QUICKSTART, "--kep"),
        "nearest: --driver=af_packet --driver=af_xdp;": faults(QUICKSTART, "--drivr=af_xdp"),
        "no such option: --keep --down;": faults(QUICKSTART, "--keep --down"),
        "three-armed; there are two-armed, one-armed, vlan": last_line(
            sys.executable, "-Bc", TOPOLOGY
        ),
    }
    wrong = [f"{line}\n  lacks: {text}" for text, line in said.items() if text not in line]
    wrong += filter(None, [left_early(SCENARIOS, "--list")])
    print("\n".join(wrong) or f"{len(said) + 1} ways to go wrong")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
