# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The ikelb authors
"""`run.py SCENARIO --hold` keeps the lab up for a second terminal, and takes it away at the end.

    run.py two_workers --hold ── "up until Enter or Ctrl-C" ── what it says to type, typed here

Its end is Enter, Ctrl-C or a terminal that closes, whether the scenario has passed or, as with an
ikelbd that does not start, failed.
"""

import contextlib
import os
import re
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

from lab.ikelbd import build_directory
from lab.session import BASE

RUNNER = Path(__file__).resolve().parent / "run.py"
SCENARIO = "direct_to_backend"


def run(case):
    with held(case, "passed") as (child, lines):
        control = next(line for line in lines if "ikelbctl" in line)
        case.check("aovpn" in typed(case, control), f"no service: {control}")
        shell = next(line for line in lines if " bash " in line)
        case.check("10.20.0.1/24" in typed(case, shell, "ip -br address"), f"no address: {shell}")
        case.check(left_of(lines), "no namespaces while it holds")
        child.stdin.write("\n")
        ended(case, child, lines, 0)
    with held(case, "passed") as (child, lines):
        child.send_signal(signal.SIGINT)
        ended(case, child, lines, 0)
    with held(case, "passed") as (child, lines):
        child.send_signal(signal.SIGHUP)
        ended(case, child, lines, 0)
    with tempfile.TemporaryDirectory() as folder:
        broken = build_without_ikelbd(Path(folder))
        with held(case, "failed: LabError: ikelbd ended with 1", build=broken) as (child, lines):
            case.check("controlplane/ikelbd" not in " ".join(lines), "commands for an ikelbd")
            child.stdin.write("\n")
            ended(case, child, lines, 1)


def build_without_ikelbd(folder):
    """A build directory whose ikelbd ends at once, with status 1."""
    for path in build_directory().glob("tests/netns/*.so"):
        link(folder, path)
    link(folder, build_directory() / "controlplane/ctl/ikelbctl")
    (folder / "controlplane/ikelbd").symlink_to("/usr/bin/false")
    return folder


def link(folder, path):
    there = folder / path.relative_to(build_directory())
    there.parent.mkdir(parents=True, exist_ok=True)
    there.symlink_to(path)


@contextlib.contextmanager
def held(case, beginning, build=None):
    """A run that holds, and the commands that it says."""
    child = subprocess.Popen(
        [sys.executable, "-B", RUNNER, SCENARIO, "--hold", "--logs", case.lab.path("logs", "x")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**os.environ, "IKELB_BUILD": str(build or build_directory())},
    )
    try:
        lines, text = [], ""
        while not lines or not lines[-1].startswith("ls "):
            line = child.stdout.readline()
            case.check(line, f"it ended before it held: {text}")
            text += line
            if line.startswith("  ") and "second terminal" in text:
                lines.append(line.strip())
        case.check(f"\n{beginning}" in f"\n{text}", f"not `{beginning}`: {text}")
        yield child, lines
    finally:
        if child.poll() is None:
            child.terminate()
        child.communicate(timeout=60)


def typed(case, line, standard_input=""):
    """What the command prints, in a shell as of a second terminal."""
    done = subprocess.run(
        ["bash", "-c", line], input=standard_input, capture_output=True, text=True, timeout=30
    )
    case.equal(done.returncode, 0, f"status of {line}: {done.stderr}")
    return done.stdout


def left_of(lines):
    """Namespaces and files of the run that still exist."""
    prefix = re.search(r"ip netns exec (ikl[0-9a-f]{4}-)", " ".join(lines))[1]
    spaces = sorted(name for name in os.listdir("/run/netns") if name.startswith(prefix))
    return spaces + [str(path) for path in BASE.glob("*/lab.json") if prefix in path.read_text()]


def ended(case, child, lines, status):
    rest, _ = child.communicate(timeout=60)
    case.equal(child.returncode, status, f"status of a run that held: {rest[-500:]}")
    case.equal(left_of(lines), [], "left after it")
