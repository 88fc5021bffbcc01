# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The ikelb authors
"""IP packets made by hand, of either family, also such as no kernel would send."""

from __future__ import annotations

import socket
import struct
from typing import Iterable, Iterator

from lab.capture import checksum

TCP, UDP, ICMP, ICMP6, FRAGMENT = 6, 17, 1, 58, 44
MORE = 1  # of fragment(): others follow
SYN, ACK = 0x02, 0x10


def packed(address: str) -> bytes:
    return socket.inet_pton(socket.AF_INET6 if ":" in address else socket.AF_INET, address)


def ip(
    source: str,
    target: str,
    protocol: int,
    body: bytes,
    *,
    dscp: int = 0,
    options: bytes = b"",
    identity: int = 0,
    flags_offset: int = 0,
) -> bytes:
    """`options`, `identity` and `flags_offset` are IPv4's; IPv6 has its chain of headers in
    `body`."""
    if ":" in target:
        head = struct.pack("!IHBB", 6 << 28 | dscp << 22, len(body), protocol, 64)
        return head + packed(source) + packed(target) + body
    length = 20 + len(options)
    head = struct.pack(
        "!BBHHHBBH4s4s",
        0x40 | length // 4,
        dscp << 2,
        length + len(body),
        identity,
        flags_offset,
        64,
        protocol,
        0,
        packed(source),
        packed(target),
    )
    head += options
    return head[:10] + struct.pack("!H", checksum(head)) + head[12:] + body


def covered(source: str, target: str, protocol: int, body: bytes) -> int:
    """The checksum over pseudo header and body; of either family it is the same sum."""
    pseudo = packed(source) + packed(target) + struct.pack("!HH", protocol, len(body))
    return checksum(pseudo + body)


def tcp(source: str, target: str, ports: tuple[int, int], flags: int, sequence: int = 1) -> bytes:
    segment = struct.pack("!HHIIBBHHH", *ports, sequence, 0, 0x50, flags, 1024, 0, 0)
    total = covered(source, target, TCP, segment)
    return segment[:16] + struct.pack("!H", total) + segment[18:]


def udp(source: str, target: str, ports: tuple[int, int], payload: bytes = b"") -> bytes:
    datagram = struct.pack("!HHHH", *ports, 8 + len(payload), 0) + payload
    total = covered(source, target, UDP, datagram) or 0xFFFF
    return datagram[:6] + struct.pack("!H", total) + datagram[8:]


def icmp(source: str, target: str, kind: int, code: int, rest: bytes) -> bytes:
    """Of the family of the addresses; `rest` follows the checksum."""
    message = struct.pack("!BBH", kind, code, 0) + rest
    total = covered(source, target, ICMP6, message) if ":" in target else checksum(message)
    return message[:2] + struct.pack("!H", total) + message[4:]


def echo(source: str, target: str, identity: int, number: int) -> bytes:
    is_v6 = ":" in target
    body = icmp(source, target, 128 if is_v6 else 8, 0, struct.pack("!HH", identity, number))
    return ip(source, target, ICMP6 if is_v6 else ICMP, body)


def fragment(
    source: str,
    target: str,
    protocol: int,
    part: bytes,
    offset: int,
    more: int = 0,
    *,
    dscp: int = 0,
    identity: int = 1,
) -> bytes:
    """One fragment, `offset` bytes into its datagram."""
    if ":" in target:
        head = struct.pack("!BBHI", protocol, 0, offset | more, identity)
        return ip(source, target, FRAGMENT, head + part, dscp=dscp)
    flags_offset = more << 13 | offset // 8
    return ip(
        source,
        target,
        protocol,
        part,
        dscp=dscp,
        identity=identity,
        flags_offset=flags_offset,
    )


def to_each_port(packet: bytes, ports: Iterable[int]) -> Iterator[bytes]:
    """The packet, TCP or UDP to port 0, with each of the ports instead."""
    copy = bytearray(packet)
    is_v6 = copy[0] >> 4 == 6
    begin = 40 if is_v6 else (copy[0] & 15) * 4
    protocol = copy[6] if is_v6 else copy[9]
    at = begin + (16 if protocol == TCP else 6)
    total = ~struct.unpack_from("!H", copy, at)[0] & 0xFFFF
    for port in ports:
        sum_now = total + port
        sum_now = (sum_now & 0xFFFF) + (sum_now >> 16)
        struct.pack_into("!H", copy, begin + 2, port)
        struct.pack_into("!H", copy, at, ~sum_now & 0xFFFF or 0xFFFF)
        yield bytes(copy)
