# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The ikelb authors
"""IPv6 beside the IPv4 of a farm.

    c1 .. cN ── acc [isp] uplink ── wan0 [lb] lan0 ── sw ── s1 .. sN
    2001:db8:18::/64      2001:db8:51::/64        fd00:20::/64

The VIP is 2001:db8:203::10, ::fe the balancer's upstream gateway, fd00:20::1 the servers' default
gateway; with one arm the upstream gateway is fd00:20::fe. Hosts have the last number of their IPv4
address, so s1 is fd00:20::11 and c1 2001:db8:18::11. Inside, tunnels stay IPv4.
"""

from __future__ import annotations

from copy import deepcopy

from .farm import Client, Farm, Server
from .netns import Namespace
from .shell import LabError
from .topology import FARM

VIP = "2001:db8:203::10"
GATEWAY = FARM.own6
OWN, ISP = "2001:db8:51::1", "2001:db8:51::fe"  # on the uplink
CLIENT_NET, CLIENT_GATEWAY = "2001:db8:18::/64", "2001:db8:18::1"
SERVICE, POOL = "aovpn-v6", "rras-v6"


def enable(space: Namespace, *, forward: bool = False) -> None:
    """IPv6 on all devices of a namespace, a router's if it is to `forward`."""
    space.sysctl(
        {
            f"net/ipv6/conf/{which}/{key}": value
            for which in ("all", "default")
            for key, value in (("accept_ra", 0), ("disable_ipv6", 0))
        }
    )
    if forward:
        space.sysctl({"net/ipv6/conf/all/forwarding": 1})


def client_address(client: Client) -> str:
    return "2001:db8:18::" + client.address.rpartition(".")[2]


def server_address(server: Server) -> str:
    return f"{FARM.v6}::" + server.address.rpartition(".")[2]


def backend_name(server: Server) -> str:
    return f"{server.name}-v6"


def attach(space: Namespace, address: str) -> None:
    """An address on the ISP's access network, for a namespace that has been attached to it."""
    enable(space)
    space.ip(
        f"address add {address}/64 dev eth0 nodad",
        f"route add default via {CLIENT_GATEWAY}",
    )


def equip(farm: Farm) -> None:
    """Gives the farm's present namespaces IPv6. Before the balancer starts."""
    if farm.isp_count != 1 or (farm.client_count and farm.nat_clients):
        raise LabError("IPv6 is made for one provider and clients without NAT")
    enable(farm.lb)
    enable(farm.isp.space, forward=True)
    net = farm.topology.net(farm.isp)
    farm.isp.space.ip(
        f"address add {CLIENT_GATEWAY}/64 dev acc nodad",
        f"address add {net.router6}/64 dev uplink nodad",
        f"route add {VIP}/128 via {net.own6}",
        *(f"route add {far.prefix6} via {net.own6}" for far in farm.topology.behind),
    )
    for client in farm.clients:
        attach(client.space, client_address(client))
    for server in farm.servers:
        enable(server.space)
        server.space.ip(
            f"address add {server_address(server)}/64 dev eth0 nodad",
            f"route add default via {GATEWAY}",
        )


def config(farm: Farm, base: dict, *, together: bool = False) -> dict:
    """ikelb's configuration of the farm, with an IPv6 service beside those of `base`: with a pool
    of its own, in which each server is a second backend, or `together` with the first's pool."""
    addresses = {i.name: f"{i.net.own6}/64" for i in farm.topology.seat.interfaces}
    gateway = farm.topology.net(farm.isp).router6
    pool, service = deepcopy((base["pools"][0], base["services"][0]))  # YAML would show aliases
    if together:
        for backend, server in zip(pool["backends"], farm.servers):
            backend["address6"] = server_address(server)
        pools = [pool, *base["pools"][1:]]
    else:
        backends = [{"name": backend_name(s), "address": server_address(s)} for s in farm.servers]
        pool |= {"name": POOL, "backends": backends}
        pools = [*base["pools"], pool]
    return {
        **base,
        "interfaces": [
            {**i, "addresses": [*i["addresses"], addresses[i["name"]]]} for i in base["interfaces"]
        ],
        "routes": [*base["routes"], {"to": "::/0", "via": gateway}],
        "inside_prefixes": [*base["inside_prefixes"], "fd00::/8"],
        "pools": pools,
        "services": [
            *base["services"],
            {**service, "name": SERVICE, "vip": VIP, "pool": pool["name"]},
        ],
    }
