# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The ikelb authors
"""Crafted peers: many clients and small servers that speak the outside of IKE and ESP.

Sockets are opened in the peers' namespaces; servers answer from a thread each, clients are driven
by the scenario.
"""

from __future__ import annotations

import contextlib
import os
import selectors
import socket
import struct
import threading
import time
from dataclasses import dataclass, field

from lab.farm import Farm, Server
from lab.netns import Namespace
from testlib import ikewire

SO_NO_CHECK = 11
IP_MTU_DISCOVER, IPV6_MTU_DISCOVER, PMTUDISC_DONT = 10, 23, 0


def udp_socket(
    space: Namespace, address: str, port: int, *, no_checksum: bool = False
) -> socket.socket:
    """A bound UDP socket whose large datagrams are sent in fragments, of the address's family."""
    is_v6 = ":" in address
    made = space.socket(socket.AF_INET6 if is_v6 else socket.AF_INET, socket.SOCK_DGRAM)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
    if is_v6:
        made.setsockopt(socket.IPPROTO_IPV6, IPV6_MTU_DISCOVER, PMTUDISC_DONT)
    else:
        made.setsockopt(socket.IPPROTO_IP, IP_MTU_DISCOVER, PMTUDISC_DONT)
    if no_checksum:
        made.setsockopt(socket.SOL_SOCKET, SO_NO_CHECK, 1)
    made.bind((address, port))
    made.setblocking(False)
    return made


@dataclass(frozen=True)
class Datagram:
    """What a crafted server received."""

    server: str
    local_port: int
    source: str
    source_port: int
    payload: bytes


class Responder:
    """A crafted server: answers IKE requests and ESP on 500 and 4500 of its address, and logs all
    it gets. `owners`: whose the SAs are, by their SPIs. As real servers it is silent about those of
    others; one of nobody's is taken by whoever gets it."""

    def __init__(self, server: Server, address: str = ""):
        """Default address: the server's IPv4 one."""
        self.server = server
        self.owners: dict[int | tuple[bytes, bytes], Responder] = {}
        self.seen: list[Datagram] = []
        self._sockets = {
            p: udp_socket(server.space, address or server.address, p) for p in (500, 4500)
        }
        self._wake_in, self._wake_out = os.pipe()
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        waiting = selectors.DefaultSelector()
        waiting.register(self._wake_in, selectors.EVENT_READ)
        for port, one in self._sockets.items():
            waiting.register(one, selectors.EVENT_READ, port)
        while True:
            for key, _ in waiting.select():
                if key.data is None:
                    return
                self._take(key.fileobj, key.data)

    def _take(self, one: socket.socket, port: int) -> None:
        while True:
            try:
                payload, peer = one.recvfrom(65535)
            except BlockingIOError:
                return
            if not self._is_own(port, payload):
                continue
            self.seen.append(Datagram(self.server.name, port, peer[0], peer[1], payload))
            if answer := self._answer(port, payload):
                with contextlib.suppress(OSError):  # a forged source may be nobody's
                    one.sendto(answer, peer)

    def _is_own(self, port: int, payload: bytes) -> bool:
        if port == 4500 and not payload.startswith(ikewire.MARKER):
            sa = int.from_bytes(payload[:4], "big")
        else:
            message = ikewire.parse(payload.removeprefix(ikewire.MARKER))
            sa = message[:2] if message else None
        return self.owners.get(sa, self) is self

    def _answer(self, port: int, payload: bytes) -> bytes | None:
        if port == 4500 and payload[:4] != ikewire.MARKER:
            if len(payload) < 8:
                return None
            spi, sequence = struct.unpack_from("!II", payload)
            return ikewire.esp(spi ^ 0x00FFFFFF, sequence, len(payload) - 8)
        marker = ikewire.MARKER if port == 4500 else b""
        message = ikewire.parse(payload[len(marker) :])
        if message is None or message[3] & ikewire.FLAG_RESPONSE:
            return None
        spi_i, spi_r, exchange, _, number = message
        if exchange == ikewire.IKE_SA_INIT:
            return marker + ikewire.init_response(
                spi_i, bytes([self.server.number]) + os.urandom(7)
            )
        size = max(8, len(payload) - len(marker) - 32)
        return marker + ikewire.encrypted(spi_i, spi_r, exchange, number, response=True, size=size)

    def close(self) -> None:
        os.write(self._wake_out, b"x")
        self._thread.join()
        for one in self._sockets.values():
            one.close()
        os.close(self._wake_in)
        os.close(self._wake_out)


@dataclass
class CraftedClient:
    """One client of a crowd; `answers` counts replies per VIP port."""

    address: str
    sockets: dict[int, socket.socket]
    spi_i: bytes = field(default_factory=ikewire.new_spi)
    spi_r: bytes = bytes(8)
    esp_spi: int = field(default_factory=lambda: int.from_bytes(os.urandom(4), "big") | 0x01000000)
    answers: dict[int, int] = field(default_factory=lambda: {500: 0, 4500: 0})
    from_others: list[tuple[str, int]] = field(
        default_factory=list
    )  # answers not from the VIP's own port

    def restart(self) -> None:
        """Forgets its SA: the next exchange is a new client's."""
        self.spi_i, self.spi_r = ikewire.new_spi(), bytes(8)


class Crowd:
    """Many clients with addresses of their own in one namespace, driven in step."""

    def __init__(
        self,
        space: Namespace,
        addresses: list[str],
        vip: str,
        *,
        ports: dict[int, int] | None = None,
    ):
        """`ports` maps VIP port to the clients' own port; default the same."""
        self.vip = vip
        self._waiting = selectors.DefaultSelector()
        self.clients: list[CraftedClient] = []
        for address in addresses:
            sockets = {
                vip_port: udp_socket(space, address, own)
                for vip_port, own in (ports or {500: 500, 4500: 4500}).items()
            }
            client = CraftedClient(address, sockets)
            for vip_port, one in sockets.items():
                self._waiting.register(one, selectors.EVENT_READ, (client, vip_port))
            self.clients.append(client)

    def init(
        self,
        clients: list[CraftedClient] | None = None,
        *,
        timeout: float = 10.0,
        retry: float = 0.5,
    ) -> list[CraftedClient]:
        """IKE_SA_INIT to 500, repeated every `retry` seconds. Returns the clients without an
        answer."""
        return self._exchange(clients, 500, lambda c: ikewire.init_request(c.spi_i), timeout, retry)

    def auth(
        self, clients: list[CraftedClient] | None = None, *, size: int = 200, timeout: float = 10.0
    ) -> list[CraftedClient]:
        """IKE_AUTH to 4500 within the SA that `init` opened."""
        return self._exchange(
            clients,
            4500,
            lambda c: ikewire.MARKER
            + ikewire.encrypted(c.spi_i, c.spi_r, ikewire.IKE_AUTH, 1, response=False, size=size),
            timeout,
        )

    def esp(
        self,
        sequence: int,
        clients: list[CraftedClient] | None = None,
        *,
        size: int = 96,
        timeout: float = 10.0,
    ) -> list[CraftedClient]:
        return self._exchange(
            clients, 4500, lambda c: ikewire.esp(c.esp_spi, sequence, size), timeout
        )

    def _exchange(self, clients, port, make, timeout, retry=0.5) -> list[CraftedClient]:
        chosen = self.clients if clients is None else clients
        goal = {c.address: c.answers[port] + 1 for c in chosen}
        datagrams = {c.address: make(c) for c in chosen}
        waiting, deadline, resend = list(chosen), time.monotonic() + timeout, 0.0
        while waiting and time.monotonic() < deadline:
            if time.monotonic() >= resend:
                for start in range(0, len(waiting), 32):
                    for client in waiting[start : start + 32]:
                        client.sockets[port].sendto(datagrams[client.address], (self.vip, port))
                    self._collect(0)
                resend = time.monotonic() + retry
            self._collect(0.02)
            waiting = [c for c in waiting if c.answers[port] < goal[c.address]]
        return waiting

    def _collect(self, patience: float) -> None:
        for key, _ in self._waiting.select(patience):
            client, port = key.data
            while True:
                try:
                    payload, source = key.fileobj.recvfrom(65535)
                except BlockingIOError:
                    break
                if source[:2] != (self.vip, port):
                    client.from_others.append(source)
                    continue
                client.answers[port] += 1
                self._learn(client, port, payload)

    @staticmethod
    def _learn(client: CraftedClient, port: int, payload: bytes) -> None:
        message = ikewire.parse(payload[4:] if port == 4500 else payload)
        if message and message[0] == client.spi_i and message[2] == ikewire.IKE_SA_INIT:
            client.spi_r = message[1]

    def close(self) -> None:
        for client in self.clients:
            for one in client.sockets.values():
                one.close()
        self._waiting.close()


def addresses(count: int, *, start: int = 1) -> list[str]:
    """Addresses of the crowd's network, 198.19.0.0/16."""
    return [f"198.19.{n // 250}.{n % 250 + 1}" for n in range(start, start + count)]


def servers_of(
    responders: list[Responder], *, spis: set[bytes] | None = None
) -> dict[str, set[str]]:
    """{client address: servers that saw it}; with `spis` only IKE messages of these initiator
    SPIs."""
    found: dict[str, set[str]] = {}
    for responder in responders:
        for datagram in list(responder.seen):
            data = datagram.payload.removeprefix(ikewire.MARKER)
            if spis is None or data[:8] in spis:
                found.setdefault(datagram.source, set()).add(datagram.server)
    return found


def responders(farm: Farm) -> list[Responder]:
    return [Responder(server) for server in farm.servers]
