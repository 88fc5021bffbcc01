# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The ikelb authors
"""Frames that are lost below the workers show, to the last one.

    out ── [isp] ── wan0 [lb] lan0 ── s1

ikelbd is stopped (SIGSTOP) while s1 sends: the ring of its port runs over. What s1 sent and nobody
outside received is what metrics, `status` and `drops` say afterwards. On both drivers of the lab.
ARP, or the answer to a health check, may be lost beside it.
Twin mute: the kernel's answer about the sockets is made to say that nothing was lost.
"""

import contextlib
import json
import signal
import socket

from lab.ikelbd import build_directory
from lab.ping import Ping
from lab.shell import LabError, wait_until
from testlib import lost

ALONE = "its rate takes two cores"
TWINS = {"mute": "lost below"}
DRIVERS = ("af_xdp", "af_packet")
COUNT, LATE, RATE, PORT = 8_000, 10, 8_000, 9999
OUTSIDE = "198.18.0.240"


def run(case):
    farm = case.farm(client_count=0, server_count=1)
    outside = farm.outside_host()
    for driver in DRIVERS[:1] if case.broken else DRIVERS:
        farm.driver = driver
        balancer = case.make_balancer(farm, farm.config())
        if case.broken == "mute":
            mute = build_directory() / "tests" / "netns" / "libmute_sockets.so"
            balancer.environment["LD_PRELOAD"] = str(mute)
        balancer.start()
        case.await_backends(balancer)
        overflow(case, farm.servers[0].space, outside, balancer, driver)
        balancer.stop()


def overflow(case, server, outside, balancer, driver):
    ping = Ping(server, OUTSIDE, count=3).result()
    case.equal(ping.received, 3, f"{driver}: pings from s1 to the outside host")
    before, dropped = lost.told(balancer, "lan"), sum(balancer.drops().values())
    ear = lost.Ear(outside, PORT)
    with server.socket(socket.AF_INET, socket.SOCK_DGRAM) as mouth:
        balancer.process.send_signal(signal.SIGSTOP)
        try:
            others = -put_on_cable(server)
            lost.pace(COUNT, RATE, lambda: mouth.sendto(bytes(64), (OUTSIDE, PORT)))
        finally:
            balancer.process.send_signal(signal.SIGCONT)
        # Frames that find the port in order again come behind all that it still held.
        lost.pace(LATE, 100, lambda: mouth.sendto(bytes(64), (OUTSIDE, PORT)))
    sent, heard, pings = COUNT + LATE, 0, 0
    while ear.heard() != heard or heard == 0:
        heard = ear.heard()
        Ping(server, OUTSIDE, count=3, interval=0.3).result()
        pings += 3
    ear.close()
    # Answers to the health checks, which begin again while the ring is still full, and ARP.
    others += put_on_cable(server) - sent - pings
    case.check(0 < heard < sent, f"{driver}: {heard} of {sent} arrived: the ring did not run over")
    missing = sent - heard
    dropped = sum(balancer.drops().values()) - dropped  # some of these may be others, too

    def moved():
        now = lost.told(balancer, "lan")
        return {
            "drops": lost.in_driver(now["drops"]) - lost.in_driver(before["drops"]),
            "metrics": lost.in_driver(now["metrics"]) - lost.in_driver(before["metrics"]),
            "status": now["status"]["driver"] - before["status"]["driver"],
        }

    def is_right(said):
        below = said["status"]
        return len(set(said.values())) == 1 and missing - dropped <= below <= missing + others

    with contextlib.suppress(LabError):
        wait_until(lambda: is_right(moved()), 5, "a look at the ports")
    said = moved()
    case.check(
        is_right(said),
        f"{driver}: of {sent} frames, and {others} of others, {missing} were lost below, {dropped} "
        f"of them at most in ikelb itself; ikelb says {said}",
    )
    case.note(f"{driver}: {missing} of {sent} lost, {said['status']} said")


def put_on_cable(server):
    """Frames that the server has sent, with ARP and its answers to pings."""
    shown = server.run(["ip", "-stats", "-json", "link", "show", "dev", "eth0"]).stdout
    return json.loads(shown)[0]["stats64"]["tx"]["packets"]
