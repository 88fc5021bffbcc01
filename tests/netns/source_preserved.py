# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The ikelb authors
"""Each server sees each client's own source address and port, on 500 and on 4500.

    c1..c6 ─── [isp] ── wan0 [lb] lan0 ──┬── s1
    c7,c8 ─ [nat] ─┘ ^                   └── s2
                     real sources are captured here, what the servers saw is read from their logs

Twin snat: the ISP's router translates sources; the comparison must see it.
"""

from lab.witness import Witness

FOR_CONTROL = True
TWINS = {"snat": "saw 198.51.100.254:"}


def run(case):
    farm = case.farm(client_count=3 if case.broken else 8, nat_clients=1 if case.broken else 2)
    if case.broken == "snat":
        farm.isp.space.nft(
            "table ip wrong {\n chain out {\n  type nat hook postrouting priority srcnat\n"
            '  oifname "uplink" masquerade\n }\n}\n'
        )
    case.balancer(farm)
    witness = Witness(farm)
    case.tunnels(farm)
    rows = witness.rows()
    faults = [fault for row in rows for fault in row.faults()]
    case.check(not faults, "; ".join(faults))
    natted = [row for row in rows if row.client.behind_nat]
    case.check(
        all(not row.auth.real.endswith(":4500") for row in natted),
        "the NAT kept a source port: this run proves nothing about changed ports",
    )
    case.note(f"{len(rows)} clients, {len(natted)} behind a NAT")
