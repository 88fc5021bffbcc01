# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The ikelb authors
"""Only the destination address (back: the source address), MACs, TTL and checksums change.

    clients ─── [isp] uplink ── wan0 [lb] lan0 ── [sw] ──┬── eth0 s1
                      capture                     tamper └── eth0 s2
                                                             captures

Each packet on the ISP's side is paired with its twin on a server's cable, byte by byte, both
directions: odd and even sizes, datagrams without UDP checksum, IP fragments, real tunnels. Twins:
something between the balancer and the servers changes the source port, the source address or the
DSCP.
"""

import socket

from lab.capture import Capture
from lab.topology import GATEWAY
from testlib import crafted, pairing

FOR_CONTROL = True
TWINS = {"port": "source port", "source": "never reached a server", "dscp": "byte 1"}
_TAMPER = {
    "port": "udp dport 4500 udp sport set 40001",
    "source": "udp dport 4500 ip saddr set 198.19.9.9",
    "dscp": "udp dport 4500 ip dscp set af41",
}
SIZES = (4, 5, 27, 64, 333, 1024, 1440, 1441)
FILTER = "udp or (ip[6:2] & 0x3fff != 0)"


def run(case):
    farm = case.farm(client_count=0 if case.broken else 3, nat_clients=0 if case.broken else 1)
    if case.broken:
        farm.switch.nft(
            'table netdev wrong {\n chain in {\n  type filter hook ingress device "lb" priority 0\n'
            f"  {_TAMPER[case.broken]}\n }}\n}}\n"
        )
    case.balancer(farm)
    outside = Capture(case.lab, farm.isp.space, "uplink", FILTER)
    inside = {s: Capture(case.lab, s.space, "eth0", FILTER) for s in farm.servers}
    if case.broken:
        send_crafted(case, farm, wait=False)
    else:
        send_crafted(case, farm, wait=True)
        case.tunnels(farm)
        case.check_pings(farm, count=3)
    wan = outside.stop()
    lan = {server: capture.stop() for server, capture in inside.items()}
    compare(case, farm, wan, lan)
    if not case.broken:
        by_scapy(case, outside.path)


def send_crafted(case, farm, *, wait):
    """Handshakes, ESP of many sizes, datagrams without UDP checksum, fragmented IKE_AUTH both
    ways."""
    servers = crafted.responders(farm)
    crowd = crafted.Crowd(farm.crowd(), crafted.addresses(6), farm.vip)
    silent = crowd.init()
    case.check(not silent, "a crafted client got no answer on 500")
    patience = 5.0 if wait else 0.2
    silent = crowd.auth(timeout=patience)
    for number, size in enumerate(SIZES):
        silent += crowd.esp(number + 1, size=size, timeout=patience)
    for client in crowd.clients:
        client.sockets[4500].setsockopt(socket.SOL_SOCKET, crafted.SO_NO_CHECK, 1)
    silent += crowd.esp(50, timeout=patience)
    for client in crowd.clients:
        client.sockets[4500].setsockopt(socket.SOL_SOCKET, crafted.SO_NO_CHECK, 0)
    silent += crowd.auth(size=2500, timeout=patience)
    case.check(not silent or not wait, f"no answer for {sorted({c.address for c in silent})}")
    crowd.close()
    for server in servers:
        server.close()


def compare(case, farm, wan, lan):
    on_lan = [
        (server, packet) for server, packets in lan.items() for packet in packets if packet.ip
    ]
    inward = check_direction(
        case,
        pairing.Direction("to the servers", changed="destination", outside_address=farm.vip),
        [p for p in wan if p.ip and p.destination == farm.vip],
        [(s, p) for s, p in on_lan if p.destination == s.address and p.source != GATEWAY],
    )
    outward = check_direction(
        case,
        pairing.Direction("to the clients", changed="source", outside_address=farm.vip),
        [p for p in wan if p.ip and p.source == farm.vip],
        [(s, p) for s, p in on_lan if p.source == s.address and p.destination != GATEWAY],
    )
    fragments = sum(before.is_fragment for before, _, _ in inward + outward)
    without = sum(
        before.is_udp and before.udp_checksum == 0 and not before.is_fragment
        for before, _, _ in inward + outward
    )
    case.check(
        fragments >= 24 and without >= 6,
        f"too little was sent: {fragments} fragments, {without} datagrams without checksum",
    )
    case.note(
        f"{len(inward)} + {len(outward)} packets paired, {fragments} of them fragments, "
        f"{without} without UDP checksum"
    )


def check_direction(case, direction, outside, inside):
    pairs = pairing.pair(case, direction, outside, inside)
    for before, after, server in pairs:
        pairing.check_pair(case, direction, before, after, server)
    pairing.check_macs(case, direction, pairs)
    return pairs


def by_scapy(case, path):
    """A second opinion on the checksums, by another implementation."""
    from scapy.all import Ether, IP, UDP, rdpcap

    wrong = 0
    for frame in rdpcap(str(path)):
        if IP not in frame or UDP not in frame or frame[IP].frag or frame[IP].flags.MF:
            continue
        again = Ether(bytes(frame))
        del again[IP].chksum, again[UDP].chksum
        again = Ether(bytes(again))
        wrong += again[IP].chksum != frame[IP].chksum
        wrong += frame[UDP].chksum not in (0, again[UDP].chksum)
    case.equal(wrong, 0, "packets with a wrong checksum by scapy")
