# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The ikelb authors
"""Without traffic ikelbd sleeps; then no first packet is lost, and no reload is held up.

    crowd ── [isp] ── wan0 [lb] lan0 ──┬── s1
                      nothing to do    └── s2

CPU time of each thread over 5 s, against 5 % of a core. Twin busy: a worker that never sleeps.
"""

import os
import re
import time
from pathlib import Path

from lab.shell import holds_for
from testlib import crafted

ALONE = "CPU time is measured"
TWINS = {"busy": "of a core"}
SECONDS, LIMIT = 5.0, 0.05


def thread_times(pid):
    """{thread: (name, CPU seconds)}."""
    found = {}
    for entry in Path(f"/proc/{pid}/task").iterdir():
        head, _, tail = (entry / "stat").read_text("ascii", "replace").rpartition(")")
        fields = tail.split()
        found[entry.name] = (
            head.partition("(")[2],
            (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK"),
        )
    return found


def publish_timeouts(balancer):
    """Forwarding tables that a worker did not take up in time."""
    found = re.search(r"(?m)^ikelb_publish_timeouts_total (\S+)$", balancer.metrics())
    return float(found[1]) if found else None


def run(case):
    farm = case.farm(client_count=0)
    farm.crowd()
    config = farm.config(interval="5s")
    if case.broken == "busy":
        config["workers"] = {"idle": "poll"}
    balancer = case.balancer(farm, config)
    servers = crafted.responders(farm)
    before, begun = thread_times(balancer.process.pid), time.monotonic()
    time.sleep(SECONDS)  # the length of the measurement, not a wait for something
    after, seconds = thread_times(balancer.process.pid), time.monotonic() - begun
    shares = {
        f"{name}/{thread}": (used - before.get(thread, ("", 0.0))[1]) / seconds
        for thread, (name, used) in after.items()
    }
    worst = max(shares, key=shares.get)
    case.check(
        shares[worst] < LIMIT, f"thread {worst} uses {shares[worst]:.1%} of a core without traffic"
    )
    crowd = crafted.Crowd(farm.crowd(), crafted.addresses(20), farm.vip)
    lost = crowd.init(timeout=5, retry=60)  # each sends once
    case.check(not lost, f"{len(lost)} of 20 first packets after idling lost")
    begun = time.monotonic()
    balancer.control("reload")
    took = time.monotonic() - begun
    case.check(took < 3, f"a reload took {took:.1f} s")
    # The page is a second old at most, and a worker is late after 100 ms.
    case.check(
        holds_for(lambda: publish_timeouts(balancer) == 0, 2.5, interval=0.5),
        f"ikelb_publish_timeouts_total is {publish_timeouts(balancer)} after a reload",
    )
    case.note(
        f"all threads {sum(shares.values()):.1%} of a core, worst {worst} {shares[worst]:.1%}; "
        f"reload {took:.2f} s"
    )
    crowd.close()
    for server in servers:
        server.close()
