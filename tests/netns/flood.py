# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The ikelb authors
"""Floods of strangers neither end a tunnel nor keep a new client out, and cost no memory.

    c1..c3 (tunnels), c4 (later) ── [isp] ── wan0 [lb] lan0 ──┬── s1
    11.0.0.0/8, forged ───────────────┘                       └── s2

IKE_SA_INIT of random sources and SPIs (200,000; 1,200,000 with --long), first fragments of one
source, ESP with random SPIs, put on the provider's cable. Twin unlimited: no limit for requests
towards a server; nothing is dropped by that name.
"""

import re
from pathlib import Path

from lab.ping import Ping
from testlib import ikewire
from testlib.flood import Flooder, Kind

ALONE = "its rate takes two cores"
TWINS = {"unlimited": "backend_limited"}
RATE = 30_000  # frames a second: what two cores send, forward and answer without losing much
INITS, LONG_INITS, OTHERS, WARM_UP = 200_000, 1_200_000, 50_000, 10_000
GROWTH = 2048  # KB of ikelbd's memory that count as none

INIT = Kind(ikewire.init_request(bytes(8)), 500, random=(0, 8))
FRAGMENT = Kind(b"\xc0" + bytes(103), 4500, random=(1, 3), is_fragment=True, source="11.0.0.1")
ESP = Kind(b"\xc0" + bytes(103), 4500, random=(1, 7))


def resident(balancer):
    """KB of ikelbd's memory."""
    status = Path(f"/proc/{balancer.process.pid}/status").read_text("ascii", "replace")
    return int(re.search(r"VmRSS:\s+(\d+)", status)[1])


def run(case):
    farm = case.farm(client_count=0 if case.broken else 4, nat_clients=0)
    config = farm.config()
    if case.broken == "unlimited":
        config["abuse"] = {"requests_per_backend": "10000000/s burst 10000000"}
    balancer = case.balancer(farm, config)
    farm.isp.space.ip("route add blackhole 11.0.0.0/8")
    flooder = Flooder(farm.isp.space, "uplink", farm.lb.mac("ext"), farm.vip)
    established, later = farm.clients[:3], farm.clients[3:]
    if not case.broken:
        farm.start_servers()
        farm.start_clients()
        case.equal(farm.connect(established), established, "clients with a tunnel")
    flooder.send(INIT, WARM_UP, RATE)  # memory that any traffic would touch
    before, spis = resident(balancer), case.spis(established)
    floods(case, farm, balancer, flooder)
    flooder.close()
    check_tables(case, balancer)
    case.equal(case.spis(established), spis, "SAs after the floods")
    case.check_pings(farm, clients=established)
    case.equal(farm.connect(later), later, "a new client's tunnel")
    case.check_pings(farm, clients=later)
    growth = resident(balancer) - before
    case.check(growth < GROWTH, f"ikelbd grew by {growth} KB")
    case.note(f"{growth:+} KB")


def floods(case, farm, balancer, flooder):
    """Each flood has its tunnels pinged meanwhile, and its name among the drops."""
    inits = WARM_UP if case.broken else LONG_INITS if case.long else INITS
    for name, kind, count, drop in (
        ("IKE_SA_INIT", INIT, inits, "backend_limited"),
        ("fragments", FRAGMENT, OTHERS, "fragment_limited"),
        ("ESP", ESP, OTHERS, ""),
    ):
        before, pings = balancer.drops(), start_pings(case, farm)
        rate = flooder.send(kind, count, RATE)
        echoes = [ping.stop() for ping in pings]
        dropped = balancer.drops().get(drop, 0) - before.get(drop, 0)
        if drop:
            case.check(dropped > count / 3, f"{drop}: {dropped} of {count} datagrams")
        sent, received = sum(e.sent for e in echoes), sum(e.received for e in echoes)
        case.check(
            received >= 0.9 * sent, f"{received} of {sent} pings answered in the flood of {name}"
        )
        lost = f", {dropped // 1000}k {drop}" if drop else ""
        case.note(f"{count // 1000}k {name} at {rate / 1000:.0f}k/s{lost}, pings {received}/{sent}")


def start_pings(case, farm):
    homes, inside = case.homes(farm), {s.name: s.inside for s in farm.servers}
    return [
        Ping(client.space, inside[homes[client.name]], interval=0.05)
        for client in farm.clients
        if client.name in homes
    ]


def check_tables(case, balancer):
    """What strangers fill is bounded; what sessions fill, strangers do not."""
    tables = {t["name"]: t for t in balancer.query("status")["tables"]}
    crowded = [n for n, t in tables.items() if t["used"] > t["capacity"]]
    case.check(not crowded, f"tables over their capacity: {crowded}")
    case.note(", ".join(f"{n} {t['used']}/{t['capacity']}" for n, t in tables.items() if t["used"]))
