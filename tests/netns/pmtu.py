# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The ikelb authors
"""Path MTU discovery works through ikelb in both families: too-big errors reach whom they concern.

    c1 (IPv4) ──┐                                 10.20.0.250
                ├─ acc [isp] ── wan0 [lb] lan0 ── near [hop] far ── eth1 s1 10.21.0.11
    c2 (IPv6) ──┘  ^ narrow                       fd00:20::fa ^ narrow      fd00:21::11

First the provider's access network is narrow: its router's errors are about what the server sends,
and are addressed to the VIP. Then the last link to the server is: that router's errors are about
what clients send, and come from behind ikelb. Twins clients, servers: the errors of that side are
dropped on their way; then nobody learns.
"""

import json
import subprocess

from lab import dualstack
from lab.netns import veth
from lab.ping import Ping
from lab.shell import wait_until

TWINS = {
    "clients": "path MTU that s1 knows towards 198.18.0.11",
    "servers": "path MTU that c1 knows towards 203.0.113.10",
}
NARROW, WIDE, LARGE = 1300, 1500, 1300  # LARGE: an echo's bytes, in the tunnel and out of it
HOP, HOP6 = "10.20.0.250", "fd00:20::fa"
SERVER, SERVER6 = "10.21.0.11", "fd00:21::11"
TOO_BIG = (
    "table ip lost {\n chain out {\n  type filter hook output priority filter\n"
    "  icmp type destination-unreachable icmp code frag-needed drop\n }\n}\n"
    "table ip6 lost {\n chain out {\n  type filter hook output priority filter\n"
    "  icmpv6 type packet-too-big drop\n }\n}\n"
)


def run(case):
    farm = case.farm(server_count=1, client_count=2, nat_clients=0, windows_clients=0)
    dualstack.equip(farm)
    hop = put_router_before_server(case, farm)
    case.balancer(farm, config(farm))
    farm.start_servers()
    farm.start_clients(farm.clients[:1])
    farm.start_clients(farm.clients[1:], vip=dualstack.VIP)
    case.equal(len(farm.connect()), 2, "tunnels")
    case.check_pings(farm)
    server, clients = farm.servers[0].space, farm.clients
    ends = {clients[0]: (clients[0].address, farm.vip)}
    ends[clients[1]] = (dualstack.client_address(clients[1]), dualstack.VIP)

    farm.isp.space.ip(f"link set acc mtu {NARROW}")
    if case.broken == "clients":
        farm.isp.space.nft(TOO_BIG)
    for client, (address, _) in ends.items():
        passes(case, client, server, address)
    farm.isp.space.ip(f"link set acc mtu {WIDE}")

    # s1's own end first: what it sends is never too large for the router.
    server.ip(f"link set eth1 mtu {NARROW}")
    hop.ip(f"link set far mtu {NARROW}")
    if case.broken == "servers":
        hop.nft(TOO_BIG)
    for client, (_, vip) in ends.items():
        passes(case, client, client.space, vip)


def put_router_before_server(case, farm):
    """s1's addresses of the farm move behind a router."""
    hop, server = case.lab.namespace("hop"), farm.servers[0].space
    dualstack.enable(hop, forward=True)
    hop.forward()
    farm.topology.plug("hop", hop, "near")
    veth(hop, "far", server, "eth1")
    hop.ip(
        f"address add {HOP}/24 dev near",
        f"address add {HOP6}/64 dev near nodad",
        "address add 10.21.0.1/24 dev far",
        "address add fd00:21::1/64 dev far nodad",
        "route add default via 10.20.0.1",
        f"route add default via {dualstack.GATEWAY}",
    )
    server.ip(
        "link set eth0 down",
        f"address add {SERVER}/24 dev eth1",
        f"address add {SERVER6}/64 dev eth1 nodad",
        "route replace default via 10.21.0.1",
        "route replace default via fd00:21::1",
    )
    return hop


def config(farm):
    made = dualstack.config(farm, farm.config())
    for pool, address in zip(made["pools"], (SERVER, SERVER6)):
        pool["backends"][0]["address"] = address
    made["routes"] += [
        {"to": "10.21.0.0/24", "via": HOP},
        {"to": "fd00:21::/64", "via": HOP6},
    ]
    return made


def path_mtu(space, address):
    """What the kernel there has learned about the path; None if nothing."""
    route = json.loads(space.run(["ip", "-json", "route", "get", address]).stdout)[0]
    return next((m["mtu"] for m in route.get("metrics", []) if "mtu" in m), None)


def passes(case, client, who, address):
    """Large packets through the client's tunnel get through, since `who` learns the path's MTU."""
    # The first is lost, as it has to be: it is what makes the router speak.
    ping = Ping(client.space, "192.168.70.1", interval=0.2, options=("-s", str(LARGE)))
    try:
        case.eventually(
            lambda: path_mtu(who, address) == NARROW,
            6,
            f"path MTU that {who.label} knows towards {address} is {NARROW}",
        )
    finally:
        ping.stop()
    large = Ping(client.space, "192.168.70.1", count=5, options=("-s", str(LARGE))).result()
    case.equal(str(large), "5/5", f"pings of {LARGE} bytes through the tunnel of {client.name}")
    transfer(case, client)


def transfer(case, client):
    """4 MB of TCP into the tunnel, each way; iperf3 ends while some of it is on its way."""
    server = case.lab.namespaces["s1"]
    for reverse in ([], ["-R"]):
        listener = server.popen(["iperf3", "-s", "-1"], stdout=subprocess.DEVNULL)
        try:
            wait_until(lambda: "5201" in server.run(["ss", "-Hltn"]).stdout, 10, "iperf3 -s")
            done = client.space.run(
                ["iperf3", "-c", "192.168.70.1", "-n", "4M", "-J", *reverse],
                check=False,
                timeout=30,
            )
            report = json.loads(done.stdout or "{}")
            case.check(
                "error" not in report and done.returncode == 0,
                f"TCP through the tunnel of {client.name}: {report.get('error', done.stderr)}",
            )
            received = report["end"]["sum_received"]["bytes"]
            case.check(received > 1 << 20, f"only {received} bytes of TCP through the tunnel")
        finally:
            listener.terminate()
            listener.wait()
