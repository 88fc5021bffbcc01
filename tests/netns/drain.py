# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The ikelb authors
"""Two drains: `keep` serves returning clients, `refuse` sends them away; tunnels live through both.

    c1..c6 ────────┐
    crafted crowd ─┴─ [isp] ── wan0 [lb] lan0 ──┬── s1   drained
                                                └── s2

Crafted clients show the rule on many addresses, real ones that tunnels stay. Twin undrained: s1 is
not drained.
"""

from testlib import crafted

TWINS = {"undrained": "new clients on the drained server"}
CROWD = 40


def new_clients(case, crowd, clients, servers):
    """Opens an SA for each and returns {address: server of this SA}."""
    for client in clients:
        client.restart()
    case.check(not crowd.init(clients), "a crafted client got no answer on 500")
    case.check(not crowd.auth(clients), "a crafted client got no answer on 4500")
    at = crafted.servers_of(servers, spis={c.spi_i for c in clients})
    for address, names in at.items():
        case.equal(len(names), 1, f"servers of {address}")
    by_name = {server.server.name: server for server in servers}
    owners = {c.esp_spi: by_name[next(iter(at[c.address]))] for c in clients}
    for server in servers:
        server.owners.update(owners)
    return {address: next(iter(names)) for address, names in at.items()}


def run(case):
    farm = case.farm(client_count=0 if case.broken else 4, nat_clients=0)
    balancer = case.balancer(farm)
    servers = crafted.responders(farm)
    crowd = crafted.Crowd(farm.crowd(), crafted.addresses(3 * CROWD), farm.vip)
    old, second, third = (crowd.clients[n * CROWD : (n + 1) * CROWD] for n in range(3))
    before = new_clients(case, crowd, old, servers)
    on_s1 = [c for c in old if before[c.address] == "s1"]
    case.check(0 < len(on_s1) < CROWD, f"{len(on_s1)} of {CROWD} clients on s1: no basis")

    if not case.broken:
        balancer.control("drain", "s1", "--mode", "keep")
        case.equal(balancer.backends()["s1"]["mode"], "drain_keep", "mode of s1")
    fresh = new_clients(case, crowd, second, servers)
    case.equal(sum(s == "s1" for s in fresh.values()), 0, "new clients on the drained server")
    case.check(not crowd.esp(10, on_s1), "an old SA on the drained server got no answer")
    case.equal(new_clients(case, crowd, old, servers), before, "returning clients under keep")

    balancer.control("drain", "s1", "--mode", "refuse")
    case.equal(balancer.backends()["s1"]["mode"], "drain_refuse", "mode of s1")
    case.check(not crowd.esp(20, on_s1), "an old SA on the drained server got no answer")
    case.check(
        "s1" in set(crafted.servers_of(servers).get(on_s1[0].address, ())), "the old SA moved"
    )
    moved = new_clients(case, crowd, on_s1, servers)
    case.equal(set(moved.values()), {"s2"}, "servers of returning clients under refuse")

    balancer.control("enable", "s1")
    case.equal(balancer.backends()["s1"]["mode"], "enabled", "mode of s1")
    back = new_clients(case, crowd, third, servers)
    case.check(0 < sum(s == "s1" for s in back.values()) < CROWD, f"after enable: {back}")
    case.note(f"{len(on_s1)} crafted clients on s1 kept, then moved")
    crowd.close()
    for server in servers:
        server.close()
    tunnels_stay(case, farm, balancer)


def tunnels_stay(case, farm, balancer):
    case.tunnels(farm)
    homes, spis = case.homes(farm), case.spis(farm.clients)
    target = homes[farm.clients[0].name]
    for mode in ("keep", "refuse"):
        balancer.control("drain", target, "--mode", mode)
        case.check_pings(farm)
        case.equal(
            (case.homes(farm), case.spis(farm.clients)), (homes, spis), f"tunnels under {mode}"
        )
    leaving = [c for c in farm.clients if homes[c.name] == target]
    for client in leaving:
        client.charon.terminate()
    case.check(
        len(farm.connect(leaving)) == len(leaving), "a client of the drained server can't reconnect"
    )
    case.equal(
        {case.homes(farm)[c.name] for c in leaving} & {target}, set(), f"clients back on {target}"
    )
    case.check_pings(farm)
