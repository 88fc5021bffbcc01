# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The ikelb authors
"""What a scenario works with: its lab, its farm, its balancer, and checks that say what was
seen."""

from __future__ import annotations

import contextlib
import subprocess
from typing import Callable

from lab.farm import Client, Farm
from lab.ikelbd import Ikelbd, build_directory
from lab.ping import through_tunnels
from lab.session import Lab
from lab.shell import LabError, wait_until
from testlib.control import KernelBalancer


class CheckFailed(AssertionError):
    """ikelb (or what stands in for it) did not do what the scenario claims."""


class NoBasis(Exception):
    """What a test compares is not there in this kind of run."""


class Case:
    """One run of a scenario. `broken` names the fault that a falsification twin builds in; empty
    for the real run."""

    def __init__(
        self,
        lab: Lab,
        *,
        balancer: str = "ikelbd",
        driver: str = "af_xdp",
        broken: str = "",
        long: bool = False,
        one_server: bool = False,
    ):
        self.lab = lab
        self.balancer_kind = balancer
        self.driver = driver
        self.broken = broken
        self.long = long
        self.one_server = one_server  # of the control beside ikelbd: it has no choice
        self.notes: list[str] = []
        self.built: Farm | None = None
        self.balancers: list[Ikelbd] = []

    # --- claims -----------------------------------------------------------------------------------

    @staticmethod
    def check(condition: object, message: str) -> None:
        if not condition:
            raise CheckFailed(message)

    @staticmethod
    def failed(message: str) -> CheckFailed:
        return CheckFailed(message)

    @staticmethod
    def equal(found: object, expected: object, what: str) -> None:
        if found != expected:
            raise CheckFailed(f"{what}: {found!r} instead of {expected!r}")

    @staticmethod
    def eventually(condition: Callable[[], object], timeout: float, claim: str) -> None:
        """The claim must become true within `timeout` seconds."""
        try:
            wait_until(condition, timeout, claim, interval=0.05)
        except LabError as error:
            raise CheckFailed(f"not within {timeout:g} s: {claim}") from error

    def note(self, text: str) -> None:
        """A figure worth showing beside the result."""
        self.notes.append(text)

    # --- building ---------------------------------------------------------------------------------

    def farm(self, **options) -> Farm:
        self.built = Farm(self.lab, driver=self.driver, **options)
        return self.built

    def make_balancer(self, farm: Farm, config: dict | None = None) -> Ikelbd:
        """The balancer under test, not started."""
        config = config or farm.config()
        if self.balancer_kind == "kernel":
            return KernelBalancer(farm, config)
        made = Ikelbd(self.lab, farm.lb, config)
        self.balancers.append(made)
        if farm.queues > 1:
            made.environment["LD_PRELOAD"] = str(
                build_directory() / "tests" / "netns" / "libveth_channels.so"
            )
        return made

    def balancer(self, farm: Farm, config: dict | None = None) -> Ikelbd:
        """The balancer under test, ready, and all its backends up."""
        made = self.make_balancer(farm, config)
        made.start()
        self.await_backends(made)
        return made

    @staticmethod
    def await_backends(balancer: Ikelbd) -> None:
        """Waits until the health check calls every configured backend up."""
        if isinstance(balancer, Ikelbd):
            for pool in balancer.config["pools"]:
                for backend in pool["backends"]:
                    balancer.wait_state(backend["name"], "up")

    def tunnels(self, farm: Farm) -> None:
        """Real servers and clients, all connected."""
        farm.start_servers()
        farm.start_clients()
        connected = farm.connect()
        missing = [c.name for c in farm.clients if c not in connected]
        self.check(not missing, f"no tunnel for {', '.join(missing)}")

    def write_down(self) -> None:
        """What running balancers say of themselves goes beside their logs."""
        for balancer in self.balancers:
            for question in ("status", "backends", "drops", "flows", "sessions"):
                with contextlib.suppress(LabError, subprocess.SubprocessError):
                    said = balancer.control("--json", question, check=False).stdout
                    (balancer.folder / f"{question}.json").write_text(said, "utf-8")

    # --- looking ----------------------------------------------------------------------------------

    @staticmethod
    def homes(farm: Farm) -> dict[str, str]:
        """{client: server} by the servers' own lists of SAs; a client without a live SA is left
        out."""
        at = {
            sa["initiator-spi"]: s.name
            for s in farm.servers
            if s.charon
            for sa in s.charon.established()
        }
        found = {}
        for client in farm.clients:
            for sa in client.charon.established() if client.charon else []:
                if sa["initiator-spi"] in at:
                    found[client.name] = at[sa["initiator-spi"]]
        return found

    @staticmethod
    def spis(clients: list[Client]) -> dict[str, str]:
        """{client: initiator SPI}: the same later means the same SA, not a new one."""
        return {c.name: sa["initiator-spi"] for c in clients for sa in c.charon.established()}

    def check_pings(
        self, farm: Farm, *, clients: list[Client] | None = None, count: int = 3
    ) -> None:
        """Each client's tunnel carries all pings, to the one server that it ends at."""
        chosen = clients if clients is not None else farm.clients
        homes = self.homes(farm)
        results = through_tunnels(chosen, farm.servers, count)
        for client in chosen:
            answered = {server: str(e) for server, e in results[client.name].items() if e.received}
            self.equal(
                answered, {homes.get(client.name): f"{count}/{count}"}, f"pings of {client.name}"
            )
