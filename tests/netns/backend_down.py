# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The ikelb authors
"""A server dies: ikelb sees it, its clients move, nobody else notices.

    c1..c6 ── [isp] ── wan0 [lb] lan0 ── [sw] ─┬─ X ─ s1   cable cut, charon killed
                                               ├───── s2
                                               └───── s3

Twin unwatched: no health check; then nobody may call the server down.
"""

from lab import outage
from lab.ping import Ping

TWINS = {"unwatched": "ikelbctl still says up"}


def run(case):
    farm = case.farm(server_count=2 if case.broken else 3, client_count=2 if case.broken else 6)
    config = farm.config()
    if case.broken == "unwatched":
        config["pools"][0]["health"] = "none"
    balancer = case.balancer(farm, config)
    case.tunnels(farm)
    homes, spis = case.homes(farm), case.spis(farm.clients)
    doomed, _ = outage.busiest(farm)
    innocent = [c for c in farm.clients if homes[c.name] != doomed.name]
    pings = {
        c.name: Ping(c.space, farm.server_at(f"10.20.0.{10 + int(homes[c.name][1:])}").inside)
        for c in innocent
    }
    seen = outage.happen(farm, balancer, timeout=4 if case.broken else 30)
    lost = {name: str(ping.stop()) for name, ping in pings.items()}
    case.check(not seen.faults(), "; ".join(seen.faults()))
    for name, counts in lost.items():
        received, sent = counts.split("/")
        case.equal(received, sent, f"pings of {name}, whose server lives")
    later = case.spis(innocent)
    case.equal(
        later, {c.name: spis[c.name] for c in innocent}, "SAs of the clients whose server lives"
    )
    case.check_pings(farm)
    case.check(
        seen.echoes_lost >= 3,
        f"called down after {seen.echoes_lost} unanswered echo requests, fall is 3",
    )
    back = max(after for _, after in seen.reconnected.values())
    case.note(
        f"down after {seen.detected:.1f} s, {len(seen.reconnected)} clients back after {back:.1f} s"
    )
    outage.mend(farm, balancer, seen.server)
    case.check_pings(farm, count=2)
