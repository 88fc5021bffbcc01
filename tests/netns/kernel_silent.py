# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The ikelb authors
"""The kernel stays silent in any state: no redirect, no port unreachable, no answer to service UDP.

    crowd, [out] ── [isp] uplink ── wan0 [lb] lan0 ──┬── s1   captures at uplink, s1, s2
     valid, malformed and                 lo         └── s2   (their sockets take and never answer)
     fragmented UDP to 500 and 4500

States: before ikelbd starts, running, a VIP added under traffic to it, all servers disabled,
stopped, killed; the kernel's own address on lo has no VIP and is asked while ikelbd runs. Without
ikelbd nobody answers ARP: then the neighbours send to the kernel's MAC addresses, which is worse.

Twin answering: the balancer's kernel gets the addresses itself, and must be caught.
"""

import socket
import struct
import threading

from lab.capture import Capture, checksum
from lab.shell import holds_for
from testlib import crafted, ikewire

TWINS = {"answering": "icmp 3/3"}
UPLINK, GATEWAY, KERNELS_OWN = "198.51.100.1", "10.20.0.1", "192.0.2.1"
NEW_VIP = "198.51.100.77"  # in the uplink's own subnet: to the kernel a neighbour, until it has it
OURS = {"203.0.113.10", UPLINK, GATEWAY, KERNELS_OWN, NEW_VIP}
OUTSIDE = "198.18.0.240"
# What of one round is certainly dropped, at least. Fragments are left out: af_packet joins them.
DROPS_AT_VIP = {"ike_truncated": 3, "bad_udp_length": 1}
DROPS_AT_ADDRESS = {"service_port_own": 8}
DROPS_FROM_SERVER = {"service_port_own": 2}


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


def provoke(farm, targets):
    """Sends all of it to each of the addresses, and from a server through its gateway; returns how
    many packets the uplink and the server's interface must have seen."""
    outside, server, count = farm.outside_host(), farm.servers[0], 0
    with crafted.udp_socket(outside, "0.0.0.0", 0) as one, outside.socket(
        socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW
    ) as raw:
        for target in targets:
            for port, payload in datagrams(target):
                one.sendto(payload, (target, port))
                count += 1 if len(payload) <= 1472 else 2
            udp = struct.pack("!HHHH", 500, 500, 9000, 0) + bytes(20)  # a length beyond the packet
            for identity, flags_offset, body in (
                (7, 0, udp),
                (8, 0x2000, udp),  # a first fragment alone
                (9, 185, bytes(64)),  # a later one alone
            ):
                raw.sendto(ip_packet(OUTSIDE, target, identity, flags_offset, body), (target, 0))
                count += 1
    # Through the gateway to a neighbour: what a router answers with a redirect.
    through = [(t, p) for t in (farm.servers[1].address, farm.vip, GATEWAY) for p in (500, 4500)]
    with crafted.udp_socket(server.space, server.address, 0) as one:
        for target in through:
            one.sendto(ikewire.init_request(ikewire.new_spi()), target)
    return count, len(through)


def noise(captures):
    """What the balancer's kernel said that it should not have said."""
    found = set()
    for capture in captures:
        for p in capture.packets():
            if p.is_icmp and p.source in OURS and p.icmp_type[0] in (3, 5, 11):
                found.add(f"icmp {p.icmp_type[0]}/{p.icmp_type[1]} from {p.source}")
            if p.is_udp and p.source in OURS and p.source_port in (500, 4500):
                found.add(f"udp from {p.source}:{p.source_port}")
    return sorted(found)


def start_captures(case, farm, state):
    """At the uplink, then at each server."""
    return [
        Capture(case.lab, farm.isp.space, "uplink", "icmp or udp or arp", name=f"{state}-uplink"),
        *(
            Capture(case.lab, s.space, "eth0", "icmp or udp", name=f"{state}-{s.name}")
            for s in farm.servers
        ),
    ]


def sent(capture, source, targets):
    """How many of our UDP packets passed there, fragments one by one."""
    return sum(
        1
        for p in capture.packets()
        if p.ip and p.protocol == 17 and p.source == source and p.destination in targets
    )


def silent(case, state, captures):
    case.check(
        holds_for(lambda: not noise(captures), 0.6, interval=0.15),
        f"{state}: {', '.join(noise(captures))}",
    )


def too_few(balancer, before, expected):
    """{reason: packets dropped since} of the reasons that have not moved as far as expected."""
    now = balancer.drops()
    moved = {reason: now.get(reason, 0) - before.get(reason, 0) for reason in expected}
    return {reason: count for reason, count in moved.items() if count < expected[reason]}


def check_state(case, farm, state, *, balancer=None, others=(), drops=()):
    """`balancer`: a running one, whose counters must move by the sum of `drops`."""
    targets = (farm.vip, UPLINK, *others)
    expected = {r: sum(part.get(r, 0) for part in drops) for part in drops for r in part}
    before = balancer.drops() if balancer else {}
    captures = start_captures(case, farm, state)
    at_uplink, at_server = provoke(farm, targets)
    silent(case, state, captures)
    server = farm.servers[0].address
    through = (farm.servers[1].address, farm.vip, GATEWAY)
    for capture in captures:
        capture.stop()
    case.check(not noise(captures), f"{state}: {', '.join(noise(captures))}")
    case.equal(sent(captures[0], OUTSIDE, targets), at_uplink, f"{state}: packets at the uplink")
    case.equal(sent(captures[1], server, through), at_server, f"{state}: packets of the server")
    if balancer:
        case.eventually(
            lambda: not too_few(balancer, before, expected),
            5,
            f"{state}: drops {expected}, too few of {too_few(balancer, before, expected)}",
        )


class Flow:
    """Service UDP to one address, each millisecond or so until stopped."""

    def __init__(self, space, target):
        self.count = 0
        self._socket, self._target = crafted.udp_socket(space, "0.0.0.0", 0), target
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._send, daemon=True)
        self._thread.start()

    def _send(self):
        while not self._end.wait(0.001):
            init = ikewire.init_request(ikewire.new_spi())
            self._socket.sendto(init, (self._target, 500))
            self._socket.sendto(ikewire.MARKER + init, (self._target, 4500))
            self.count += 2

    def stop(self):
        self._end.set()
        self._thread.join()
        self._socket.close()


def check_new_vip(case, farm, balancer):
    """A reload makes a VIP of an address that service UDP is already on its way to."""
    state = "a VIP added under traffic"
    mac = neighbour(farm.isp.space, UPLINK)
    farm.isp.space.ip(f"neigh replace {NEW_VIP} lladdr {mac} dev uplink nud permanent")
    captures = start_captures(case, farm, "added")
    flow = Flow(farm.outside_host(), NEW_VIP)
    try:
        case.eventually(
            lambda: sent(captures[0], OUTSIDE, {NEW_VIP}) >= 100,
            10,
            f"{state}: the uplink carries datagrams to the address before it is a VIP",
        )
        new = {**balancer.config["services"][0], "name": "added", "vip": NEW_VIP}
        balancer.config["services"].append(new)
        balancer.write_config()
        balancer.control("reload")
        servers = {s.address for s in farm.servers}
        case.eventually(
            lambda: sum(sent(one, OUTSIDE, servers) for one in captures[1:]) >= 100,
            10,
            f"{state}: servers get its datagrams",
        )
        silent(case, state, captures)
    finally:
        flow.stop()
    for capture in captures:
        capture.stop()
    case.check(not noise(captures), f"{state}: {', '.join(noise(captures))}")
    case.equal(sent(captures[0], OUTSIDE, {NEW_VIP}), flow.count, f"{state}: packets at the uplink")


def neighbour(space, address):
    """The MAC address that the namespace has resolved the address to."""
    return space.run(["ip", "neigh", "show", address]).stdout.split(" lladdr ")[1].split()[0]


def pin(farm):
    """The neighbours send to the kernel's own MAC addresses, whoever answers ARP or not."""
    wan, lan = farm.lb.mac("wan0"), farm.lb.mac("lan0")
    farm.isp.space.ip(f"neigh replace {UPLINK} lladdr {wan} dev uplink nud permanent")
    for server in farm.servers:
        server.space.ip(f"neigh replace {GATEWAY} lladdr {lan} dev eth0 nud permanent")


def unpin(farm):
    """Back to ARP."""
    farm.isp.space.ip(f"neigh del {UPLINK} dev uplink")
    for server in farm.servers:
        server.space.ip(f"neigh del {GATEWAY} dev eth0")


def run(case):
    farm = case.farm(client_count=0)
    farm.outside_host()
    for server in farm.servers:
        server.space.ip(
            *(
                f"route add {other.address}/32 via {GATEWAY}"
                for other in farm.servers
                if other is not server
            )
        )
    quiet = [
        crafted.udp_socket(s.space, s.address, port) for s in farm.servers for port in (500, 4500)
    ]
    pin(farm)
    if case.broken == "answering":
        farm.lb.ip(
            f"address add {UPLINK}/24 dev wan0",
            f"address add {farm.vip}/32 dev wan0",
            "route add default via 198.51.100.254",
        )
        check_state(case, farm, "answering")
    balancer = case.make_balancer(farm)
    check_state(case, farm, "before the start")
    unpin(farm)
    balancer.start()
    case.await_backends(balancer)
    farm.lb.ip(f"address add {KERNELS_OWN}/32 dev lo")
    farm.isp.space.ip(f"route add {KERNELS_OWN}/32 via {UPLINK}")
    running = (DROPS_AT_VIP, DROPS_AT_ADDRESS, DROPS_FROM_SERVER)
    check_state(
        case,
        farm,
        "running",
        balancer=balancer,
        others=(KERNELS_OWN,),
        drops=(*running, DROPS_AT_ADDRESS),
    )
    check_new_vip(case, farm, balancer)
    for server in farm.servers:
        balancer.control("disable", server.name)
    check_state(
        case, farm, "no backend", balancer=balancer, drops=(*running, {"no_backend": 2})
    )
    balancer.stop()
    pin(farm)
    check_state(case, farm, "stopped")
    unpin(farm)
    balancer.start()
    balancer.kill()
    pin(farm)
    check_state(case, farm, "killed")
    for one in quiet:
        one.close()
