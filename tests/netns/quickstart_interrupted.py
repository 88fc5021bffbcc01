# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The ikelb authors
"""An interrupted deploy/quickstart takes its namespaces and files away, for the impatient too."""

import os
import re
import signal
import subprocess
import time

from lab.ikelbd import REPOSITORY, build_directory
from lab.session import BASE


def left_of(output):
    """Namespaces and records that still exist of the run that printed `output`."""
    prefix = re.search(r"namespaces (ikl[0-9a-f]{4}-)", output)[1]
    spaces = sorted(name for name in os.listdir("/run/netns") if name.startswith(prefix))
    return spaces + [str(path) for path in BASE.glob("*/lab.json") if prefix in path.read_text()]


def interrupted(case, interrupt, status):
    """Starts one, has it interrupted once its namespaces are there, and looks what is left."""
    child = subprocess.Popen(
        [str(REPOSITORY / "deploy" / "quickstart")],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
        env={**os.environ, "IKELB_BUILD": str(build_directory())},
    )
    output = ""
    while "namespaces ikl" not in output:
        line = child.stdout.readline()
        case.check(line, f"the quickstart ended early: {output}")
        output += line
    case.check(left_of(output), "no namespaces to interrupt")
    interrupt(child)
    rest, _ = child.communicate(timeout=60)
    case.equal(child.returncode, status, f"status of an interrupted run: {rest[-500:]}")
    case.equal(rest.count("cleaning up"), 1, f"lines that say so: {rest[-500:]}")
    case.equal(left_of(output), [], "left after an interrupt")


def press_again_and_again(child):
    """Ctrl-C reaches all that the terminal's foreground has."""
    for _ in range(8):
        if child.poll() is None:
            os.killpg(child.pid, signal.SIGINT)
        time.sleep(0.25)


def run(case):
    interrupted(case, lambda child: child.send_signal(signal.SIGTERM), 143)
    interrupted(case, press_again_and_again, 130)
