# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The ikelb authors
"""Conversations between two hosts, one socket at each end, each end driven by the scenario."""

from __future__ import annotations

import os
import select
import socket
import threading
import time

from lab.netns import Namespace
from testlib import crafted


def arrives(receiver: socket.socket, data: bytes, patience: float) -> bool:
    """The datagram comes within `patience`; others before it are passed over."""
    end = time.monotonic() + patience
    while (left := end - time.monotonic()) > 0:
        if select.select([receiver], [], [], left)[0] and receiver.recv(65535) == data:
            return True
    return False


class Udp:
    """`first` sends the first datagram."""

    def __init__(self, first: tuple[Namespace, str, int], second: tuple[Namespace, str, int]):
        self.ends = [crafted.udp_socket(*first), crafted.udp_socket(*second)]
        self.places = [
            (where[1], end.getsockname()[1]) for where, end in zip((first, second), self.ends)
        ]

    def says(self, end: int, *, size: int = 60, patience: float = 1.0, tries: int = 1) -> bool:
        """What end 0 or 1 sends reaches the other; the first try may wait for ARP."""
        for _ in range(tries):
            data = os.urandom(size)
            self.ends[end].sendto(data, self.places[1 - end])
            if arrives(self.ends[1 - end], data, patience):
                return True
        return False

    def goes_both_ways(self, *, size: int = 60) -> bool:
        return self.says(0, size=size, tries=6, patience=0.5) and self.says(1, size=size)

    def close(self) -> None:
        for end in self.ends:
            end.close()


class Tcp:
    """A connection that `first` opens."""

    def __init__(
        self, first: tuple[Namespace, str], second: tuple[Namespace, str, int], patience: float = 5
    ):
        """OSError when it can't be opened."""
        family = socket.AF_INET6 if ":" in second[1] else socket.AF_INET
        self.ends: list[socket.socket] = []
        with second[0].socket(family, socket.SOCK_STREAM) as listener:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind(second[1:])
            listener.listen()
            listener.settimeout(patience)
            self.ends.append(first[0].socket(family, socket.SOCK_STREAM))
            self.ends[0].settimeout(patience)
            self.ends[0].bind((first[1], 0))
            self.ends[0].connect(second[1:])
            self.ends.append(listener.accept()[0])
        self.ends[1].settimeout(patience)

    def says(self, end: int, patience: float = 5) -> bool:
        """Sixteen bytes from end 0 or 1 reach the other."""
        data, got = os.urandom(16), b""
        receiver = self.ends[1 - end]
        receiver.settimeout(patience)
        try:
            self.ends[end].sendall(data)
            while len(got) < len(data):
                part = receiver.recv(len(data) - len(got))
                if not part:
                    return False
                got += part
        except OSError:
            return False
        return got == data

    def close(self) -> None:
        for end in self.ends:
            end.close()


class Stream:
    """Bytes from one end of a connection to the other, without a pause, until stopped."""

    def __init__(self, talk: Tcp, end: int):
        self.received, self._talk, self._end = 0, talk, end
        self._stop = threading.Event()
        self._threads = [
            threading.Thread(target=one, daemon=True) for one in (self._send, self._receive)
        ]
        for thread in self._threads:
            thread.start()

    def _send(self) -> None:
        self._talk.ends[self._end].settimeout(0.2)
        while not self._stop.wait(0.005):
            try:
                self._talk.ends[self._end].send(bytes(16384))
            except TimeoutError:
                continue
            except OSError:
                return

    def _receive(self) -> None:
        self._talk.ends[1 - self._end].settimeout(0.2)
        while not self._stop.is_set():
            try:
                self.received += len(self._talk.ends[1 - self._end].recv(65536))
            except TimeoutError:
                continue
            except OSError:
                return

    def stop(self) -> None:
        """The connection stays."""
        self._stop.set()
        for thread in self._threads:
            thread.join(5)
