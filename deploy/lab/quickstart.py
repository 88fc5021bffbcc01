# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The ikelb authors
"""The demonstration behind `deploy/quickstart`: a farm, its clients, one table, one outage, one
verdict."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Callable

from . import outage, session, tour
from .farm import Farm
from .ikelbd import Ikelbd
from .session import Lab
from .shell import LabError
from .terminal import paint, say, table
from .witness import Row, Sighting, Totals, Witness

BREAKS = {
    "stopped": "ikelbd is stopped before the clients connect",
    "gateway": "the servers' default gateway points to an address nobody has",
    "dnat": "ikelbd's configuration names another VIP, so nothing is translated",
    "snat": "a router before ikelbd translates the clients' source addresses",
}
_WRONG_VIP, _WRONG_GATEWAY = "203.0.113.99", "10.20.0.250"


@dataclass(frozen=True)
class Options:
    servers: int = 2
    clients: int = 6
    keep: bool = False
    broken: str = ""
    driver: str = "af_xdp"


def make_ikelbd(farm: Farm, config: dict) -> Ikelbd:
    return Ikelbd(farm.lab, farm.lb, config)


class Quickstart:
    """One demonstration. `run` returns the exit status: 0 PASS, 1 FAIL."""

    def __init__(
        self,
        lab: Lab,
        options: Options,
        make_balancer: Callable[[Farm, dict], Ikelbd] = make_ikelbd,
    ):
        self.lab = lab
        self.options = options
        self.make_balancer = make_balancer
        self.begun = time.monotonic()

    def step(self, text: str) -> None:
        say(f"[{time.monotonic() - self.begun:5.1f} s] {text}")

    def run(self) -> int:
        farm, balancer = self._build()
        witness = Witness(farm)
        self.step(f"{len(farm.clients)} clients connect to {farm.vip}")
        farm.connect(timeout=5 if self.options.broken else 20)
        rows = witness.rows()
        self._show_rows(rows)
        faults = [fault for row in rows for fault in row.faults()]
        totals = witness.totals()
        if not faults:
            faults = self._outage(farm, balancer, witness)
        if self.options.keep:
            self._show_commands(farm, balancer)
        return self._verdict(faults, totals, rows)

    # --- the steps --------------------------------------------------------------------------------

    def _build(self) -> tuple[Farm, Ikelbd]:
        broken = self.options.broken
        if broken:
            say(paint(f"Broken on purpose ({broken}): {BREAKS[broken]}.", "yellow"))
        farm = Farm(
            self.lab,
            server_count=self.options.servers,
            client_count=self.options.clients,
            driver=self.options.driver,
        )
        self.step(
            f"namespaces {self.lab.prefix}*: {len(farm.servers)} servers, {len(farm.clients)} "
            f"clients ({sum(c.behind_nat for c in farm.clients)} behind a NAT), an ISP's router, "
            "the balancer"
        )
        config = farm.config()
        if broken == "dnat":
            config["services"][0]["vip"] = _WRONG_VIP
        balancer = self.make_balancer(farm, config)
        balancer.start()
        self.step(f"ikelbd is ready ({balancer.started_in:.1f} s)")
        farm.start_servers()
        farm.start_clients()
        for server in farm.servers:
            balancer.wait_state(server.name, "up")
        self.step("strongSwan runs on all; the health check calls all servers up")
        if broken == "stopped":
            balancer.stop()
            self.step("ikelbd is stopped")
        elif broken == "gateway":
            for server in farm.servers:
                server.default_gateway(_WRONG_GATEWAY)
        elif broken == "snat":
            farm.isp.space.nft(
                "table ip wrong {\n chain out {\n  type nat hook postrouting priority srcnat\n"
                '  oifname "uplink" masquerade\n }\n}\n'
            )
        return farm, balancer

    def _outage(self, farm: Farm, balancer: Ikelbd, witness: Witness) -> list[str]:
        self.step("one server goes: cable cut, charon killed")
        seen = outage.happen(farm, balancer)
        names = ", ".join(c.name for c in seen.clients)
        health = balancer.config["pools"][0]["health"]["icmp"]
        say(
            f"  {seen.server.name} ({seen.server.address}) had {names}; health check: echo every "
            f"{health['interval']}, {health['timeout']} to answer, {health['fall']} misses"
        )
        if seen.detected is not None:
            say(
                f"  ikelbctl says down after {seen.detected:.1f} s; on the wire "
                f"{seen.echoes_lost} echo requests had no reply by then"
            )
        if seen.log_line:
            say(f"  ikelbd's log: {seen.log_line.strip()}")
        for client, (server, after) in sorted(seen.reconnected.items()):
            say(f"  {client} is back on {server} after {after:.1f} s")
        faults = seen.faults()
        if not faults:
            rows = witness.rows()
            self._show_rows(rows)
            faults = [fault for row in rows for fault in row.faults()]
            faults += [
                f"{row.client.name}: is on {seen.server.name}, which is down"
                for row in rows
                if row.auth.server == seen.server.name
            ]
        if self.options.keep:
            self.step(
                f"{seen.server.name} is up again after "
                f"{outage.mend(farm, balancer, seen.server):.1f} s"
            )
        return faults

    # --- what is shown ----------------------------------------------------------------------------

    def _show_rows(self, rows: list[Row]) -> None:
        head = [
            "client",
            "sent from (:500)",
            "server's log says",
            "sent from (:4500)",
            "server's log says",
            "server :500",
            "server :4500",
            "tunnel",
            "ping",
        ]
        lines = []
        for row in rows:
            init, auth = row.init, row.auth
            server, echoes = row.pinged
            kind = "NAT" if row.client.behind_nat else row.client.kind
            lines.append(
                [
                    f"{row.client.name} ({kind})",
                    init.real or "!nothing",
                    self._seen(init),
                    auth.real or "!nothing",
                    self._seen(auth),
                    init.server if init.answered else "!-",
                    auth.server if auth.answered else "!-",
                    server if echoes.received else "!-",
                    str(echoes) if echoes.all else f"!{echoes}",
                ]
            )
        say()
        say(table(head, lines))
        say()

    @staticmethod
    def _seen(sighting: Sighting) -> str:
        if not sighting.seen:
            return "!not seen"
        return sighting.seen if sighting.seen == sighting.real else f"!{sighting.seen}"

    def _show_commands(self, farm: Farm, balancer: Ikelbd) -> None:
        say("The lab is still up. Look around:")
        for line in (*tour.of_balancer(balancer), *tour.of_farm(farm), tour.logs(farm, [balancer])):
            say(f"  {line}")
        say("  deploy/quickstart --down   # remove all of it")
        say()

    def _verdict(self, faults: list[str], totals: Totals, rows: list[Row]) -> int:
        seconds = time.monotonic() - self.begun
        if not faults:
            say(
                paint(
                    f"PASS: {len(rows)} clients, every source address and port arrived unchanged, "
                    f"none was split between servers, all back after the outage ({seconds:.0f} s)",
                    "green",
                )
            )
            return 0
        for fault in dict.fromkeys(faults):
            say(f"  {fault}")
        tunnels = sum(row.established for row in rows)
        say(
            paint(
                f"FAIL: {tunnels} of {len(rows)} clients have a tunnel; {self._account(totals)}; "
                f"first fault: {faults[0]} ({seconds:.0f} s)",
                "red",
            )
        )
        return 1

    @staticmethod
    def _account(totals: Totals) -> str:
        """Where the packets ended, as the peers saw it."""
        text = f"clients sent {totals.sent} IKE packets to the VIP"
        if not totals.received:
            return f"{text}, no server saw one of them"
        text += f", the servers' logs have {totals.received} and answer {totals.answered}"
        return f"{text}, the clients' side saw {totals.returned or 'no'} answers"


def run(options: Options) -> int:
    session.sweep()
    with Lab(keep=options.keep) as lab:
        try:
            return Quickstart(lab, options).run()
        except LabError as error:
            say(paint(f"FAIL: {error}", "red"))
            return 1
