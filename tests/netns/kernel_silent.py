# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The ikelb authors
"""The kernel stays silent in any state: no redirect, no port unreachable, no answer to service UDP.

    crowd, [out] ── [isp] uplink ── wan0 [lb] lan0 ──┬── s1   captures at uplink, s1, s2
     valid, malformed and                            └── s2   (their sockets take and never answer)
     fragmented UDP to 500 and 4500

States: before ikelbd starts, running, all servers disabled, stopped, killed. Twin answering: the
balancer's kernel gets the addresses itself, and must be caught.
"""

import socket
import struct

from lab.capture import Capture, checksum
from lab.shell import holds_for
from testlib import crafted, ikewire

TWINS = {"answering": "icmp 3/3"}
OURS = {"203.0.113.10", "198.51.100.1", "10.20.0.1"}


def ip_packet(source, target, identity, flags_offset, body):
    head = struct.pack(
        "!BBHHHBBH4s4s",
        0x45,
        0,
        20 + len(body),
        identity,
        flags_offset,
        64,
        17,
        0,
        socket.inet_aton(source),
        socket.inet_aton(target),
    )
    return head[:10] + struct.pack("!H", checksum(head)) + head[12:] + body


def datagrams(target):
    """(port, payload): what a listener's kernel would answer with an ICMP error if nobody
    listened."""
    init = ikewire.init_request(ikewire.new_spi())
    yield from (
        (500, init),
        (4500, ikewire.MARKER + init),
        (500, b""),
        (500, b"abc"),
        (4500, b"\xff"),
        (4500, b"\0\0"),
        (4500, ikewire.esp(0x01020304, 1)),
        (500, bytes(28)),
        (4500, ikewire.esp(0x05060708, 1, 2500)),
    )


def provoke(farm):
    """Sends all of it to each of the balancer's addresses; returns how many packets the uplink must
    have seen."""
    outside, server, count = farm.outside_host(), farm.servers[0], 0
    with crafted.udp_socket(outside, "0.0.0.0", 0) as one, outside.socket(
        socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW
    ) as raw:
        for target in (farm.vip, "198.51.100.1"):
            for port, payload in datagrams(target):
                one.sendto(payload, (target, port))
                count += 1
            udp = struct.pack("!HHHH", 500, 500, 9000, 0) + bytes(20)  # a length beyond the packet
            raw.sendto(ip_packet("198.18.0.240", target, 7, 0, udp), (target, 0))
            raw.sendto(
                ip_packet("198.18.0.240", target, 8, 0x2000, udp), (target, 0)
            )  # a first fragment alone
            raw.sendto(
                ip_packet("198.18.0.240", target, 9, 185, bytes(64)), (target, 0)
            )  # a later one alone
            count += 3
    # Through the gateway to a neighbour: what a router answers with a redirect.
    with crafted.udp_socket(server.space, server.address, 0) as one:
        for target in (farm.servers[1].address, farm.vip, "10.20.0.1"):
            for port in (500, 4500):
                one.sendto(ikewire.init_request(ikewire.new_spi()), (target, port))
    return count


def noise(captures):
    """What the balancer's kernel said that it should not have said."""
    found = set()
    for capture in captures:
        for p in capture.packets():
            if p.is_icmp and p.source in OURS and (p.icmp_type[0] == 5 or p.icmp_type == (3, 3)):
                found.add(f"icmp {p.icmp_type[0]}/{p.icmp_type[1]} from {p.source}")
            if p.is_udp and p.source in OURS and p.source_port in (500, 4500):
                found.add(f"udp from {p.source}:{p.source_port}")
    return sorted(found)


def check_state(case, farm, state):
    captures = [
        Capture(case.lab, farm.isp.space, "uplink", "icmp or udp or arp", name=f"{state}-uplink"),
        *(
            Capture(case.lab, s.space, "eth0", "icmp or udp", name=f"{state}-{s.name}")
            for s in farm.servers
        ),
    ]
    provoke(farm)
    case.check(
        holds_for(lambda: not noise(captures), 0.6, interval=0.15),
        f"{state}: {', '.join(noise(captures))}",
    )
    for capture in captures:
        capture.stop()


def run(case):
    farm = case.farm(client_count=0)
    farm.outside_host()
    for server in farm.servers:
        server.space.ip(
            *(
                f"route add {other.address}/32 via 10.20.0.1"
                for other in farm.servers
                if other is not server
            )
        )
    quiet = [
        crafted.udp_socket(s.space, s.address, port) for s in farm.servers for port in (500, 4500)
    ]
    if case.broken == "answering":
        farm.lb.ip(
            "address add 198.51.100.1/24 dev wan0",
            f"address add {farm.vip}/32 dev wan0",
            "route add default via 198.51.100.254",
        )
        check_state(case, farm, "answering")
    balancer = case.make_balancer(farm)
    check_state(case, farm, "before the start")
    balancer.start()
    case.await_backends(balancer)
    check_state(case, farm, "running")
    for server in farm.servers:
        balancer.control("disable", server.name)
    check_state(case, farm, "no backend")
    balancer.stop()
    check_state(case, farm, "stopped")
    balancer.start()
    balancer.kill()
    check_state(case, farm, "killed")
    for one in quiet:
        one.close()
