# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The ikelb authors
"""deploy/quickstart is green as it is and red for each way of breaking it; nothing stays behind.

Runs the command itself with this build. The faults are built into the farm, never into ikelb.
"""

import os
import re
import signal
import subprocess

from lab.ikelbd import REPOSITORY, build_directory

# What the verdict must name for each fault.
EXPECTED = {
    "stopped": "no server saw one of them",
    "gateway": "no answer from the VIP came back",
    "dnat": "no server saw one of them",
    "snat": "saw 198.51.100.254:",
}


def start(*arguments):
    return subprocess.Popen(
        [str(REPOSITORY / "deploy" / "quickstart"), *arguments],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
        env={**os.environ, "IKELB_BUILD": str(build_directory())},
    )


def namespaces_of(output):
    """Those that still exist of the run that printed `output`."""
    prefix = re.search(r"namespaces (ikl[0-9a-f]{4}-)", output)[1]
    return sorted(name for name in os.listdir("/run/netns") if name.startswith(prefix))


def run(case):
    plain = start("--keep")
    output, _ = plain.communicate(timeout=120)
    verdict = output.strip().splitlines()[-1]
    case.check(
        plain.returncode == 0 and verdict.startswith("PASS"),
        f"plain: status {plain.returncode}: {output[-2000:]}",
    )
    case.check("\033" not in output, "colours although the output is no terminal")
    case.check(namespaces_of(output), "--keep left nothing up")
    start("--down").communicate(timeout=60)
    case.equal(namespaces_of(output), [], "namespaces left after --down")
    case.note(verdict)
    for fault, text in EXPECTED.items():
        broken = start(f"--break={fault}")
        output, _ = broken.communicate(timeout=120)
        verdict = output.strip().splitlines()[-1]
        case.equal(broken.returncode, 1, f"status of --break={fault}")
        case.check(verdict.startswith("FAIL") and text in verdict, f"--break={fault}: {verdict}")
        case.equal(namespaces_of(output), [], f"namespaces left after --break={fault}")
    interrupted(case)


def interrupted(case):
    """Ended by a signal once its namespaces are up, it takes them away."""
    child = start()
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
