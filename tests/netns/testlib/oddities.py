# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The ikelb authors
"""What a scan sends besides SYNs and datagrams: other protocols, fragments, routes and sources that
are not its own. All with the scan's mark."""

from __future__ import annotations

import struct
from typing import Iterator

from testlib import packets
from testlib.scanner import DSCP

TCP_IN_FRAGMENTS, UDP_IN_FRAGMENTS, UDP_REVERSED = 40001, 40002, 40003
ROUTED = 40004
LOOSE, STRICT = 131, 137  # source routes of RFC 791
_EXTENSIONS = {0, 43, 44, 51, 59, 60, 135, 139, 140}  # headers of IPv6 that lead to another
_OF_THE_LINK = {*range(130, 138), 143}  # MLD and NDP


def protocol_numbers(is_v6: bool) -> list[int]:
    """Those without ports: GRE, ESP, SCTP, OSPF and all the others."""
    known = {packets.TCP, packets.UDP, packets.ICMP6 if is_v6 else packets.ICMP}
    return [n for n in range(256) if n not in known and not (is_v6 and n in _EXTENSIONS)]


def protocols(source: str, target: str) -> Iterator[bytes]:
    """ESP's SPI here, and whatever others read in it, is 0x01000001."""
    body = struct.pack("!II", 0x01000001, 1) + bytes(24)
    for number in protocol_numbers(":" in target):
        yield packets.ip(source, target, number, body, dscp=DSCP)


def icmp_types(is_v6: bool) -> list[int]:
    return [n for n in range(256) if not (is_v6 and n in _OF_THE_LINK)]


def icmp(source: str, target: str) -> Iterator[bytes]:
    """Every type; what an error has to quote is not quoted."""
    is_v6 = ":" in target
    for kind in icmp_types(is_v6):
        body = packets.icmp(source, target, kind, 0, struct.pack("!HH", 0x0DD, kind) + bytes(16))
        protocol = packets.ICMP6 if is_v6 else packets.ICMP
        yield packets.ip(source, target, protocol, body, dscp=DSCP)


def fragments(source: str, target: str) -> Iterator[bytes]:
    """Whole datagrams in either order, a segment in two, one later fragment alone, one that ends
    past 65,535, and one that overlaps."""

    def part(protocol: int, body: bytes, offset: int, more: int, identity: int) -> bytes:
        return packets.fragment(
            source, target, protocol, body, offset, more, dscp=DSCP, identity=identity
        )

    syn = packets.tcp(source, target, (55555, TCP_IN_FRAGMENTS), packets.SYN)
    yield part(packets.TCP, syn[:16], 0, packets.MORE, 11)
    yield part(packets.TCP, syn[16:], 16, 0, 11)
    for identity, port, order in ((12, UDP_IN_FRAGMENTS, 1), (13, UDP_REVERSED, -1)):
        datagram = packets.udp(source, target, (55555, port), bytes(600))
        pieces = [(datagram[:304], 0, packets.MORE), (datagram[304:], 304, 0)]
        for body, offset, more in pieces[::order]:
            yield part(packets.UDP, body, offset, more, identity)
    yield part(packets.UDP, bytes(64), 1480, 0, 14)
    yield part(packets.ICMP6 if ":" in target else packets.ICMP, bytes(400), 65528, 0, 15)
    yield part(packets.TCP, syn[:16], 0, packets.MORE, 16)
    yield part(packets.TCP, syn[8:], 8, 0, 16)


def source_routed(source: str, via: str, target: str) -> Iterator[bytes]:
    """Addressed to `via`, and to be sent on to `target` from there; and the other way about."""
    for first, last in ((via, target), (target, via)):
        segment = packets.tcp(source, last, (55555, ROUTED), packets.SYN)
        if ":" in target:
            for kind in (0, 2, 4):
                route = struct.pack("!BBBBI", packets.TCP, 2, kind, 1, 0) + packets.packed(last)
                yield packets.ip(source, first, 43, route + segment, dscp=DSCP)
        else:
            for kind in (LOOSE, STRICT):
                option = bytes((kind, 7, 4)) + packets.packed(last) + b"\x01"
                yield packets.ip(
                    source, first, packets.TCP, segment, dscp=DSCP, options=option
                )


def from_elsewhere(source: str, target: str) -> Iterator[bytes]:
    """A segment, a datagram and a ping that claim to come from `source`."""
    is_v6 = ":" in target
    syn = packets.tcp(source, target, (55555, 445), packets.SYN)
    yield packets.ip(source, target, packets.TCP, syn, dscp=DSCP)
    datagram = packets.udp(source, target, (55555, 53), bytes(20))
    yield packets.ip(source, target, packets.UDP, datagram, dscp=DSCP)
    ping = packets.icmp(source, target, 128 if is_v6 else 8, 0, bytes(8))
    yield packets.ip(
        source, target, packets.ICMP6 if is_v6 else packets.ICMP, ping, dscp=DSCP
    )
