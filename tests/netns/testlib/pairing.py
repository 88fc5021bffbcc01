# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The ikelb authors
"""Pairs each packet before the balancer with the same packet behind it and compares them byte by
byte."""

from __future__ import annotations

import struct
from dataclasses import dataclass

from lab.capture import Packet, checksums_valid
from lab.farm import Server
from testlib.case import Case


@dataclass(frozen=True)
class Direction:
    """`changed` names the one address that the balancer may change: destination inward, source
    outward."""

    name: str
    changed: str
    outside_address: str

    def kept_address(self, packet: Packet) -> str:
        return packet.source if self.changed == "destination" else packet.destination


def _key(direction: Direction, packet: Packet) -> tuple:
    """What names a packet on both sides: the far end, IP ID, fragment offset and the bytes behind
    UDP's header."""
    identity = struct.unpack_from("!H", packet.ip, 4)[0]
    data = packet.payload if packet.is_udp else packet.body
    return direction.kept_address(packet), identity, packet.fragment_offset, data


def pair(
    case: Case, direction: Direction, outside: list[Packet], inside: list[tuple[Server, Packet]]
) -> list[tuple[Packet, Packet, Server]]:
    """(before, after, server) for every packet; each must have exactly one partner."""
    waiting: dict[tuple, list[tuple[Server, Packet]]] = {}
    for server, packet in inside:
        waiting.setdefault(_key(direction, packet), []).append((server, packet))
    pairs = []
    for packet in outside:
        partners = waiting.get(_key(direction, packet))
        where = (
            "never reached a server" if direction.changed == "destination" else "no server sent it"
        )
        case.check(
            partners,
            f"{direction.name}: {packet.source} -> {packet.destination}, {len(packet.ip)} bytes: "
            f"{where}",
        )
        server, partner = partners.pop(0)
        inward = direction.changed == "destination"
        pairs.append((packet, partner, server) if inward else (partner, packet, server))
    left = sum(len(partners) for partners in waiting.values())
    case.equal(left, 0, f"{direction.name}: packets on the servers' side only")
    case.check(pairs, f"{direction.name}: no packets at all")
    return pairs


def check_pair(
    case: Case, direction: Direction, before: Packet, after: Packet, server: Server
) -> None:
    """Nothing but the one address, the TTL and the checksums may differ."""
    what = f"{direction.name}, {before.source} -> {before.destination}, {len(before.ip)} bytes"
    case.equal(len(after.ip), len(before.ip), f"{what}: length")
    expected = (
        (direction.outside_address, server.address)
        if direction.changed == "destination"
        else (server.address, direction.outside_address)
    )
    found = (
        (before.destination, after.destination)
        if direction.changed == "destination"
        else (before.source, after.source)
    )
    case.equal(found, expected, f"{what}: {direction.changed} address before and after")
    case.equal(after.ttl, before.ttl - 1, f"{what}: TTL")
    if before.is_udp:
        case.equal(after.source_port, before.source_port, f"{what}: source port")
        case.equal(after.destination_port, before.destination_port, f"{what}: destination port")
        if not before.is_fragment:
            case.equal(
                after.udp_checksum == 0,
                before.udp_checksum == 0,
                f"{what}: absence of the UDP checksum",
            )
    address_at = 16 if direction.changed == "destination" else 12
    allowed = {8, 10, 11, *range(address_at, address_at + 4)}
    if before.is_udp:
        allowed |= {before.header_length + 6, before.header_length + 7}
    for at, (old, new) in enumerate(zip(before.ip, after.ip)):
        case.check(
            old == new or at in allowed, f"{what}: byte {at} changed from {old:02x} to {new:02x}"
        )
    for name, packet in (("before", before), ("after", after)):
        case.check(checksums_valid(packet), f"{what}: wrong checksum {name} the balancer")


def check_macs(
    case: Case, direction: Direction, pairs: list[tuple[Packet, Packet, Server]]
) -> None:
    """The balancer sends from one MAC address of its own, which is also the one it is reached
    at."""
    senders = {after.frame[6:12].hex(":") for _, after, _ in pairs}
    case.equal(
        len(senders), 1, f"{direction.name}: source MACs behind the balancer, {sorted(senders)}"
    )
    case.check(
        not senders & {before.frame[6:12].hex(":") for before, _, _ in pairs},
        f"{direction.name}: the sender's MAC came through",
    )
    if direction.changed == "destination":
        for _, after, server in pairs:
            case.equal(
                after.destination_mac,
                server.space.mac("eth0"),
                f"MAC that {server.name}'s packet is sent to",
            )
