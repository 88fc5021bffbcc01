# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The ikelb authors
"""A cable that changes the order of IP fragments, and of nothing else.

Two devices of one namespace, a process between them: what comes in at one goes out at the other.
The fragments of a datagram are kept until all are there and leave in the order wanted. Each such
datagram is a line in the log: `shuffled 3 fragments`.
"""

from __future__ import annotations

import socket
import struct
import sys
from functools import partial
from pathlib import Path

from . import relay
from .netns import Namespace

ORDERS = {
    "in_order": lambda parts: parts,
    "reversed": lambda parts: parts[::-1],
    "last_first": lambda parts: parts[-1:] + parts[:-1],
}


def _fragment(frame: bytes) -> tuple[bytes, int, int, bool] | None:
    """(datagram, offset, length, more to come) of an IPv4 fragment."""
    if frame[12:14] != b"\x08\x00":
        return None
    flags = struct.unpack_from("!H", frame, 20)[0]
    if not flags & 0x3FFF:
        return None
    length = struct.unpack_from("!H", frame, 16)[0] - (frame[14] & 15) * 4
    return frame[18:20] + frame[23:24] + frame[26:34], (flags & 0x1FFF) * 8, length, flags >= 0x2000


class Shuffle:
    """Collects fragments; `take` hands back the frames that may leave, in their order."""

    def __init__(self, order: str):
        self._arrange = ORDERS[order]
        self._waiting: dict[bytes, dict[int, tuple[int, bool, bytes]]] = {}

    def take(self, frame: bytes) -> list[bytes]:
        known = _fragment(frame)
        if known is None:
            return [frame]
        datagram, offset, length, more = known
        parts = self._waiting.setdefault(datagram, {})
        parts[offset] = (length, more, frame)
        at = 0
        while at in parts:
            length, more, _ = parts[at]
            if not more:
                del self._waiting[datagram]
                print(f"shuffled {len(parts)} fragments", flush=True)
                return self._arrange([parts[key][2] for key in sorted(parts)])
            at += length
        return []


def move(left_device: str, right_device: str, order: str) -> None:
    """Moves frames until the process is ended."""
    left, right = relay.open_port(left_device), relay.open_port(right_device)

    def pass_on(there: socket.socket, shuffle: Shuffle, here: socket.socket) -> None:
        for frame in shuffle.take(here.recv(65535)):
            there.send(frame)

    relay.serve(
        {
            left: partial(pass_on, right, Shuffle(order)),
            right: partial(pass_on, left, Shuffle(order)),
        }
    )


def start(space: Namespace, left: str, right: str, order: str, log: Path) -> None:
    """Runs the cable in a namespace; it ends with the namespace."""
    relay.start(space, __spec__.name, [left, right, order], log)


if __name__ == "__main__":
    move(*sys.argv[1:])
