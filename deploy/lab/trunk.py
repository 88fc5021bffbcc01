# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The ikelb authors
"""An 802.1Q trunk in user space: one tagged cable, one untagged cable for each VLAN.

Some kernels have neither VLAN devices nor VLAN filtering in bridges. This process moves each frame
between the untagged cables and the tagged one through packet sockets. Slow (a few thousand frames a
second) and enough.
"""

from __future__ import annotations

import selectors
import socket
import struct
import sys
from pathlib import Path

from .netns import Namespace
from .shell import wait_until

ETH_P_ALL, ETH_P_8021Q = 3, 0x8100
SOL_PACKET, PACKET_AUXDATA, PACKET_IGNORE_OUTGOING = 263, 8, 23
TP_STATUS_VLAN_VALID = 0x10
_AUXDATA = struct.Struct("=IIIHHHH")


def _open(device: str) -> socket.socket:
    port = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL))
    port.bind((device, ETH_P_ALL))
    port.setsockopt(SOL_PACKET, PACKET_AUXDATA, 1)
    port.setsockopt(SOL_PACKET, PACKET_IGNORE_OUTGOING, 1)
    return port


def _receive(port: socket.socket) -> tuple[int | None, bytes]:
    """A frame without its tag, and the tag's VLAN. The kernel takes tags off and reports them
    aside."""
    frame, ancillary, _, _ = port.recvmsg(65535, 256)
    for level, kind, data in ancillary:
        if level == SOL_PACKET and kind == PACKET_AUXDATA:
            status, _, _, _, _, tci, _ = _AUXDATA.unpack(data[: _AUXDATA.size])
            if status & TP_STATUS_VLAN_VALID:
                return tci & 0x0FFF, frame
    if len(frame) >= 18 and struct.unpack_from("!H", frame, 12)[0] == ETH_P_8021Q:
        return struct.unpack_from("!H", frame, 14)[0] & 0x0FFF, frame[:12] + frame[16:]
    return None, frame


def relay(tagged_device: str, untagged: dict[int, str]) -> None:
    """Moves frames until the process is ended."""
    tagged = _open(tagged_device)
    access = {vlan: _open(device) for vlan, device in untagged.items()}
    vlan_of = {port: vlan for vlan, port in access.items()}
    waiting = selectors.DefaultSelector()
    for port in (tagged, *access.values()):
        waiting.register(port, selectors.EVENT_READ)
    print("ready", flush=True)
    while True:
        for key, _ in waiting.select():
            try:
                tag, frame = _receive(key.fileobj)
                if key.fileobj is tagged:
                    if tag in access:
                        access[tag].send(frame)
                elif tag is None:
                    header = struct.pack("!HH", ETH_P_8021Q, vlan_of[key.fileobj])
                    tagged.send(frame[:12] + header + frame[12:])
            except OSError as error:
                print(f"frame lost: {error}", flush=True)


def start(space: Namespace, tagged_device: str, untagged: dict[int, str], log: Path) -> None:
    """Runs the relay in a namespace; it ends with the namespace."""
    pairs = [f"{vlan}={device}" for vlan, device in untagged.items()]
    with open(log, "wb") as output:
        space.popen(
            ["/usr/bin/python3", "-B", "-m", __spec__.name, tagged_device, *pairs],
            stdout=output,
            stderr=output,
            cwd=Path(__file__).resolve().parents[1],
        )
    wait_until(lambda: "ready" in log.read_text("utf-8"), 10, "the VLAN trunk")


if __name__ == "__main__":
    relay(
        sys.argv[1],
        {int(vlan): device for vlan, _, device in (pair.partition("=") for pair in sys.argv[2:])},
    )
