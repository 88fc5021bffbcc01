# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The ikelb authors
"""A stranger finds the VIP's two ports and its ping, and nothing else of ikelb or behind it.

    scanner [isp] ── wan0 [lb] lan0 ──┬── s1, plain host      every one of their ports answers
                           │          └── inner               a scanner on the servers' side
                           └ mgmt0 ── admin

Every TCP and UDP port of every address, all other protocols and types of ICMP, fragments, source
routes, sources of the servers' side, in both families. The ingress address shows what the host's
own nftables rules let through. Twin open: with transit, host ports and own services opened, the
same scan finds every port.
"""

from lab.topology import TwoArmed
from testlib.scan import ALL_PORTS, Scan

ALONE = "its rate takes two cores"
TWINS = {
    "open": "open to the last port: VIP, backend, management host, own address on int, "
    "own address on lo, own address on mgmt0, plain host"
}


def run(case):
    scan = Scan(case, TwoArmed, ALL_PORTS)
    scan.run()
    case.note(f"{scan.sent} packets, all of them accounted for")
