# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The ikelb authors
"""No client is ever split: its 500, its 4500 and its ESP meet on one server.

    c1..c12 (strongSwan) ──┐
    200 crafted clients ───┴─ [isp] ── wan0 [lb] lan0 ──┬── s1
      198.19.0.0/16                                     ├── s2
                                                        └── s3

Crafted clients and servers come first, on the same farm; then real ones. Twin float: crafted
clients send their IKE_AUTH from another address than their IKE_SA_INIT, under an SA that no server
opened; some must look split.
"""

from lab.ping import through_tunnels
from testlib import crafted

FOR_CONTROL = True
TWINS = {"float": "split"}
CROWD = 200


def run(case):
    farm = case.farm(server_count=3, client_count=0 if case.broken else 12, nat_clients=0)
    case.balancer(farm)
    crafted_clients(case, farm)
    if not case.broken:
        real_clients(case, farm)


def crafted_clients(case, farm):
    servers = crafted.responders(farm)
    crowd = crafted.Crowd(farm.crowd(), crafted.addresses(CROWD), farm.vip)
    silent = crowd.init()
    case.check(not silent, f"{len(silent)} of {CROWD} clients got no answer on 500")
    shifted = {}
    if case.broken == "float":
        for client, other in zip(crowd.clients, crowd.clients[1:]):
            shifted[other.address] = client.address
    silent = crowd.auth()
    case.check(not silent, f"{len(silent)} of {CROWD} clients got no answer on 4500")
    for sequence in (1, 2):
        silent = crowd.esp(sequence)
        case.check(not silent, f"{len(silent)} of {CROWD} clients got no answer to ESP {sequence}")
    at: dict[str, set[str]] = {}
    for server in servers:
        for datagram in server.seen:
            owner = (
                datagram.source
                if datagram.local_port == 500
                else shifted.get(datagram.source, datagram.source)
            )
            at.setdefault(owner, set()).add(datagram.server)
            case.equal(
                datagram.source_port, datagram.local_port, f"source port of {datagram.source}"
            )
    split = {client: sorted(names) for client, names in at.items() if len(names) > 1}
    case.check(
        not split,
        f"{len(split)} of {CROWD} clients split between servers, e.g. {list(split.items())[:1]}",
    )
    case.equal(len(at), CROWD, "clients seen")
    strangers = {client.address for client in crowd.clients if client.from_others}
    case.check(not strangers, f"answers not from the VIP came to {sorted(strangers)[:3]}")
    share = {s.name: sum(s.name in names for names in at.values()) for s in farm.servers}
    case.check(min(share.values()) > CROWD / 10, f"a server is left out: {share}")
    case.note(f"crafted {share}")
    crowd.close()
    for server in servers:
        server.close()


def real_clients(case, farm):
    case.tunnels(farm)
    answers = through_tunnels(farm.clients, farm.servers, 2)
    homes = case.homes(farm)
    for client, by_server in answers.items():
        answering = {server for server, echoes in by_server.items() if echoes.all}
        case.equal(
            answering, {homes.get(client)}, f"servers that answer {client} through its tunnel"
        )
    for client in farm.clients:
        ports = {
            (s.name, seen.destination_port)
            for s in farm.servers
            for seen in s.charon.log.received()
            if seen.source == client.outside and seen.exchange in ("IKE_SA_INIT", "IKE_AUTH")
        }
        case.equal(
            ports,
            {(homes[client.name], 500), (homes[client.name], 4500)},
            f"where {client.name} came to",
        )
    case.note(f"{len(homes)} strongSwan clients")
