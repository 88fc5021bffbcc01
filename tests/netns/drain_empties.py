# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The ikelb authors
"""A drained server is empty when its clients have ended their tunnels, and ikelbctl says so.

    c1..c6 ── [isp] ── wan0 [lb] lan0 ──┬── s1
                                        └── s2

Under `keep` a client comes back to the drained server from the same address and port: its old SA is
gone from the list, its new one is there. Under `refuse` some go elsewhere and some stay away: the
server's count and its list come to nothing, timeouts.delete_hint after the last delete.

Twin silent: clients go without a delete.
"""

TWINS = {"silent": "tunnels on the drained server"}
HINT = 5.0  # seconds


def tunnels(balancer, server):
    """What an operator sees of a server: the count, and the listed SAs."""
    rows = balancer.query("sessions", "--backend", server)["sessions"]
    spis = {row["spi_i"] for row in rows if row["state"] in ("established", "closing")}
    return balancer.backends()[server]["sas"], spis


def leave(case, clients):
    for client in clients:
        if case.broken == "silent":
            client.charon.kill()
        else:
            client.charon.terminate()


def come_back(case, farm, clients):
    if case.broken == "silent":
        farm.start_clients(clients)
    connected = farm.connect(clients)
    case.equal(len(connected), len(clients), "clients that are back")


def run(case):
    farm = case.farm(client_count=4 if case.broken else 6, nat_clients=1)
    balancer = case.balancer(farm, {**farm.config(), "timeouts": {"delete_hint": f"{HINT:g}s"}})
    case.tunnels(farm)
    case.check_pings(farm)
    homes = case.homes(farm)
    target = max(set(homes.values()), key=list(homes.values()).count)
    its = [c for c in farm.clients if homes[c.name] == target]
    case.check(len(its) >= 2, f"{len(its)} clients on {target}: no basis")

    def shown(count, spis):
        return lambda: tunnels(balancer, target) == (count, spis)

    def of(clients):
        return set(case.spis(clients).values())

    case.eventually(shown(len(its), of(its)), 10, "all tunnels are shown")
    if not case.broken:
        answer = balancer.query("drain", target)
        case.equal((answer["mode"], answer["sas"]), ("drain_keep", len(its)), "answer of the drain")
        leave(case, its)
        come_back(case, farm, its)
        case.equal({case.homes(farm)[c.name] for c in its}, {target}, "servers under keep")
        case.check_pings(farm, clients=its)
        case.eventually(
            shown(len(its), of(its)), HINT + 10, "the SAs before are gone, those after are there"
        )

    balancer.control("drain", target, "--mode", "refuse")
    leave(case, its)
    come_back(case, farm, its[:1])
    case.eventually(
        shown(0, set()), HINT + 10, f"no tunnels on the drained server, but {len(its)} before"
    )
    elsewhere = case.homes(farm)[its[0].name]
    case.check(elsewhere != target, "a client is back on the drained server")
    here = [c for c in farm.clients if c not in its[1:]]
    case.check_pings(farm, clients=here)
    case.eventually(
        lambda: sum(row["sas"] for row in balancer.backends().values()) == len(here),
        10,
        f"{len(here)} tunnels are counted elsewhere",
    )
    case.note(f"{len(its)} of {len(farm.clients)} clients were on the drained server")
