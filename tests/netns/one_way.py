# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The ikelb authors
"""A port goes on receiving and sending when all traffic goes one way.

    isp ── wan0 [lb] lan0 ── s1

Frames for the kernel without one in return: datagrams to the gateway, broadcasts, ARP of others;
then frames of the kernel without an answer. 20,000 of each: every packet buffer has its turn more
than once. On both drivers of the lab and on net_tap, with and without huge pages: but for af_xdp,
without them by --long alone. The number of huge pages is the machine's; it is raised and put back.
Twin short: of the packet buffers only the first half are registered with the kernel.
"""

import contextlib
import itertools
import socket
from pathlib import Path

from lab.ikelbd import build_directory
from lab.netns import bridge
from lab.ping import Ping
from lab.shell import LabError, wait_until
from testlib import lost

ALONE = "the number of huge pages is the machine's"
TWINS = {"short": "of the last 500"}
PAGES = Path("/proc/sys/vm/nr_hugepages")
WANTED = 256  # of 2 MiB
COUNT, LAST, PORT = 20_000, 500, 514
GATEWAY, SERVER, EVERYBODY = "10.20.0.1", "10.20.0.11", "10.20.0.255"
DRIVERS = ("af_xdp", "af_packet", "tap")


def run(case):
    farm = case.farm(client_count=0, server_count=1)
    variants = [("af_xdp", "off")]
    if not case.broken:
        variants = [
            (driver, pages)
            for driver, pages in itertools.product(DRIVERS, ("off", "on"))
            if case.long or driver == "af_xdp" or pages == "on"
        ]
    with huge_pages():
        for driver, pages in variants:
            one_variant(case, farm, driver, pages)
    case.note(f"{COUNT} frames of each kind on {', '.join(DRIVERS)}")


def one_variant(case, farm, driver, pages):
    farm.driver = "af_packet" if driver == "tap" else driver
    config = farm.config()
    config["dpdk"]["huge_pages"] = pages
    if driver == "tap":
        # A bridge keeps what is for the address of one of its ports.
        config["ports"][1] |= {"device": "net_tap0,iface=tap0", "mac": "02:00:00:00:00:77"}
    balancer = case.make_balancer(farm, config)
    if case.broken == "short":
        short = build_directory() / "tests" / "netns" / "libshort_umem.so"
        balancer.environment["LD_PRELOAD"] = str(short)
    balancer.start()
    if driver == "tap":
        bridge(farm.lb, "br0", ("tap0", "lan0"))
    case.await_backends(balancer)
    variant = f"{driver}, huge pages {pages}"
    to_kernel(case, farm, variant)
    from_kernel(case, farm, variant)
    check_alive(case, farm, balancer, variant)
    balancer.stop()
    if driver == "tap":
        farm.lb.ip("link delete br0")


@contextlib.contextmanager
def huge_pages():
    before = PAGES.read_text("ascii")
    PAGES.write_text(str(int(before) + WANTED), "ascii")
    try:
        yield
    finally:
        PAGES.write_text(before, "ascii")


def to_kernel(case, farm, variant):
    server = farm.servers[0].space
    own, gateway = server.mac("eth0"), farm.lb.mac("int")
    to_gateway = lost.udp_frame(gateway, own, SERVER, GATEWAY, PORT)
    ear = lost.Ear(farm.lb, PORT)
    for name, frame, count, rate in (
        ("datagrams", to_gateway, COUNT, 8_000),
        ("broadcasts", lost.udp_frame("ff:ff:ff:ff:ff:ff", own, SERVER, EVERYBODY, 137), COUNT,
         8_000),
        ("ARP of others", lost.arp_request(own, "10.20.0.77", "10.20.0.88"), COUNT // 2, 1_900),
    ):  # fmt: skip
        lost.put(server, "eth0", frame, count, rate)
        ear.heard()
        before = ear.heard()
        lost.put(server, "eth0", to_gateway, LAST, 1_000)
        check_last(case, ear, before, f"{variant}: after {count} {name} for the kernel")
    ear.close()


def from_kernel(case, farm, variant):
    ear = lost.Ear(farm.servers[0].space, PORT)
    with farm.lb.socket(socket.AF_INET, socket.SOCK_DGRAM) as mouth:
        mouth.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
        lost.pace(COUNT, 8_000, lambda: mouth.sendto(bytes(64), (EVERYBODY, PORT)))
        ear.heard()
        before = ear.heard()
        lost.pace(LAST, 1_000, lambda: mouth.sendto(bytes(64), (EVERYBODY, PORT)))
        check_last(case, ear, before, f"{variant}: after {COUNT} frames of the kernel")
    ear.close()


def check_last(case, ear, before, when):
    """Nearly all of the last datagrams arrive; a deaf port lets none through."""
    with contextlib.suppress(LabError):
        wait_until(lambda: ear.heard() - before >= LAST, 2, "the last datagrams")
    heard = ear.heard() - before
    case.check(heard > 0.9 * LAST, f"{when}, {heard} of the last {LAST} datagrams arrived")


def check_alive(case, farm, balancer, variant):
    ping = Ping(farm.servers[0].space, GATEWAY, count=3).result()
    case.equal(ping.received, 3, f"{variant}: pings of the gateway")
    states = {name: one["state"] for name, one in balancer.backends().items()}
    case.equal(states, {"s1": "up"}, f"{variant}: backends")
    refused = {
        f"{port}: {reason}": frames
        for port in ("wan", "lan")
        for reason, frames in lost.told(balancer, port)["drops"].items()
        if reason.endswith("_refused") and frames
    }
    case.equal(refused, {}, f"{variant}: what the kernel refused")
