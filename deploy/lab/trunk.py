# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The ikelb authors
"""An 802.1Q trunk in user space: one tagged cable, one untagged cable for each VLAN.

Some kernels have neither VLAN devices nor VLAN filtering in bridges. This process moves each frame
between the untagged cables and the tagged one.
"""

from __future__ import annotations

import socket
import struct
import sys
from functools import partial
from pathlib import Path

from . import relay
from .netns import Namespace

ETH_P_8021Q = 0x8100
PACKET_AUXDATA = 8
TP_STATUS_VLAN_VALID = 0x10
_AUXDATA = struct.Struct("=IIIHHHH")


def _open(device: str) -> socket.socket:
    port = relay.open_port(device)
    port.setsockopt(relay.SOL_PACKET, PACKET_AUXDATA, 1)
    return port


def _receive(port: socket.socket) -> tuple[int | None, bytes]:
    """A frame without its tag, and the tag's VLAN. The kernel takes tags off and reports them
    aside."""
    frame, ancillary, _, _ = port.recvmsg(65535, 256)
    for level, kind, data in ancillary:
        if level == relay.SOL_PACKET and kind == PACKET_AUXDATA:
            status, _, _, _, _, tci, _ = _AUXDATA.unpack(data[: _AUXDATA.size])
            if status & TP_STATUS_VLAN_VALID:
                return tci & 0x0FFF, frame
    if len(frame) >= 18 and struct.unpack_from("!H", frame, 12)[0] == ETH_P_8021Q:
        return struct.unpack_from("!H", frame, 14)[0] & 0x0FFF, frame[:12] + frame[16:]
    return None, frame


def move(tagged_device: str, untagged: dict[int, str]) -> None:
    """Moves frames until the process is ended."""
    tagged = _open(tagged_device)
    access = {vlan: _open(device) for vlan, device in untagged.items()}

    def take_tag_off(port: socket.socket) -> None:
        tag, frame = _receive(port)
        if tag in access:
            access[tag].send(frame)

    def put_tag_on(vlan: int, port: socket.socket) -> None:
        tag, frame = _receive(port)
        if tag is None:
            tagged.send(frame[:12] + struct.pack("!HH", ETH_P_8021Q, vlan) + frame[12:])

    relay.serve(
        {tagged: take_tag_off, **{port: partial(put_tag_on, v) for v, port in access.items()}}
    )


def start(space: Namespace, tagged_device: str, untagged: dict[int, str], log: Path) -> None:
    """Runs the trunk in a namespace; it ends with the namespace."""
    pairs = [f"{vlan}={device}" for vlan, device in untagged.items()]
    relay.start(space, __spec__.name, [tagged_device, *pairs], log)


if __name__ == "__main__":
    move(
        sys.argv[1],
        {int(vlan): device for vlan, _, device in (pair.partition("=") for pair in sys.argv[2:])},
    )
