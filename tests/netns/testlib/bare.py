# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The ikelb authors
"""Events in crafted datagrams: servers follow a script, clients go where they are told."""

from __future__ import annotations

import contextlib
import itertools
import os
import select
import time

from lab.farm import Server
from testlib import crafted, ikewire
from testlib.case import Case
from testlib.results import Row
from testlib.stage import Workers

PATIENCE = 5.0
REPEAT = 0.5


class ScriptedServer(crafted.Responder):
    """`mode`: normal, silent, cookie (wants one first), invalid_ke (refuses a first request),
    deleting (answers with a delete)."""

    def __init__(self, server: Server):
        self.mode = "normal"
        self.cookie = os.urandom(16)
        super().__init__(server)

    def send(self, port: int, payload: bytes, to: tuple[str, int]) -> None:
        self._sockets[port].sendto(payload, to)

    def _answer(self, port: int, payload: bytes) -> bytes | None:
        if self.mode == "silent":
            return None
        marker = ikewire.MARKER if port == 4500 else b""
        message = ikewire.parse(payload[len(marker) :]) if payload.startswith(marker) else None
        if message and message[2] == ikewire.IKE_SA_INIT:
            if self.mode == "cookie" and self.cookie not in payload:
                return marker + ikewire.refusal(message[0], ikewire.NOTIFY_COOKIE, self.cookie)
            if self.mode == "invalid_ke":
                return marker + ikewire.refusal(message[0], ikewire.NOTIFY_INVALID_KE, b"\0\x1f")
        elif message and self.mode == "deleting":
            spi_i, spi_r, exchange, _, number = message
            return marker + ikewire.encrypted(
                *(spi_i, spi_r, exchange, number),
                response=True,
                inner=ikewire.PAYLOAD_DELETE,
            )
        return super()._answer(port, payload)


class BareClient:
    """One crafted client; it may move, and keeps its SPIs then."""

    def __init__(
        self,
        stage: "BareStage",
        address: str,
        *,
        spi_i: bytes = b"",
        ports: tuple[int, int] = (500, 4500),
    ):
        self._stage = stage
        self.address = address
        self.spi_i, self.spi_r = spi_i or ikewire.new_spi(), bytes(8)
        self.esp_spi = int.from_bytes(os.urandom(4), "big") | 0x01000000
        self.sequence = 0
        self._bind(ports)
        self.mark()

    def _bind(self, ports: tuple[int, int]) -> None:
        space = self._stage.crowd
        self._sockets = {
            vip_port: crafted.udp_socket(space, self.address, own)
            for vip_port, own in zip((500, 4500), ports)
        }
        self.places = {(self.address, own) for own in ports}

    def move(self, address: str, ports: tuple[int, int] = (500, 4500)) -> None:
        for one in self._sockets.values():
            one.close()
        self.address = address
        self._bind(ports)
        self.mark()

    def mark(self) -> None:
        """From now on counts who receives something from it."""
        self.marks = {server: len(server.seen) for server in self._stage.servers}

    def renew(self) -> None:
        """After an IKE rekey, of which nothing was to be seen."""
        owner = self._stage.owners.get((self.spi_i, self.spi_r))
        self.spi_i, self.spi_r = ikewire.new_spi(), os.urandom(8)
        if owner:
            self._stage.give(self, owner)

    def send(self, port: int, payload: bytes) -> None:
        self._sockets[port].sendto(payload, (self._stage.farm.vip, port))

    def wait(self, port: int, patience: float = PATIENCE) -> bytes:
        one = self._sockets[port]
        if not select.select([one], [], [], patience)[0]:
            return b""
        return one.recv(65535)

    def exchange(self, port: int, payload: bytes) -> bytes:
        """Sends until an answer comes; the answer, or nothing after PATIENCE."""
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            self.send(port, payload)
            if answer := self.wait(port, REPEAT):
                message = ikewire.parse(answer.removeprefix(ikewire.MARKER))
                if message and message[0] == self.spi_i and message[2] == ikewire.IKE_SA_INIT:
                    self.spi_r = message[1]
                return answer
        return b""

    def ask(self, exchange: int, number: int) -> bytes:
        """A request within the SA, on port 4500."""
        message = ikewire.encrypted(self.spi_i, self.spi_r, exchange, number, response=False)
        return self.exchange(4500, ikewire.MARKER + message)

    def authenticate(self, number: int = 1) -> bytes:
        return self.ask(ikewire.IKE_AUTH, number)

    def esp(self) -> bytes:
        """One packet of its ESP SA, and the server's ESP in return."""
        self.sequence += 1
        return self.exchange(4500, ikewire.esp(self.esp_spi, self.sequence))


class BareStage(Workers):
    """The farm with two workers and scripted servers. Same surface as Stage for the runner."""

    def __init__(self, case: Case, *, servers: int = 2):
        self.case = case
        self.farm = case.farm(server_count=servers, client_count=0, queues=2)
        self.balancer = case.make_balancer(self.farm)
        self.crowd = self.farm.crowd()
        self._addresses = itertools.count(1)
        self.outcome = Row()

    def start(self) -> "BareStage":
        self.balancer.start()
        self.owners = {}
        self.servers = [ScriptedServer(server) for server in self.farm.servers]
        for server in self.servers:
            server.owners = self.owners
        self.case.await_backends(self.balancer)
        return self

    def begin(self, test: str) -> None:
        self.outcome = Row.of(test)
        self.count_packets()

    def end(self) -> None:
        self.check_workers()

    def row(self) -> dict:
        return vars(self.outcome)

    def records(self) -> dict[str, int]:
        return {t["name"]: t["used"] for t in self.balancer.query("status")["tables"]}

    @contextlib.contextmanager
    def servers_in(self, mode: str):
        for server in self.servers:
            server.mode = mode
        try:
            yield
        finally:
            for server in self.servers:
                server.mode = "normal"

    # --- clients ----------------------------------------------------------------------------------

    def address(self) -> str:
        return crafted.addresses(1, start=next(self._addresses))[0]

    def client(self, address: str = "", spi_i: bytes = b"") -> BareClient:
        return BareClient(self, address or self.address(), spi_i=spi_i)

    def opened(self, **options) -> BareClient:
        """A client with an answered IKE_SA_INIT."""
        client = self.client(**options)
        request = ikewire.init_request(client.spi_i)
        self.case.check(client.exchange(500, request), f"IKE_SA_INIT of {client.address}: silence")
        return client

    def established(self, **options) -> BareClient:
        """One with a tunnel, through which ESP has passed both ways."""
        client = self.opened(**options)
        self.case.check(client.authenticate(), f"IKE_AUTH of {client.address}: silence")
        self.give(client, self.receiver(client))
        for _ in range(4):
            self.case.check(client.esp(), f"ESP of {client.address}: silence")
        return client

    def give(self, client: BareClient, server: ScriptedServer) -> None:
        """From now on no other server takes anything of the client's SAs."""
        self.owners[client.spi_i, client.spi_r] = self.owners[client.esp_spi] = server

    # --- who got what -----------------------------------------------------------------------------

    def receivers(self, client: BareClient) -> set[ScriptedServer]:
        """The servers that took something of it since its last mark."""
        return {
            server
            for server in self.servers
            for datagram in list(server.seen)[client.marks[server] :]
            if (datagram.source, datagram.source_port) in client.places
        }

    def receiver(self, client: BareClient) -> ScriptedServer:
        """The one server that took what the client sent."""
        self.case.eventually(lambda: self.receivers(client), PATIENCE, "a server got it")
        found = self.receivers(client)
        self.case.equal(len(found), 1, f"servers of {client.address}")
        return next(iter(found))

    def comes_to(self, client: BareClient, server: ScriptedServer) -> None:
        found = self.receiver(client).server.name
        self.case.equal(found, server.server.name, f"server of {client.address}")

    def _home(self, address: str) -> ScriptedServer:
        with self.servers_in("silent"):
            probe = BareClient(self, address, ports=(60001, 60002))
            probe.send(500, ikewire.bare_init(probe.spi_i))
            return self.receiver(probe)

    def elsewhere(self, home: ScriptedServer) -> str:
        """An address, not yet used, that the source hash sends to another server than `home`."""
        for _ in range(40):
            address = self.address()
            if self._home(address) is not home:
                return address
        raise self.case.failed(f"the hash sends 40 addresses to {home.server.name}")

    def server_not_of(self, address: str) -> ScriptedServer:
        home = self._home(address)
        return next(server for server in self.servers if server is not home)
