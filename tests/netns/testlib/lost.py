# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The ikelb authors
"""Frames put on a cable at a steady pace, and what ikelb says that it lost below its workers."""

from __future__ import annotations

import re
import socket
import struct
import time

from lab.netns import Namespace

BURST = 32
SO_RCVBUFFORCE = 33
DRIVER = ("missed", "receive_errors", "no_buffer", "transmit_errors", "ring_full",
          "transmit_refused")  # fmt: skip


def pace(count: int, rate: int, send) -> None:
    """Calls `send` that often, at most `rate` times a second."""
    begun = time.monotonic()
    for sent in range(count):
        if sent % BURST == 0:
            ahead = sent / rate - (time.monotonic() - begun)
            if ahead > 0:
                time.sleep(ahead)  # the pace, not a wait for something
        send()


def put(space: Namespace, device: str, frame: bytes, count: int, rate: int) -> None:
    """The same frame again and again, past the namespace's own IP."""
    with space.socket(socket.AF_PACKET, socket.SOCK_RAW) as one:
        one.bind((device, 0))
        pace(count, rate, lambda: one.send(frame))


def udp_frame(to_mac: str, from_mac: str, source: str, target: str, port: int) -> bytes:
    payload = bytes(32)
    udp = struct.pack("!HHHH", 5000, port, 8 + len(payload), 0) + payload
    head = struct.pack(
        "!BBHHHBBH4s4s", 0x45, 0, 20 + len(udp), 1, 0, 64, 17, 0,
        socket.inet_aton(source), socket.inet_aton(target),
    )  # fmt: skip
    total = sum(struct.unpack("!10H", head))
    total = (total & 0xFFFF) + (total >> 16)
    head = head[:10] + struct.pack("!H", ~total & 0xFFFF) + head[12:]
    return _mac(to_mac) + _mac(from_mac) + b"\x08\x00" + head + udp


def arp_request(from_mac: str, sender: str, target: str) -> bytes:
    own = _mac(from_mac)
    return (
        b"\xff" * 6 + own + bytes.fromhex("08060001080006040001")
        + own + socket.inet_aton(sender) + bytes(6) + socket.inet_aton(target) + bytes(18)
    )  # fmt: skip


def _mac(text: str) -> bytes:
    return bytes.fromhex(text.replace(":", ""))


class Ear:
    """Counts the datagrams that arrive at a port of a namespace."""

    def __init__(self, space: Namespace, port: int):
        self._socket = space.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 64 << 20)
        self._socket.bind(("", port))
        self._socket.setblocking(False)
        self._heard = 0

    def heard(self) -> int:
        try:
            while True:
                self._socket.recv(2048)
                self._heard += 1
        except BlockingIOError:
            return self._heard

    def close(self) -> None:
        self._socket.close()


def told(balancer, port: str) -> dict[str, dict[str, int]]:
    """Frames lost at a port, as each of ikelb's faces tells them: {face: {reason: frames}}."""
    by_drops = {
        one["reason"]: one["frames"]
        for one in balancer.query("drops")["ports"]
        if one["port"] == port
    }
    pattern = rf'ikelb_port_lost_frames_total{{port="{port}",reason="(\w+)"}} (\S+)'
    by_metrics = {r: int(float(n)) for r, n in re.findall(pattern, balancer.metrics())}
    status = next(p for p in balancer.query("status")["ports"] if p["name"] == port)
    return {
        "drops": by_drops,
        "metrics": by_metrics,
        "status": {"driver": status["lost_in_driver"], "device": status["lost_in_device"]},
    }


def in_driver(reasons: dict[str, int]) -> int:
    return sum(reasons.get(reason, 0) for reason in DRIVER)
