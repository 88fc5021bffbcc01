# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The ikelb authors
"""A scanner on a cable: raw packets to one MAC address, and who answers which of them.

A burst is followed by a ping of the VIP. Its answer says that ikelb has read the burst, since rings
keep their order; so none of the scan is lost for want of room, and silence means something.
"""

from __future__ import annotations

import contextlib
import select
import socket
import time
from collections import defaultdict
from typing import Iterable

from lab.netns import Namespace
from lab.shell import LabError, run
from testlib import packets

BURST = 1000  # a cable's ring at ikelb holds 2,048 frames
# Where ikelb's kernel answers: the queue of a twin holds 500, and pings have their rate. The lab's
# VLAN switch and net_af_packet take no more either.
SMALL_BURST = 48
MARK_ID = 0x5CA1
DSCP = 42  # of the scan's packets, for the targets to tell them by
_PACKET_IGNORE_OUTGOING = 23
_REQUESTS = {0: 8, 14: 13, 16: 15, 18: 17, 129: 128}  # {ICMP or ICMPv6 answer: what asks for it}
_QUOTES = {1: (3, 4, 5, 11, 12), 58: (1, 2, 3, 4)}
_LINK = (*range(130, 138), 143)  # MLD and NDP: the link's own


class Scanner:
    """Sends from `device` of a router's namespace, whose own kernel keeps out of it."""

    def __init__(
        self,
        space: Namespace,
        device: str,
        mac: str,
        sources: dict[int, str],
        vips: dict[int, str],
        others: Iterable[str] = (),
        burst: int = BURST,
    ):
        """`mac` is ikelb's on this cable; `sources` and `vips` are by family, 4 and 6; `others` are
        further sources whose answers are taken."""
        self._sources, self._vips, self._burst = sources, vips, burst
        self._open(space, device)
        own = self._socket.getsockname()[4]
        kinds = {4: b"\x08\x00", 6: b"\x86\xdd"}
        self._heads = {
            family: bytes.fromhex(mac.replace(":", "")) + own + kind
            for family, kind in kinds.items()
        }
        # {(target, protocol): numbers}, which are ports or types of ICMP
        self._answers: dict[tuple[bytes, int], set[int]] = defaultdict(set)
        own_addresses = (*sources.values(), *others)
        self._is_ours = {packets.packed(address) for address in own_addresses}
        self._echoed = self._mark = 0
        space.nft(
            "table inet scanner {\n chain in {\n  type filter hook prerouting priority raw\n"
            + "".join(
                f"  ip6 daddr {address} icmpv6 type != {{ 135, 136 }} drop\n"
                f"  ip6 daddr {address} meta l4proto != icmpv6 drop\n"
                if ":" in address
                else f"  ip daddr {address} drop\n"
                for address in own_addresses
            )
            + " }\n}\n"
        )

    def _open(self, space: Namespace, device: str) -> None:
        self._socket = space.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
        self._socket.setsockopt(socket.SOL_SOCKET, 33, 16 << 20)  # SO_RCVBUFFORCE
        self._socket.setsockopt(263, _PACKET_IGNORE_OUTGOING, 1)
        self._socket.bind((device, 3))
        self._socket.setblocking(False)

    def source(self, target: str) -> str:
        return self._sources[6 if ":" in target else 4]

    # --- sending ----------------------------------------------------------------------------------

    def send(self, made: Iterable[bytes], burst: int = BURST) -> int:
        """All of these IP packets; on return ikelb has read them. How many they are."""
        count, burst = 0, min(burst, self._burst)
        for packet in made:
            self._put(packet)
            count += 1
            if count % burst == 0:
                self._settle()
        self._settle()
        return count

    def _put(self, packet: bytes) -> None:
        frame = self._heads[packet[0] >> 4] + packet
        while True:
            try:
                self._socket.send(frame)
                return
            except BlockingIOError:
                select.select([], [self._socket], [], 1)

    def _settle(self) -> None:
        """Waits for the answer to a ping."""
        self._mark = (self._mark + 1) & 0xFFFF
        ping = packets.echo(self._sources[4], self._vips[4], MARK_ID, self._mark)
        end, next_ping = time.monotonic() + 10, 0.0
        while (now := time.monotonic()) < end:
            if now >= next_ping:  # one more: pings have a rate too
                self._put(ping)
                next_ping = now + 0.1
            self.collect(0.02)
            if self._echoed == self._mark:
                return
        raise LabError("the VIP answers no ping: nobody can tell what became of the scan")

    # --- answers ----------------------------------------------------------------------------------

    def collect(self, patience: float = 0) -> None:
        """Takes what has come; waits for something, at most so long."""
        if patience and not select.select([self._socket], [], [], patience)[0]:
            return
        with contextlib.suppress(BlockingIOError):
            while True:
                self._take(self._socket.recv(2048))

    def _take(self, frame: bytes) -> None:
        kind, packet = frame[12:14], frame[14:]
        if kind == b"\x08\x00":
            source, target, protocol = packet[12:16], packet[16:20], packet[9]
            body = packet[(packet[0] & 15) * 4 :]
        elif kind == b"\x86\xdd":
            source, target, protocol = packet[8:24], packet[24:40], packet[6]
            body = packet[40:]
        else:
            return
        if target not in self._is_ours:
            return
        if protocol in (packets.TCP, packets.UDP):
            self._answers[source, protocol].add(int.from_bytes(body[:2], "big"))
        elif protocol in _QUOTES:
            self._take_icmp(source, protocol, body)
        else:
            self._answers[source, protocol].add(0)

    def _take_icmp(self, source: bytes, protocol: int, body: bytes) -> None:
        kind = body[0]
        if kind in _QUOTES[protocol]:
            self._take_quote(body[8:])
        elif kind in (0, 129) and int.from_bytes(body[4:6], "big") == MARK_ID:
            self._echoed = int.from_bytes(body[6:8], "big")
        elif protocol == packets.ICMP or kind not in _LINK:
            self._answers[source, protocol].add(_REQUESTS.get(kind, kind))

    def _take_quote(self, inner: bytes) -> None:
        """An error is an answer to what it quotes, whoever sent it."""
        if inner[0] >> 4 == 6:
            target, protocol, rest = inner[24:40], inner[6], inner[40:]
            if protocol == packets.FRAGMENT:
                protocol, rest = rest[0], rest[8:]
        else:
            target, protocol, rest = inner[16:20], inner[9], inner[(inner[0] & 15) * 4 :]
        number = 0
        if protocol in (packets.TCP, packets.UDP):
            number = int.from_bytes(rest[2:4], "big")
        elif protocol in _QUOTES:
            number = rest[0]
        self._answers[target, protocol].add(number)

    # --- scans ------------------------------------------------------------------------------------

    def scan_ports(
        self, target: str, protocol: int, ports: Iterable[int], burst: int = BURST
    ) -> int:
        """One packet to each port. How many it sent; answers come by and by."""
        source = self.source(target)
        if protocol == packets.TCP:
            body = packets.tcp(source, target, (55555, 0), packets.SYN)
        else:
            body = packets.udp(source, target, (55555, 0))
        model = packets.ip(source, target, protocol, body, dscp=DSCP)
        return self.send(packets.to_each_port(model, ports), burst)

    def answered(self, target: str, protocol: int) -> set[int]:
        """Ports of the target that answered, or types of ICMP; 0 for other protocols."""
        self.collect()
        return set(self._answers.get((packets.packed(target), protocol), ()))

    def forget(self, target: str) -> None:
        for key in [key for key in self._answers if key[0] == packets.packed(target)]:
            del self._answers[key]


def mac_of(space: Namespace, address: str) -> str:
    """The MAC address that the namespace resolves the address to."""
    space.run(["ping", "-n", "-c", "1", "-W", "2", address], check=False)
    shown = run(["ip", "-n", space.name, "neigh", "show", address]).stdout
    if " lladdr " not in shown:
        raise LabError(f"{space.label}: no MAC address for {address}: {shown}")
    return shown.split(" lladdr ")[1].split()[0]
