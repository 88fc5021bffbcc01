# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The ikelb authors
"""tcpdump on one interface, and its file as parsed IPv4 packets."""

from __future__ import annotations

import signal
import socket
import struct
from dataclasses import dataclass
from pathlib import Path

from .netns import Namespace
from .session import Lab
from .shell import LabError, stop_process, wait_until

_PCAP_MAGIC, _FILE_HEADER = 0xA1B2C3D4, 24
_RECORD = struct.Struct("<IIII")
# Ends a capture: once tcpdump has written it, all before it is written too. Ethertype for local
# experiments, to a multicast address that no bridge forwards.
_MARK = bytes.fromhex("0180c200000e" "020000000000" "88b5") + b"end of capture".ljust(46, b"\0")


@dataclass(frozen=True)
class Packet:
    """One captured Ethernet frame. `ip` is the IPv4 packet without Ethernet padding (empty: not
    IPv4)."""

    time: float
    frame: bytes
    ip: bytes
    vlan: int | None

    @property
    def destination_mac(self) -> str:
        return self.frame[:6].hex(":")

    @property
    def header_length(self) -> int:
        return (self.ip[0] & 15) * 4

    @property
    def ttl(self) -> int:
        return self.ip[8]

    @property
    def protocol(self) -> int:
        return self.ip[9]

    @property
    def source(self) -> str:
        return ".".join(map(str, self.ip[12:16]))

    @property
    def destination(self) -> str:
        return ".".join(map(str, self.ip[16:20]))

    @property
    def fragment_offset(self) -> int:
        """In bytes."""
        return (struct.unpack_from("!H", self.ip, 6)[0] & 0x1FFF) * 8

    @property
    def more_fragments(self) -> bool:
        return bool(self.ip[6] & 0x20)

    @property
    def is_fragment(self) -> bool:
        return self.more_fragments or self.fragment_offset > 0

    @property
    def body(self) -> bytes:
        """What follows the IPv4 header."""
        return self.ip[self.header_length :]

    @property
    def is_udp(self) -> bool:
        """UDP with its header here: a later fragment has none."""
        return bool(self.ip) and self.protocol == 17 and self.fragment_offset == 0

    @property
    def source_port(self) -> int:
        return struct.unpack_from("!H", self.body, 0)[0]

    @property
    def destination_port(self) -> int:
        return struct.unpack_from("!H", self.body, 2)[0]

    @property
    def udp_checksum(self) -> int:
        return struct.unpack_from("!H", self.body, 6)[0]

    @property
    def payload(self) -> bytes:
        """The UDP payload."""
        return self.body[8:]

    @property
    def is_icmp(self) -> bool:
        return bool(self.ip) and self.protocol == 1 and self.fragment_offset == 0

    @property
    def icmp_type(self) -> tuple[int, int]:
        return self.body[0], self.body[1]

    def ike(self) -> tuple[str, int, bool] | None:
        """(initiator SPI, exchange type, is a request) of an IKE message on 500 or 4500."""
        data = self.payload
        if 4500 in (self.source_port, self.destination_port):
            if data[:4] != b"\0\0\0\0":
                return None
            data = data[4:]
        if len(data) < 28 or not {500, 4500} & {self.source_port, self.destination_port}:
            return None
        return data[:8].hex(), data[18], not data[19] & 0x20


def checksum(data: bytes) -> int:
    """RFC 1071 over `data`; 0 when a stored checksum within is right."""
    if len(data) % 2:
        data += b"\0"
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def checksums_valid(packet: Packet) -> bool:
    """IPv4 header, and UDP or ICMP where the whole datagram is here. UDP checksum 0 means none (RFC
    768)."""
    if checksum(packet.ip[: packet.header_length]) != 0:
        return False
    if packet.is_fragment:
        return True
    if packet.protocol == 17 and packet.udp_checksum != 0:
        pseudo = packet.ip[12:20] + struct.pack("!BBH", 0, 17, len(packet.body))
        return checksum(pseudo + packet.body) == 0
    return packet.protocol != 1 or checksum(packet.body) == 0


def parse_frame(time: float, frame: bytes) -> Packet:
    offset, vlan = 12, None
    if frame[12:14] == b"\x81\x00":
        vlan = struct.unpack_from("!H", frame, 14)[0] & 0x0FFF
        offset = 16
    ip = b""
    if frame[offset : offset + 2] == b"\x08\x00":
        length = struct.unpack_from("!H", frame, offset + 4)[0]
        ip = frame[offset + 2 : offset + 2 + length]
    return Packet(time, frame, ip, vlan)


def read(path: Path) -> list[Packet]:
    """All complete frames of a pcap file that may still be growing; one cut short at the end is
    left out."""
    data = path.read_bytes() if path.exists() else b""
    if len(data) < _FILE_HEADER:
        return []
    if struct.unpack_from("<I", data)[0] != _PCAP_MAGIC:
        raise LabError(f"{path}: not a pcap file with microseconds in this machine's byte order")
    packets, at = [], _FILE_HEADER
    while at + _RECORD.size <= len(data):
        seconds, micros, captured, _ = _RECORD.unpack_from(data, at)
        end = at + _RECORD.size + captured
        if end > len(data):
            break
        frame = data[at + _RECORD.size : end]
        if frame[12:14] != _MARK[12:14]:
            packets.append(parse_frame(seconds + micros * 1e-6, frame))
        at = end
    return packets


class Capture:
    """tcpdump on one interface, running from construction (it has begun when the constructor
    returns)."""

    def __init__(
        self, lab: Lab, space: Namespace, device: str, expression: str = "", *, name: str = ""
    ):
        self._space, self._device = space, device
        self.path = lab.path("captures", f"{name or space.label + '-' + device}.pcap")
        self.path.unlink(missing_ok=True)
        self._errors = self.path.with_suffix(".log")
        with open(self._errors, "wb") as errors:
            self._process = space.popen(
                [
                    "tcpdump",
                    "-i",
                    device,
                    "-n",
                    "--immediate-mode",
                    "-U",
                    "-Z",
                    "root",
                    "-B",
                    "8192",
                    "-s",
                    "0",
                    "-w",
                    str(self.path),
                    *([f"({expression}) or ether proto 0x88b5"] if expression else []),
                ],
                stdout=errors,
                stderr=errors,
            )
        wait_until(self._listening, 15, f"tcpdump on {device} of {space.label}")

    def _listening(self) -> bool:
        if self._process.poll() is not None:
            raise LabError(f"tcpdump: {self._errors.read_text('utf-8')}")
        return b"listening on" in self._errors.read_bytes()

    def packets(self) -> list[Packet]:
        """What has been written so far."""
        return read(self.path)

    def stop(self) -> list[Packet]:
        """Ends the capture; all its packets, up to this moment."""
        try:
            with self._space.socket(socket.AF_PACKET, socket.SOCK_RAW) as one:
                one.bind((self._device, 0))
                one.send(_MARK)
            wait_until(
                lambda: _MARK in self.path.read_bytes(),
                10,
                f"tcpdump on {self._device} to catch up",
            )
        except OSError:
            pass  # the interface is down: nothing can be on its way
        stop_process(self._process, first=signal.SIGINT)
        return self.packets()
