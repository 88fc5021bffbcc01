# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The ikelb authors
"""The scan over a tagged cable. The switch that tags is slow: a part of the ports stands for all.

    scanner [isp] ──10─┐
                       ├─ 802.1Q ── trunk0 [lb] mgmt0 ── admin
         s1, plain ──20┘

Twin open: as in scan.
"""

from lab.topology import VlanTrunk
from testlib.scan import Scan

TWINS = {
    "open": "open to the last port: VIP, backend, management host, own address on int, "
    "own address on lo, own address on mgmt0, plain host"
}


def run(case):
    scan = Scan(case, VlanTrunk, range(1, 1024))
    scan.run()
    case.note(f"{scan.sent} packets, all of them accounted for")
