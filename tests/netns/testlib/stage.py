# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The ikelb authors
"""What the tests of events share: one farm, ikelbd with two workers, the control beside it, and the
proof that a tunnel is still the same.

    clients 198.18.0.0/16 ── [isp]  ── [lb]   ikelbd ──┬── s1
    clients 198.26.0.0/16 ── [isp5] ── [hash] kernel ──┴── s2

What clients send arrives at worker 0, what servers send at worker 1: whatever ikelbd learns from an
answer, another worker has to know.
"""

from __future__ import annotations

import socket
import struct
import time
from dataclasses import asdict, dataclass

from lab import dualstack, peers
from lab.cgnat import Cgnat, Mapping
from lab.farm import Client, Server
from lab.ping import Echoes, Watch
from lab.shell import holds_for
from lab.topology import Isp
from testlib import ikewire
from testlib.beside import SourceHash
from testlib.case import Case, NoBasis
from testlib.results import Row

PROBE_PORT = 60000  # and up: each probe is a new flow to the control
# A live client's flow that the NAT gives to another client is moved once its server has been quiet
# for 15 s (docs/decisions/0009-what-moves.md), by an answer of the other client's server, asked
# every second.
SETTLED = 20.0
LOST_AFTER = 5.0  # seconds without any answer after which a tunnel counts as lost


@dataclass
class Side:
    """ikelb, or the control."""

    name: str
    isp: Isp
    nat: Cgnat | None = None
    used: int = 20  # hosts of the access network that are taken

    def address(self) -> str:
        """An address that nobody had before."""
        self.used += 1
        return f"{self.isp.wide_net}.{1 + self.used // 200}.{1 + self.used % 200}"


@dataclass(eq=False)
class Walker:
    """A client with a tunnel, and a ping through it to the one server that it ends at."""

    client: Client
    side: Side
    home: Server
    ping: Watch
    logins: int = 0
    counted: Echoes = Echoes(0, 0)  # of the ping that runs on, what rows have already


class Workers:
    """Sees to it that both workers had a part in a test."""

    def count_packets(self) -> None:
        self._packets = self.packets()

    def packets(self) -> dict[int, int]:
        return {row["id"]: row["packets"] for row in self.balancer.query("status")["workers"]}

    def check_workers(self) -> None:
        for worker, count in self.packets().items():
            here = count - self._packets.get(worker, 0)
            self.case.check(here >= 3, f"worker {worker} had {here} packets, no part in it")


class Stage(Workers):
    """Built once for a file of event tests; `begin` and `end` enclose each test."""

    def __init__(
        self,
        case: Case,
        *,
        servers: int = 2,
        control: bool = True,
        providers: int = 1,
        affinity: str = "source",
        labelled: bool = False,
        dual: bool = False,
        together: bool = False,
        config: dict | None = None,
        **peers_options,
    ):
        """`config` replaces top keys of the farm's; `peers_options` are those of the servers. With
        `dual`, there is an IPv6 VIP too, and with `together` each server is one backend of both."""
        self.case = case
        self.farm = case.farm(
            server_count=servers, client_count=0, isp_count=providers, queues=2
        )
        settings = self.farm.config() | (config or {})
        for service in settings["services"]:
            service["affinity"] = affinity
        if labelled:
            for backend, server in zip(settings["pools"][0]["backends"], self.farm.servers):
                backend["spi_label"] = server.label()
            peers_options["labelled"] = True
        if dual:
            dualstack.equip(self.farm)
            self.over_v4 = settings
            settings = dualstack.config(self.farm, settings, together=together)
        self.balancer = case.make_balancer(self.farm, settings)
        self.ikelb = Side("ikelb", self.farm.isp)
        self.second = Side("second", self.farm.isps[-1])  # ikelb's other provider, if it has two
        self.sides = [self.ikelb]
        if control:
            self.hash = SourceHash(self.farm)
            if case.one_server:
                self.hash.spread(self.farm.servers[:1])
            self.control = Side("control", self.hash.isp)
            self.sides.append(self.control)
        self.outcome = Row()
        self._names = self._ports = self._hosts = self._probes = 0
        self._gone: dict[Walker, int] = {}
        self._peers_options = peers_options

    def start(self) -> "Stage":
        self.balancer.start()
        self.farm.start_servers(**self._peers_options)
        self.case.await_backends(self.balancer)
        return self

    def await_save(self) -> None:
        """A save of ikelbd's state that began after this call: the second that ends."""
        for _ in range(2):
            before = self._saved_at()
            self.case.eventually(lambda: self._saved_at() > before, 10, "the state is saved")

    def _saved_at(self) -> float:
        for line in self.balancer.metrics().splitlines():
            name, _, value = line.rpartition(" ")
            if name == "ikelb_state_last_save_timestamp_seconds":
                return float(value)
        return 0.0

    # --- one test ---------------------------------------------------------------------------------

    def start_again(self) -> None:
        """ikelbd has ended; a new one counts its packets from nothing."""
        self.balancer.start()
        self.count_packets()

    def begin(self, test: str) -> None:
        self.outcome = Row.of(test)
        self.count_packets()

    def end(self) -> None:
        """Both workers had a part in it, and what the control has lost, in this test or before,
        stays lost."""
        for walker, answers in self._gone.items():
            self.case.equal(walker.ping.answers(), answers, "answers of a tunnel that was lost")
        self.check_workers()

    def row(self) -> dict:
        if self.outcome.sent:
            self.case.note(f"lost {self.outcome.lost} of {self.outcome.sent} pings")
        if self.outcome.control != "not run":
            self.case.note(f"control: {self.outcome.control}")
        return asdict(self.outcome)

    # --- clients ----------------------------------------------------------------------------------

    def name(self) -> str:
        self._names += 1
        return f"c{self._names}"

    def clients(self, *, sides: list[Side] | None = None, **options) -> list[Client]:
        """One client on each side, at addresses of their own, not yet started."""
        return [
            self.farm.add_client(self.name(), side.address(), side.isp, **options)
            for side in sides or self.sides
        ]

    def nat(self, side: Side) -> Cgnat:
        if side.nat is None:
            side.nat = Cgnat(self.farm, side.isp, f"nat-{side.name}")
        return side.nat

    def side_of(self, client: Client) -> Side:
        known = [*self.sides, self.second]
        return next(side for side in known if side.isp is client.isp)

    def connect(self, clients: list[Client], **options) -> None:
        self.farm.start_clients(clients, **options)
        connected = self.farm.connect(clients)
        missing = [c.name for c in clients if c not in connected]
        self.case.check(not missing, f"no tunnel for {', '.join(missing)}")

    def home(self, client: Client) -> Server:
        """The server of the client's tunnel, by the servers' own lists."""
        spis = {sa["initiator-spi"] for sa in client.charon.established()}
        for server in self.farm.servers:
            if server.charon and spis & {sa["initiator-spi"] for sa in server.charon.established()}:
                return server
        raise self.case.failed(f"no server has the tunnel of {client.name}")

    def walk(self, clients: list[Client], *, source: str = "") -> list[Walker]:
        """Pings through the tunnels of connected clients, from now on."""
        walkers = []
        for client in clients:
            home = self.home(client)
            file = self.case.lab.path("pings", f"{client.name}-{len(self._pings(client))}")
            ping = Watch(client.space, home.inside, file, source=source)
            walkers.append(Walker(client, self.side_of(client), home, ping, self.logins(client)))
        for walker in walkers:
            self.case.eventually(
                lambda w=walker: w.ping.answers() >= 3, 5, f"pings of {walker.client.name}"
            )
        return walkers

    def _pings(self, client: Client) -> list:
        return list(self.case.lab.path("pings", "x").parent.glob(f"{client.name}-*"))

    def called(
        self, client: Client, *, caller: Server | None = None, version: int = 2
    ) -> Walker:
        """A server opens a tunnel to the client's network; by default one that the source hash of
        the client's address does not name."""
        if caller is None:
            hashed = self.where(self.side_of(client), client.address)
            caller = next(server for server in self.farm.servers if server is not hashed)
        self._names += 1
        net = f"10.77.{self._names}.1"
        client.space.ip(f"address add {net}/32 dev lo")
        if client.charon is None:
            self.farm.start_clients([client])
        options = {"net": f"{net}/32", "version": version}
        vip = client.isp.vip
        client.charon.add(peers.site(client.name, vip, at_server=False, **options))
        caller.charon.add(peers.site(client.name, client.outside, at_server=True, **options))
        known = len(client.charon.log.text())
        done = caller.charon.initiate(f"site-{client.name}", timeout=8)
        self.case.equal(done.wait(20), 0, f"status of {caller.name} calling {client.name}")
        told = client.charon.log.text()[known:]
        self.case.check(f"received packet: from {vip}[" in told, f"the call is not from {vip}")
        (walker,) = self.walk([client], source=net)
        self.case.equal(walker.home.name, caller.name, "server of the tunnel")
        return walker

    def enter(self, **options) -> list[Walker]:
        """A connected client on each side, pinging."""
        clients = self.clients(**options)
        self.connect(clients)
        return self.walk(clients)

    @staticmethod
    def logins(client: Client) -> int:
        """How often the client has begun to authenticate: a tunnel that lives on does not."""
        return client.charon.log.text().count("generating IKE_AUTH request 1 ")

    def roam(self, client: Client, address: str = "") -> None:
        """The client's own address changes, by default to one that the source hash sends to another
        server."""
        client.move(address or self.elsewhere(self.side_of(client), self.home(client)))

    def rekey(self, walkers: list[Walker], *, by_server: bool = False) -> None:
        """New IKE SAs for old, of which nothing but the exchange itself is to be seen."""
        before = self.case.spis([walker.client for walker in walkers])
        for walker in walkers:
            if by_server:
                walker.home.charon.rekey(number=self.number_at(walker))
            else:
                walker.client.charon.rekey(ike="ikelb")
        self.case.eventually(
            lambda: all(
                spi != before[name]
                for name, spi in self.case.spis([w.client for w in walkers]).items()
            ),
            5,
            "the IKE SAs are rekeyed",
        )

    def roam_after_rekey(self, walkers: list[Walker], *, by_server: bool = False) -> None:
        """They show a pair of SPIs that was inside encryption alone."""
        self.rekey(walkers, by_server=by_server)
        for walker in walkers:
            self.roam(walker.client)

    def number_at(self, walker: Walker) -> str:
        """The number of the walker's IKE_SA at its server."""
        spis = self.case.spis([walker.client]).values()
        return next(
            sa["uniqueid"]
            for sa in walker.home.charon.established()
            if sa["initiator-spi"] in spis
        )

    # --- behind a NAT -----------------------------------------------------------------------------

    def mapping(self, side: Side, address: str = "") -> Mapping:
        """Ports that no client had before, at a public address; by default one of its own."""
        self._ports += 1
        address = address or self.public(side)
        return Mapping((address, 20000 + self._ports), (address, 40000 + self._ports))

    def public(self, side: Side) -> str:
        """An address of the side's NAT that nobody had before."""
        self._hosts += 1
        return self.nat(side).public(self._hosts)

    def behind_nat(self, mapping: Mapping | None = None, *, side: Side, **options) -> Client:
        return self.nat(side).add(self.name(), mapping or self.mapping(side), **options)

    def enter_behind_nat(
        self, *, addresses: dict[str, str] | None = None, **options
    ) -> list[Walker]:
        """A connected client behind a NAT on each side, pinging."""
        clients = [
            self.behind_nat(
                self.mapping(side, (addresses or {}).get(side.name, "")), side=side, **options
            )
            for side in self.sides
        ]
        self.connect(clients)
        self.know_mappings(clients)
        return self.walk(clients)

    def remap(self, client: Client, mapping: Mapping) -> None:
        """The NAT's doing: the client does not know. ESP comes first from there."""
        self.nat(self.side_of(client)).remap(client, mapping)

    def rebind(self, walker: Walker) -> None:
        """A new public address, which the source hash sends to another server."""
        side = walker.side
        address = self.elsewhere(side, walker.home, lambda: self.public(side))
        self.remap(walker.client, self.mapping(side, address))

    def know_mappings(self, clients: list[Client]) -> None:
        """strongSwan notices a new mapping only against what an own DPD told before."""
        for client in clients:
            self.case.eventually(
                lambda c=client: "sending DPD request" in c.charon.log.text(), 10, "a DPD"
            )

    # --- where the hash sends an address ----------------------------------------------------------

    @staticmethod
    def forge(side: Side, source: tuple[str, int], port: int, payload: bytes) -> None:
        """A datagram to the VIP that comes from the side's provider, whoever has that source."""
        segment = struct.pack("!HHHH", source[1], port, 8 + len(payload), 0) + payload
        header = struct.pack(
            *("!BBHHHBBH4s4s", 0x45, 0, 20 + len(segment), 0, 0, 64, 17, 0),
            socket.inet_aton(source[0]),
            socket.inet_aton(side.isp.vip),
        )
        with side.isp.space.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW) as one:
            one.sendto(header + segment, (side.isp.vip, 0))

    def where(self, side: Side, address: str) -> Server:
        """The server that a new client at this address would come to: sends a bare header from
        there, which no server keeps anything of, and looks for it in the servers' logs."""
        spi = ikewire.new_spi()
        self._probes += 1
        self.forge(side, (address, PROBE_PORT + self._probes), 500, ikewire.bare_init(spi))
        found: list[Server] = []

        def seen() -> bool:
            text = f"{spi.hex()}_i"
            found[:] = [s for s in self.farm.servers if s.charon and text in s.charon.log.text()]
            return bool(found)

        self.case.eventually(seen, 5, f"the probe from {address} reaches a server")
        return found[0]

    def elsewhere(self, side: Side, home: Server, choose=None) -> str:
        """An address, not yet used, that the source hash sends to another server than `home`."""
        for _ in range(40):
            address = (choose or side.address)()
            has_no_choice = self.case.one_server and side.name == "control"
            if has_no_choice or self.where(side, address) is not home:
                return address
        raise self.case.failed(f"the hash of {side.name} sends 40 addresses to {home.name}")

    def login_goes(self, address: str) -> dict:
        """How a first request from this address would go, in ikelb's own words."""
        vip = dualstack.VIP if ":" in address else self.farm.vip
        answers = self.balancer.query("explain", "--client", address, "--vip", vip)["answers"]
        return next(answer for answer in answers if answer["datagram"] == "new IKE SA")

    def resident(self, server: Server, **options) -> Client:
        """A client of ikelb's, not yet started, that comes to this server."""
        for _ in range(60):
            address = self.ikelb.address()
            if self.where(self.ikelb, address) is server:
                return self.farm.add_client(self.name(), address, self.farm.isp, **options)
        raise self.case.failed(f"60 addresses and none for {server.name}")

    # --- verdicts ---------------------------------------------------------------------------------

    def check_alive(self, walkers: list[Walker], *, within: float = 8.0) -> None:
        """Each tunnel is the one it was, at the same server, and carries pings again."""
        marks = self.mark(walkers)
        for walker in walkers:
            name = walker.client.name
            self.case.eventually(
                lambda w=walker: w.ping.answers() >= marks[w][0] + 5,
                within,
                f"{walker.side.name}: {name} has answers from {walker.home.name} again",
            )
            self.case.equal(
                self.logins(walker.client), walker.logins, f"logins of {name}, {walker.side.name}"
            )
            self.case.equal(self.home(walker.client).name, walker.home.name, f"server of {name}")

    def check_lossless(self, walker: Walker) -> None:
        echoes = walker.ping.so_far()
        self.case.check(echoes.all, f"{walker.side.name}: {echoes} pings of {walker.client.name}")

    def kept(self, walkers: list[Walker], *, within: float = 8.0) -> None:
        """They are alive at the end of the test, which counts their pings."""
        self.check_alive(walkers, within=within)
        for walker in walkers:
            self.finish(walker)
        if any(walker.side.name == "control" for walker in walkers):
            self.outcome.control = "kept"

    def mark(self, walkers: list[Walker]) -> dict[Walker, tuple[int, float]]:
        """The answers so far, and when: a move is made now."""
        return {walker: (walker.ping.answers(), time.monotonic()) for walker in walkers}

    def holds(self, walker: Walker, seconds: float) -> None:
        """Its ping is answered without a pause of two seconds."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            mark = walker.ping.answers()
            self.case.eventually(
                lambda: walker.ping.answers() > mark, 2, f"{walker.client.name} has answers"
            )

    def lost(self, walkers: list[Walker], since: dict[Walker, tuple[int, float]]) -> None:
        """The control's tunnels do not come back; a control that survives is a failed test."""
        for walker in walkers:
            answers, when = since[walker]
            left = max(1.0, LOST_AFTER - (time.monotonic() - when))
            self.case.check(  # one answer may have been on its way
                holds_for(lambda w=walker, n=answers + 1: w.ping.answers() <= n, left),
                f"the control kept the tunnel of {walker.client.name}: the move shows nothing",
            )
            self._gone[walker] = walker.ping.answers()
        self.outcome.control = "lost"

    def both(self, walkers: list[Walker], *, control: str, within: float = 8.0) -> None:
        """Moves are made: ikelb's tunnels live, the control's are `control`."""
        if self.case.one_server:
            control = "kept"
        since = self.mark(walkers)
        ours = [walker for walker in walkers if walker.side.name != "control"]
        beside = [walker for walker in walkers if walker.side.name == "control"]
        self.kept(ours + (beside if control == "kept" else []), within=within)
        if control == "lost":
            self.lost(beside, since)

    def finish(self, walker: Walker) -> Echoes:
        """Ends its ping; what it lost goes into the row."""
        echoes = walker.ping.stop()
        self.count(walker, echoes)
        return echoes

    def count(self, walker: Walker, echoes: Echoes) -> None:
        if (walker.side.name == "control") == self.case.one_server:
            self.outcome.sent += echoes.sent
            self.outcome.lost += echoes.sent - echoes.received

    def needs_choice(self) -> None:
        if self.case.one_server:
            raise NoBasis("the control has one server")

    def of(self, walkers: list[Walker], side: Side) -> list[Walker]:
        return [walker for walker in walkers if walker.side is side]
