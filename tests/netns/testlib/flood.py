# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The ikelb authors
"""Many frames with forged sources, put on a cable as fast as asked for: one frame is built, a few
bytes of each copy are random."""

from __future__ import annotations

import ctypes
import os
import random
import socket
import struct
import time
from dataclasses import dataclass

from lab.netns import Namespace

STRANGERS = 11  # sources are any of 11.0.0.0/8
BATCH = 256
_ETHERNET, _IP, _UDP = 14, 20, 8
_MORE_FRAGMENTS = 0x2000
_LIBC = ctypes.CDLL(None, use_errno=True)


class _IoVec(ctypes.Structure):
    _fields_ = [("base", ctypes.c_void_p), ("length", ctypes.c_size_t)]


class _Message(ctypes.Structure):
    """struct mmsghdr."""

    _fields_ = [
        ("name", ctypes.c_void_p),
        ("name_length", ctypes.c_uint32),
        ("vectors", ctypes.POINTER(_IoVec)),
        ("vector_count", ctypes.c_size_t),
        ("control", ctypes.c_void_p),
        ("control_length", ctypes.c_size_t),
        ("flags", ctypes.c_int),
        ("sent", ctypes.c_uint32),
    ]


@dataclass(frozen=True)
class Kind:
    """What a flood is made of: `random` (offset, size) says which bytes of the payload differ."""

    payload: bytes
    port: int
    random: tuple[int, int]
    is_fragment: bool = False
    source: str = ""  # empty: another one in each frame
    source_port: int = 0  # 0: the same as `port`


class Flooder:
    """Sends from a network device, past its namespace's own IP."""

    def __init__(self, space: Namespace, device: str, to_mac: str, to_address: str):
        self._socket = space.socket(socket.AF_PACKET, socket.SOCK_RAW)
        self._socket.bind((device, 0))
        self._link = (
            bytes.fromhex(to_mac.replace(":", "")) + self._socket.getsockname()[4] + b"\x08\x00"
        )
        self._to = socket.inet_aton(to_address)

    def close(self) -> None:
        self._socket.close()

    def send(self, kind: Kind, count: int, rate: int) -> float:
        """Sends `count` frames, at most `rate` a second; the rate that came of it."""
        frame = self._frame(kind)
        size = len(frame)
        frames = bytearray(frame * BATCH)
        first = ctypes.addressof(ctypes.c_char.from_buffer(frames))
        vectors = (_IoVec * BATCH)(*(_IoVec(first + n * size, size) for n in range(BATCH)))
        messages = (_Message * BATCH)(
            *(_Message(vectors=ctypes.pointer(vectors[n]), vector_count=1) for n in range(BATCH))
        )
        begun, sent = time.monotonic(), 0
        while sent < count:
            for n in range(BATCH):
                self._vary(frames, n * size, kind)
            self._put(messages)
            sent += BATCH
            ahead = sent / rate - (time.monotonic() - begun)
            if ahead > 0:
                time.sleep(ahead)  # the pace of the flood, not a wait for something
        return sent / (time.monotonic() - begun)

    def _put(self, messages) -> None:
        done = 0
        while done < BATCH:
            left = ctypes.byref(messages, done * ctypes.sizeof(_Message))
            more = _LIBC.sendmmsg(self._socket.fileno(), left, BATCH - done, 0)
            if more <= 0:
                raise OSError(ctypes.get_errno(), "sendmmsg")
            done += more

    def _frame(self, kind: Kind) -> bytes:
        ports = kind.source_port or kind.port, kind.port
        udp = struct.pack("!HHHH", *ports, _UDP + len(kind.payload), 0)
        flags = _MORE_FRAGMENTS if kind.is_fragment else 0
        length = _IP + _UDP + len(kind.payload)
        source = socket.inet_aton(kind.source or "0.0.0.0")
        ip = struct.pack("!BBHHHBBH4s4s", 0x45, 0, length, 0, flags, 64, 17, 0, source, self._to)
        return self._link + ip + udp + kind.payload

    @staticmethod
    def _vary(frames: bytearray, at: int, kind: Kind) -> None:
        ip = at + _ETHERNET
        struct.pack_into("!H", frames, ip + 4, random.getrandbits(16))
        if not kind.source:
            struct.pack_into("!I", frames, ip + 12, STRANGERS << 24 | random.getrandbits(24))
        frames[ip + 10 : ip + 12] = b"\0\0"
        total = sum(struct.unpack_from("!10H", frames, ip))
        total = (total & 0xFFFF) + (total >> 16)
        total = (total & 0xFFFF) + (total >> 16)
        struct.pack_into("!H", frames, ip + 10, ~total & 0xFFFF)
        offset, size = kind.random
        start = ip + _IP + _UDP + offset
        frames[start : start + size] = os.urandom(size)
