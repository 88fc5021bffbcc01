# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The ikelb authors
"""An interrupted deploy/quickstart takes its namespaces away."""

import os
import re
import signal
import subprocess

from lab.ikelbd import REPOSITORY, build_directory


def namespaces_of(output):
    """Those that still exist of the run that printed `output`."""
    prefix = re.search(r"namespaces (ikl[0-9a-f]{4}-)", output)[1]
    return sorted(name for name in os.listdir("/run/netns") if name.startswith(prefix))


def run(case):
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
    case.check(namespaces_of(output), "no namespaces to interrupt")
    child.send_signal(signal.SIGTERM)
    rest, _ = child.communicate(timeout=60)
    case.check(child.returncode != 0, f"an interrupted run ended with 0: {rest[-500:]}")
    case.equal(namespaces_of(output), [], "namespaces left after an interrupt")
