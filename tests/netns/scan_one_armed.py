# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The ikelb authors
"""The scan, with clients' and servers' side on one cable: what comes from the provider's router is
the clients'.

    scanner [isp] ──┐
                    ├── sw ── one0 [lb] mgmt0 ── admin
        s1, plain ──┘

Twin open: as in scan.
"""

from lab.topology import OneArmed
from testlib.scan import ALL_PORTS, Scan

ALONE = "its rate takes two cores"
TWINS = {
    "open": "open to the last port: VIP, backend, management host, own address on lo, "
    "own address on mgmt0, plain host"
}


def run(case):
    scan = Scan(case, OneArmed, ALL_PORTS)
    scan.run()
    case.note(f"{scan.sent} packets, all of them accounted for")
