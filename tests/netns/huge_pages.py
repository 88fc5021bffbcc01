# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The ikelb authors
"""Huge pages are used when some are free; one log line says whether they are.

    c1 ── [isp] ── wan0 [lb] lan0 ── s1

The number of huge pages is the machine's: it is raised for the scenario and put back. Twin none: no
page is free when ikelbd starts.
"""

from pathlib import Path

ALONE = "the number of huge pages is the machine's"
TWINS = {"none": "memory: huge pages"}
PAGES = Path("/proc/sys/vm/nr_hugepages")
WANTED = 256  # of 2 MiB


def run(case):
    before = int(PAGES.read_text("ascii"))
    free = Path("/sys/kernel/mm/hugepages/hugepages-2048kB/free_hugepages")
    try:
        if case.broken != "none":
            PAGES.write_text(str(before + WANTED), "ascii")
        farm = case.farm(server_count=1, client_count=1, nat_clients=0, windows_clients=0)
        balancer = case.balancer(farm)
        said = "memory: huge pages" in balancer.log()
        case.check(said, "the log does not say memory: huge pages")
        case.check(balancer.query("status")["huge_pages"], "status says no huge pages")
        used = before + WANTED - int(free.read_text("ascii"))
        case.check(used > 0, "no huge page is in use")
        case.tunnels(farm)
        case.check_pings(farm)
        case.note(f"{used} pages of 2 MiB in use")
        balancer.stop()
    finally:
        PAGES.write_text(str(before), "ascii")
