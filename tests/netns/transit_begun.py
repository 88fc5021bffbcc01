# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The ikelb authors
"""What the servers' side begins is answered: its web, DNS, pings, traceroute, GRE, path MTUs, and
what it sends on for its clients. What only looks like an answer is not let in.

    c1 ══ tunnel ══════════════════════════════╗
    [out] 198.18.0.240 ── acc [isp] ── wan0 [lb] lan0 ──┬── s1
      narrow: 1,300          ^ of path MTU              └── s2

c1 reaches the outside host through its tunnel: s1 routes that out by ikelb, with c1's inner
address. Twin gateway: the servers have another default gateway. Twin open: `transit: open` lets in
whatever looks like an answer, and must be caught.
"""

import json
import os
import select
import socket
import struct

from lab import dualstack
from lab.peers import FORCED, Habits
from lab.ping import Ping
from testlib import crafted
from testlib.talk import Tcp, Udp, arrives

TWINS = {"gateway": "TCP 80", "open": "a stranger's datagram came in"}
OUTSIDE, OUTSIDE6 = "198.18.0.240", "2001:db8:18::f0"
SECOND = "198.18.0.241"  # another address of the outside host
GRE = 47
NARROW, WIDE = 1300, 1500
_RECVERR = {4: (socket.IPPROTO_IP, 11, socket.IP_TTL), 6: (socket.IPPROTO_IPV6, 25, 16)}
_MSG_ERRQUEUE = 0x2000


def run(case):
    farm = case.farm(client_count=0 if case.broken else 1, nat_clients=0, windows_clients=0)
    dualstack.equip(farm)
    outside = farm.outside_host()
    dualstack.attach(outside, OUTSIDE6)
    outside.ip(f"address add {SECOND}/16 dev eth0")
    config = dualstack.config(farm, farm.config(servers=farm.servers[:1]))
    config["routes"] += [{"to": "10.99.1.0/24", "via": farm.servers[0].address}]
    if case.broken == "open":
        config["transit"] = "open"
    case.balancer(farm, config)
    if case.broken == "gateway":
        for server in farm.servers:
            server.default_gateway("10.20.0.250")
    first = farm.servers[0]
    for own, other in (
        (first.address, OUTSIDE),
        (dualstack.server_address(first), OUTSIDE6),
    ):
        conversations(case, (first.space, own), (outside, other))
        traceroute(case, farm, first.space, other)
        path_mtu(case, farm, first.space, other)
    without_ports(case, farm, outside)
    if not case.broken:
        force_tunnelled(case, farm, outside)


def conversations(case, server, outside):
    """TCP, UDP small and in fragments, ping; and neighbours of each."""
    try:
        web = Tcp(server, (*outside, 80))
    except OSError as error:
        raise case.failed(f"TCP 80 of {outside[1]}: {error}") from error
    case.check(web.says(0) and web.says(1), f"TCP 80 of {outside[1]}: no data")
    web.close()
    for port, size in ((53, 60), (1812, 3000)):
        talk = Udp((*server, 0), (*outside, port))
        case.check(talk.goes_both_ways(size=size), f"UDP {port} of {outside[1]}: no answer")
        strangers(case, talk, outside, port, size)
        talk.close()
    pings = Ping(server[0], outside[1], count=3).result()
    case.equal(str(pings), "3/3", f"pings of {outside[1]} by s1")


def strangers(case, talk, outside, port, size):
    """From a port next to the one asked, and to one next to that which asked."""
    asker = talk.places[0]
    beside = (asker[0], asker[1] + 1)
    space = case.lab.namespaces["s1"]
    sources = [(outside[1], port + 1, asker), (outside[1], port, beside)]
    if ":" not in outside[1]:
        sources.append((SECOND, port, asker))
    with crafted.udp_socket(space, *beside) as listener:
        for address, own_port, target in sources:
            end = listener if target == beside else talk.ends[0]
            with crafted.udp_socket(outside[0], address, own_port) as one:
                data = os.urandom(size)
                one.sendto(data, target)
                case.check(
                    not arrives(end, data, 0.3),
                    f"a stranger's datagram came in: {address}:{own_port} to {target}",
                )


def hop(case, space, target, ttl):
    """The router whose ICMP error a datagram with this TTL brings, asked for three times."""
    is_v6 = ":" in target
    level, recverr, ttl_option = _RECVERR[6 if is_v6 else 4]
    with space.socket(socket.AF_INET6 if is_v6 else socket.AF_INET, socket.SOCK_DGRAM) as one:
        one.setsockopt(level, recverr, 1)
        one.setsockopt(level, ttl_option, ttl)
        for attempt in range(3):
            try:
                one.sendto(b"where", (target, 33434 + ttl))
            except OSError:  # the error to an earlier one
                pass
            if found := offender(one, is_v6):
                return found
    raise case.failed(f"traceroute to {target}: nothing from hop {ttl}")


def offender(one, is_v6):
    """Who sent the ICMP error that the socket has been told of; empty if nobody did."""
    poll = select.poll()
    poll.register(one, 0)  # errors are always reported
    if not poll.poll(1000):
        return ""
    _, ancillary, _, _ = one.recvmsg(512, 512, _MSG_ERRQUEUE)
    for _, _, data in ancillary:
        if is_v6 and len(data) >= 44:
            return socket.inet_ntop(socket.AF_INET6, data[24:40])
        if not is_v6 and len(data) >= 32:
            return socket.inet_ntoa(data[20:24])
    return ""


def traceroute(case, farm, space, target):
    """ikelb itself, then the provider's router and the host, whose errors come from outside."""
    is_v6 = ":" in target
    ends = (
        (dualstack.GATEWAY, dualstack.ISP, OUTSIDE6)
        if is_v6
        else ("10.20.0.1", farm.isp.uplink.router, OUTSIDE)
    )
    found = tuple(hop(case, space, target, ttl) for ttl in (1, 2, 3))
    case.equal(found, ends, f"traceroute to {target}")


def path_mtu(case, farm, space, target):
    """The provider's narrow network tells the server that its packets are too big."""
    farm.isp.space.ip(f"link set acc mtu {NARROW}")
    options = ("-s", "1400", "-M", "do")
    Ping(space, target, count=2, options=options).result()
    route = json.loads(space.run(["ip", "-json", "route", "get", target]).stdout)[0]
    found = next((m["mtu"] for m in route.get("metrics", []) if "mtu" in m), None)
    farm.isp.space.ip(f"link set acc mtu {WIDE}")
    case.equal(found, NARROW, f"path MTU that s1 knows towards {target}")


def without_ports(case, farm, outside):
    """GRE between two addresses, once the server has sent some; to another server it has not."""
    first, second = farm.servers[:2]
    body = struct.pack("!HH", 0, 0x0800) + os.urandom(40)

    def raw(space):
        made = space.socket(socket.AF_INET, socket.SOCK_RAW, GRE)
        made.setblocking(False)
        return made

    with raw(first.space) as here, raw(second.space) as beside, raw(outside) as there:
        here.bind((first.address, 0))
        here.sendto(body, (OUTSIDE, 0))
        case.check(gre_arrives(there, body), "GRE of s1: does not get out")
        there.sendto(body, (second.address, 0))
        case.check(not gre_arrives(beside, body), "a stranger's datagram came in: GRE to s2")
        there.sendto(body, (first.address, 0))
        case.check(gre_arrives(here, body), "GRE of s1: no answer")


def gre_arrives(receiver, body):
    """A raw socket gives the IPv4 header too."""
    if not select.select([receiver], [], [], 0.5)[0]:
        return False
    return receiver.recv(2048)[20:] == body


def force_tunnelled(case, farm, outside):
    """The outside host sees c1's inner address, and its answers come back through the tunnel."""
    farm.isp.space.ip("route add 10.99.0.0/16 via 198.51.100.1")
    client = farm.clients[0]
    client.habits = Habits(domain=FORCED)
    farm.start_servers(farm.servers[:1])
    farm.start_clients()
    case.equal(len(farm.connect()), 1, "tunnels")
    pings = Ping(client.space, OUTSIDE, count=3).result()
    case.equal(str(pings), "3/3", "pings of the outside host through the tunnel of c1")
    with outside.socket(socket.AF_INET, socket.SOCK_STREAM) as listener:
        listener.bind((OUTSIDE, 8080))
        listener.listen()
        listener.settimeout(5)
        with client.space.socket(socket.AF_INET, socket.SOCK_STREAM) as one:
            one.settimeout(5)
            one.connect((OUTSIDE, 8080))
            accepted, peer = listener.accept()
            with accepted:
                accepted.sendall(b"seen")
                case.equal(one.recv(4), b"seen", "TCP through the tunnel of c1")
    case.check(peer[0].startswith("10.99.1."), f"source that the outside host saw: {peer[0]}")
