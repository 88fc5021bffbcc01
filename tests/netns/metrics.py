# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The ikelb authors
"""The metrics page is what Prometheus expects, moves with traffic and agrees with ikelbctl.

    crowd, [out] ── [isp] ── wan0 [lb] lan0 ──┬── s1
                             :9465/metrics    └── s2

Twin silent: no traffic is sent; the check that the named series move must fail.
"""

import re

from lab.ping import Ping
from lab.shell import run as run_command
from testlib import crafted, ikewire

TWINS = {"silent": "packets to s1"}
CLIENTS, PINGS, DIRECT = 20, 5, 7
_SAMPLE = re.compile(r"^([a-zA-Z_:][\w:]*)(\{.*\})? ([0-9.eE+-]+|NaN|\+Inf)$")


def samples(page):
    return {
        match[1] + (match[2] or ""): float(match[3])
        for match in map(_SAMPLE.match, page.splitlines())
        if match
    }


def total(found, metric, **labels):
    """The sum of a metric's series with these labels; None when there is none."""
    wanted = [f'{key}="{value}"' for key, value in labels.items()]
    values = [
        value
        for name, value in found.items()
        if name.partition("{")[0] == metric and all(part in name for part in wanted)
    ]
    return sum(values) if values else None


class Moves:
    """How far series move from now on."""

    def __init__(self, case, balancer):
        self.case, self.balancer = case, balancer
        self.before = samples(balancer.metrics())

    def by(self, claim, enough, metric, **labels):
        """The series must be there already, and must move by an amount that `enough` accepts."""
        start = total(self.before, metric, **labels)
        self.case.check(start is not None, f"{claim}: no series of {metric} {labels}")
        seen = []

        def moved():
            seen[:] = [total(samples(self.balancer.metrics()), metric, **labels) - start]
            return enough(seen[0])

        try:
            self.case.eventually(moved, 2 if self.case.broken else 10, claim)
        except AssertionError as error:
            raise type(error)(f"{error}: {metric} {labels} moved by {seen}") from error


def send_all(case, farm, crowd):
    case.check(
        not crowd.init() and not crowd.auth() and not crowd.esp(1),
        "a crafted client got no answer",
    )
    case.equal(
        str(Ping(farm.outside_host(), "198.51.100.1", count=PINGS).result()),
        f"{PINGS}/{PINGS}",
        "pings of the balancer",
    )
    with crafted.udp_socket(farm.outside_host(), "0.0.0.0", 0) as one:
        for _ in range(DIRECT):
            one.sendto(ikewire.init_request(ikewire.new_spi()), (farm.servers[0].address, 500))


def check_backends(moves, servers):
    """What each server itself has seen is what ikelb says that it sent there."""
    for responder in servers:
        name, seen = responder.server.name, responder.seen
        size = sum(len(datagram.payload) + 28 for datagram in seen)
        # An IKE_SA_INIT's answer makes none.
        flows = {datagram.source for datagram in seen if datagram.local_port == 4500}
        for direction, claim in (("to_server", "packets to"), ("to_client", "packets from")):
            moves.by(
                f"{claim} {name}",
                lambda n, seen=seen: n == len(seen) > 0,
                "ikelb_backend_packets_total",
                backend=name,
                direction=direction,
            )
        moves.by(
            f"bytes to {name}",
            lambda n, size=size: n == size,
            "ikelb_backend_bytes_total",
            backend=name,
            direction="to_server",
        )
        moves.by(
            f"flows of {name}",
            lambda n, flows=flows: n == len(flows),
            "ikelb_backend_flows",
            backend=name,
        )
        moves.by(
            f"SAs of {name}",
            lambda n, flows=flows: n == len(flows),
            "ikelb_backend_sas",
            backend=name,
        )


def check_balancer(moves, servers):
    # A repeated IKE_SA_INIT is answered with another SPI.
    pairs = sum(datagram.local_port == 500 for s in servers for datagram in s.seen)
    for metric, count, labels in (
        ("ikelb_flows_committed_total", CLIENTS, {}),
        ("ikelb_flows_moved_total", 0, {}),
        ("ikelb_pairs_learned_total", pairs, {}),
        ("ikelb_table_entries", CLIENTS, {"table": "flows"}),
        ("ikelb_table_entries", pairs, {"table": "pairs"}),
        ("ikelb_table_entries", CLIENTS, {"table": "bindings"}),
        ("ikelb_dropped_packets_total", DIRECT, {"reason": "direct_to_backend"}),
        ("ikelb_kernel_lost_frames_total", 0, {"interface": "ext"}),
        ("ikelb_kernel_lost_frames_total", 0, {"interface": "int"}),
        ("ikelb_directory_deferred_writes_total", 0, {"reason": "full"}),
        ("ikelb_netlink_overruns_total", 0, {}),
        ("ikelb_transit_open", 0, {}),
        ("ikelb_transit_untracked_packets_total", 0, {"worker": "0"}),
    ):
        moves.by(f"{metric} by {count}", lambda n, count=count: n == count, metric, **labels)
    for metric, least, labels in (
        ("ikelb_worker_packets_total", 6 * CLIENTS + PINGS + DIRECT, {"worker": "0"}),
        ("ikelb_worker_bursts_total", 1, {"worker": "0"}),
        ("ikelb_punted_packets_total", PINGS, {"class": "icmp"}),
        ("ikelb_kernel_frames_total", PINGS, {"interface": "ext", "direction": "to_kernel"}),
        ("ikelb_kernel_frames_total", PINGS, {"interface": "ext", "direction": "from_kernel"}),
        # The health check's pings, every half a second.
        ("ikelb_kernel_frames_total", 1, {"interface": "int", "direction": "from_kernel"}),
    ):
        moves.by(
            f"{metric} by {least} or more", lambda n, least=least: n >= least, metric, **labels
        )


def run(case):
    farm = case.farm(client_count=0)
    balancer = case.balancer(farm)
    servers = crafted.responders(farm)
    farm.outside_host()
    page = balancer.metrics()
    checked = run_command(["promtool", "check", "metrics"], stdin=page, check=False)
    case.check(checked.returncode == 0, f"promtool: {checked.stdout}{checked.stderr}")
    foreign = sorted(
        {name for name in samples(page) if not name.startswith(("ikelb_", "exposer_", "process_"))}
    )
    case.check(samples(page) and not foreign, f"metrics of another name: {foreign[:3]}")
    for server in farm.servers:
        case.eventually(
            lambda name=server.name: 0
            < (
                total(samples(balancer.metrics()), "ikelb_backend_probe_rtt_seconds", backend=name)
                or 0
            )
            < 1,
            10,
            f"a round-trip time of {server.name}",
        )
    moves = Moves(case, balancer)
    crowd = crafted.Crowd(farm.crowd(), crafted.addresses(CLIENTS), farm.vip)
    if not case.broken:
        send_all(case, farm, crowd)
    check_backends(moves, servers)
    check_balancer(moves, servers)
    case.equal(balancer.drops().get("direct_to_backend"), DIRECT, "direct_to_backend by ikelbctl")
    case.note(f"{len(moves.before)} samples, {sum(len(s.seen) for s in servers)} datagrams")
    crowd.close()
    for server in servers:
        server.close()
