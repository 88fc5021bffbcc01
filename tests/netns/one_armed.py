# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The ikelb authors
"""One interface for both sides: clients' packets come in and go out by the same cable.

    c1..c4 ── [isp] ──┐
                      ├─ sw (10.20.0.0/24) ── one0 [lb]
           s1, s2 ────┘

Twin gateway: the servers' default gateway is the ISP's router, as if ikelb were not in the way
back.
"""

from lab.topology import OneArmed
from lab.witness import Witness

FOR_CONTROL = True
TWINS = {"gateway": "no answer from the VIP came back"}


def run(case):
    farm = case.farm(topology=OneArmed, client_count=2 if case.broken else 4)
    case.balancer(farm)
    farm.start_servers()
    if case.broken == "gateway":
        for server in farm.servers:
            server.default_gateway("10.20.0.254")
    farm.start_clients()
    witness = Witness(farm)
    farm.connect(timeout=3 if case.broken else 20)
    rows = witness.rows()
    faults = [fault for row in rows for fault in row.faults()]
    case.check(not faults, "; ".join(faults))
    case.note(f"{len(rows)} clients")
