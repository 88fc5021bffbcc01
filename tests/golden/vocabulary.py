# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The ikelb authors
"""The words of the case descriptions: Scapy's layers, and the addresses and messages of the farm
that configs/ describes."""

import ipaddress
import struct

from scapy.layers.inet import ICMP, IP, UDP, IPerror, UDPerror, fragment  # noqa: F401
from scapy.layers.inet6 import (  # noqa: F401
    ICMPv6DestUnreach,
    ICMPv6EchoRequest,
    ICMPv6ND_NS,
    ICMPv6PacketTooBig,
    ICMPv6TimeExceeded,
    IPv6,
    IPv6ExtHdrDestOpt,
    IPv6ExtHdrFragment,
    IPv6ExtHdrHopByHop,
)
from scapy.layers.l2 import ARP, Dot1Q, Ether  # noqa: F401
from scapy.packet import Padding, Raw  # noqa: F401

VIP = "203.0.113.10"
CLIENT = "192.0.2.7"
ROAMED = "192.0.2.99"
OWN_WAN = "198.51.100.1"
OWN_LAN = "10.20.0.1"
RRAS1, RRAS2 = "10.20.0.11", "10.20.0.12"

VIP6 = "2001:db8:203::10"
CLIENT6 = "2001:db8:192::7"
OWN_WAN6 = "2001:db8:198::1"
ROUTER6 = "2001:db8:ffff::1"
RRAS6 = "fd00:20::11"

WAN_MAC, LAN_MAC = "02:00:00:00:00:01", "02:00:00:00:00:02"


def mac_of(address):
    """The MAC address that ikelb-replay makes up for a backend or gateway."""
    return "02:00:" + ipaddress.ip_address(address).packed[-4:].hex(":")


GATEWAY_MAC = mac_of("198.51.100.254")
GATEWAY6_MAC = mac_of("2001:db8:198::fe")


def from_gateway():
    return Ether(src=GATEWAY_MAC, dst=WAN_MAC)


def to_gateway():
    return Ether(src=WAN_MAC, dst=GATEWAY_MAC)


def from_gateway6():
    return Ether(src=GATEWAY6_MAC, dst=WAN_MAC)


def to_gateway6():
    return Ether(src=WAN_MAC, dst=GATEWAY6_MAC)


def from_server(address):
    return Ether(src=mac_of(address), dst=LAN_MAC)


def to_server(address):
    return Ether(src=LAN_MAC, dst=mac_of(address))


def payload(body, following=0):
    """One IKE payload, RFC 7296 section 3.2; its own type stands in what precedes it."""
    return struct.pack("!BBH", following, 0, 4 + len(body)) + body


def ike(spi_i, spi_r, exchange, flags, message_id, first, body):
    return struct.pack("!QQBBBBII", spi_i, spi_r, first, 0x20, exchange, flags, message_id,
                       28 + len(body)) + body


SA, KE, NONCE, NOTIFY, SK = 33, 34, 40, 41, 46


def offer():
    return payload(bytes(40), KE) + payload(bytes(68), NONCE) + payload(bytes(32))


def init(spi_i):
    return ike(spi_i, 0, 34, 0x08, 0, SA, offer())


def init_answer(spi_i, spi_r):
    return ike(spi_i, spi_r, 34, 0x20, 0, SA, offer())


def sk(spi_i, spi_r, exchange, flags, message_id, length=60):
    return ike(spi_i, spi_r, exchange, flags, message_id, SK, payload(b"\xee" * length))


def auth(spi_i, spi_r, length=60):
    return sk(spi_i, spi_r, 35, 0x08, 1, length)


def auth_answer(spi_i, spi_r, length=60):
    return sk(spi_i, spi_r, 35, 0x20, 1, length)


def dpd(spi_i, spi_r):
    return sk(spi_i, spi_r, 37, 0x08, 2)


def dpd_answer(spi_i, spi_r):
    return sk(spi_i, spi_r, 37, 0x20, 2)


MARKER = bytes(4)


def esp(spi, sequence=1, length=64):
    return struct.pack("!II", spi, sequence) + b"\xab" * (length - 8)


def part(packet, offset, more, size=1400):
    """One IP fragment of a frame: `size` bytes from `offset` on of what follows the IP header."""
    link, ip = packet.copy(), packet[IP].copy()
    link.remove_payload()
    whole = bytes(IP(bytes(ip)).payload)
    header = IP(src=ip.src, dst=ip.dst, ttl=ip.ttl, id=ip.id, proto=17,
                frag=offset // 8, flags="MF" if more else 0)
    return link / header / Raw(whole[offset:offset + size])


def part6(packet, offset, more, size=1400, number=7):
    """The same of IPv6: what follows its header, behind a fragment header."""
    link, ip = packet.copy(), packet[IPv6].copy()
    link.remove_payload()
    whole = bytes(IPv6(bytes(ip)).payload)
    header = IPv6(src=ip.src, dst=ip.dst, hlim=ip.hlim) / IPv6ExtHdrFragment(
        nh=17, offset=offset // 8, m=int(more), id=number)
    return link / header / Raw(whole[offset:offset + size])


def quote(packet, length=None):
    """What an ICMP error quotes: an IP packet's first bytes."""
    return Raw(bytes(packet)[:length])
