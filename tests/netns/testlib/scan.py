# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The ikelb authors
"""The scan: all that a stranger can send at a farm, and what of it arrives or is answered.

Silence is proved, not assumed: every packet of a scan that must end at ikelb is found again in the
counter of the reason for which it was dropped.
"""

from __future__ import annotations

from typing import Iterable

from lab import dualstack
from lab.shell import LabError, wait_until
from lab.topology import GATEWAY, Topology
from testlib import ikewire, oddities, packets
from testlib.case import Case
from testlib.scanned import (
    ADMIN_NET,
    INNER,
    ON_LO,
    ON_LO6,
    ON_MGMT,
    ON_MGMT6,
    OUTSIDE,
    SOURCES,
    VIPS,
    Scanned,
    Target,
)
from testlib.scanner import BURST, DSCP, SMALL_BURST, Scanner
from testlib.talk import Tcp, Udp

ALL_PORTS = range(1, 65536)
SERVICE = {500, 4500}
NAMES = {packets.TCP: "tcp", packets.UDP: "udp"}
OWN_PORT = 22  # what the host's own rules let in on the ingress address


def opened(config: dict) -> dict:
    """The configuration of somebody who filters elsewhere: everything of it open."""
    every = ["tcp/1-65535", "udp/1-499", "udp/501-4499", "udp/4501-65535"]
    own = (ON_LO, ON_LO6, ON_MGMT, ON_MGMT6, GATEWAY, dualstack.GATEWAY)
    return {
        **config,
        "transit": "open",
        "own_services": [
            {"address": address, "from": "::/0" if ":" in address else "0.0.0.0/0"}
            for address in own
        ],
        "services": [{**service, "host_ports": list(every)} for service in config["services"]],
    }


class Scan:
    """`ports`: those that are scanned of each protocol at each target. Where the balancer's kernel
    lies on the way of an open one, its share of packets is limited, and every eighth has to do."""

    def __init__(self, case: Case, topology: type[Topology], ports: Iterable[int]):
        self.case, self.ports = case, list(ports)
        self.there = Scanned(case, topology)
        self.is_open = case.broken == "open"
        if self.is_open:
            self.there.config = opened(self.there.config)
        self.there.start()
        self.scanner = self.there.scanner
        self.faults: list[str] = []
        self.sent = 0

    def fault(self, text: str) -> None:
        self.faults.append(text)

    # --- what has to stay shut --------------------------------------------------------------------

    def ports_of(self, target: Target, protocol: int) -> list[int]:
        """The ports to scan; the VIP's service is asked in its own words."""
        is_by_kernel = target.host in (self.there.own, self.there.admin)
        ports = self.ports[:: 8 if self.is_open and is_by_kernel else 1]
        if protocol == packets.UDP and target.name == "VIP":
            ports = [port for port in ports if port not in SERVICE]
        return ports

    def run(self) -> None:
        complete = {target.name for target in self.there.targets(4)}
        for family in (4, 6):
            targets = self.there.targets(family)
            self.odd_packets(family, targets)
            complete &= {t.name for t in targets if self.all_ports(self.scanner, t)}
            self.service(family)
            self.from_inside(family, targets[0])
            self.begun(family)
        self.ingress()
        if complete:
            self.fault(f"open to the last port: {', '.join(sorted(complete))}")
        self.case.check(not self.faults, "; ".join(self.faults))

    def all_ports(self, scanner: Scanner, target: Target) -> bool:
        """Every port of TCP and UDP; True if every one of them is found open."""
        is_complete = True
        for protocol, name in NAMES.items():
            asked = self.ports_of(target, protocol)
            found = self.port_scan(scanner, target, protocol, asked)
            is_complete &= set(asked) - SERVICE <= found
            if found:
                some = ", ".join(map(str, sorted(found)[:3]))
                what = f"{len(found)} of {len(asked)} {name} ports"
                self.fault(f"{target.name} {target.address}: {what} answer ({some} …)")
        return is_complete

    def port_scan(
        self, scanner: Scanner, target: Target, protocol: int, ports: list[int]
    ) -> set[int]:
        if self.is_open:
            return self.persistently(scanner, target, protocol, ports)
        before, arrived = self.there.balancer.drops(), target.host.seen()
        sent = scanner.scan_ports(target.address, protocol, ports)
        self.sent += sent
        what = f"{target.name} {target.address}, {NAMES[protocol]}"
        self.counted(before, self.reason(target), sent - len(SERVICE), what)
        if came := target.host.seen() - arrived:
            self.fault(f"{what}: {came} packets arrived")
        return scanner.answered(target.address, protocol)

    def persistently(
        self, scanner: Scanner, target: Target, protocol: int, ports: list[int]
    ) -> set[int]:
        """What answers is asked again until it has: the kernel's share of packets is limited."""
        is_by_kernel = target.host in (self.there.own, self.there.admin)
        burst = SMALL_BURST if is_by_kernel else BURST
        found: set[int] = set()
        for _ in range(8):
            missing = [port for port in ports if port not in found]
            if not missing:
                break
            scanner.scan_ports(target.address, protocol, missing, burst)
            scanner.collect(0.1)
            now = scanner.answered(target.address, protocol)
            if now == found:
                break
            found = now
        return found

    @staticmethod
    def reason(target: Target) -> str:
        if target.name.startswith("own address"):
            return "own_address_closed"
        return "vip_closed" if target.name == "VIP" else "transit_not_allowed"

    def counted(self, before: dict[str, int], reason: str, count: int, what: str) -> None:
        """The scan's packets are all found in the counter of their reason."""
        moved: dict[str, int] = {}

        def is_there() -> bool:
            now = self.there.balancer.drops()
            moved.update({r: n - before.get(r, 0) for r, n in now.items() if n > before.get(r, 0)})
            return moved.get(reason, 0) >= count

        try:
            wait_until(is_there, 5, reason)
        except LabError:
            self.fault(f"{what}: {moved} instead of {count} {reason}")

    # --- what no listener is for ------------------------------------------------------------------

    def quietly(self, parts: dict[str, Iterable[bytes]], *, own: bool = True) -> None:
        """None of these packets arrives at any host; `own`: nor at ikelb's kernel. If any does,
        they are sent part by part to name those. Of an open ikelb only the ports are asked."""
        if self.is_open:
            return
        made = {what: list(part) for what, part in parts.items()}
        if self.arrivals([packet for part in made.values() for packet in part], own=own):
            for what, part in made.items():
                for fault in self.arrivals(part, own=own):
                    self.fault(f"{what}: {fault}")

    def arrivals(self, made: list[bytes], *, own: bool) -> list[str]:
        """Where these packets arrive."""
        hosts = self.there.hosts() | {"ikelb's kernel": self.there.own}
        before = {name: host.counts() for name, host in hosts.items()}
        self.sent += self.scanner.send(made)
        found = []
        for name, host in hosts.items():
            seen, forwarded = (n - b for n, b in zip(host.counts(), before[name]))
            if seen and (own or host is not self.there.own):
                found.append(f"{seen} arrived at {name}")
            if forwarded:
                found.append(f"{name} was going to forward {forwarded}")
        return found

    def odd_packets(self, family: int, targets: list[Target]) -> None:
        source, via = SOURCES[family], self.there.ingress[family]
        icmp, ping = (packets.ICMP6, 128) if family == 6 else (packets.ICMP, 8)
        for target in targets:
            to, at = (source, target.address), f"{target.name} {target.address}"
            is_vip = target.name == "VIP"
            self.quietly(
                {
                    f"{at}: fragments": oddities.fragments(*to),
                    f"{at}: protocols": oddities.protocols(*to),
                    f"{at}: source routes": oddities.source_routed(source, via, target.address),
                }
            )
            self.quietly({f"{at}: ICMP": oddities.icmp(*to)}, own=not is_vip)
            if not self.is_open:
                answered = self.scanner.answered(target.address, icmp)
                self.expect(f"{at}: types of ICMP answered", answered, {ping} if is_vip else set())
        self.quietly(self.spoofed(family, targets))
        if family == 4:
            nets = ("10.20.0.255", f"{ADMIN_NET}.255")
            self.quietly(
                {f"directed broadcast {net}": oddities.from_elsewhere(source, net) for net in nets}
            )

    def expect(self, what: str, found: set[int], expected: set[int]) -> None:
        if found != expected:
            self.fault(f"{what}: {sorted(found)} instead of {sorted(expected)}")

    def spoofed(self, family: int, targets: list[Target]) -> dict[str, Iterable[bytes]]:
        """From sources that the clients' side cannot have."""
        nobody = {
            4: ("0.1.2.3", "127.0.0.1", "224.0.0.5", "240.0.0.1", "255.255.255.255"),
            6: ("::", "::1", "ff02::1"),
        }[family]
        behind = {
            4: ("10.20.0.255", "192.168.70.9", "10.99.1.7"),
            6: ("fd00:99::7",),
        }[family]
        others = [t.address for t in targets if t.name != "management host"]
        return {
            f"source {source}": [
                *(p for t in targets for p in oddities.from_elsewhere(source, t.address)),
                *self.services(source, family),
            ]
            for source in (*nobody, *behind, *others, INNER[family], self.there.ingress[family])
        }

    @staticmethod
    def services(source: str, family: int) -> list[bytes]:
        """IKE_SA_INIT to the VIP's two ports."""
        init, vip = ikewire.init_request(ikewire.new_spi()), VIPS[family]
        return [
            packets.ip(
                source,
                vip,
                packets.UDP,
                packets.udp(source, vip, (55555, port), marker + init),
                dscp=DSCP,
            )
            for port, marker in ((500, b""), (4500, ikewire.MARKER))
        ]

    # --- what has to stay open --------------------------------------------------------------------

    def service(self, family: int) -> None:
        """The VIP's two ports are served, to whatever address may be a client's."""
        self.scanner.send(self.services(SOURCES[family], family))
        self.case.eventually(
            lambda: SERVICE <= self.scanner.answered(VIPS[family], packets.UDP),
            5,
            f"the VIP {VIPS[family]} answers on {SERVICE}",
        )
        if family == 4 and not self.is_open:
            for source in ("172.16.0.9", "100.64.0.9", "192.0.2.99"):
                before = self.there.seen_by_backends()
                self.scanner.send(self.services(source, family))
                self.case.eventually(
                    lambda seen=before: self.there.seen_by_backends() >= seen + 2,
                    5,
                    f"a client {source} reaches a backend",
                )

    def begun(self, family: int) -> None:
        """What hosts behind ikelb begin is answered."""
        outside = (self.there.farm.outside_host(), OUTSIDE[family])
        backend = self.there.targets(family)[-3]
        plain = self.there.targets(family)[-2]
        for host in (backend, plain):
            here = (host.host.space, host.address)
            asked = Udp((*here, 0), (*outside, 53))
            self.case.check(asked.goes_both_ways(), f"UDP of {host.name} {host.address}: silence")
            asked.close()
            web = Tcp(here, (*outside, 80))
            self.case.check(web.says(1), f"TCP of {host.name} {host.address}: silence")
            web.close()

    def from_inside(self, family: int, vip: Target) -> None:
        """The VIP shows the servers' side no more than the clients'."""
        if not self.is_open:
            target = Target("VIP", vip.address, vip.host)
            self.all_ports(self.there.inner, target)

    def ingress(self) -> None:
        """The address of the cable itself is for the host's own rules: without any, and with."""
        ports = range(1, 1001)
        for family, address in self.there.ingress.items():
            target = Target("ingress address", address, self.there.own)
            for protocol in (packets.TCP, packets.UDP):
                found = self.persistently(self.scanner, target, protocol, list(ports))
                expected = set(ports) - (SERVICE if protocol == packets.UDP else set())
                self.expect(f"{address}: {NAMES[protocol]} without rules", found, expected)
        device = self.there.twins[0]
        self.there.farm.lb.nft(
            "table inet rules {\n chain in {\n  type filter hook input priority filter\n"
            f"  iifname {device} tcp dport != {OWN_PORT} drop\n"
            f"  iifname {device} meta l4proto udp drop\n }}\n}}\n"
        )
        for family, address in self.there.ingress.items():
            for protocol, expected in ((packets.TCP, {OWN_PORT}), (packets.UDP, set())):
                self.scanner.forget(address)
                self.scanner.scan_ports(address, protocol, ports, SMALL_BURST)
                self.scanner.collect(0.2)
                found = self.scanner.answered(address, protocol)
                self.expect(f"{address}: {NAMES[protocol]} with rules", found, expected)
