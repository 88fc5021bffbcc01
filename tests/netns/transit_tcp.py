# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The ikelb authors
"""The servers' own TCP passes ikelb, their default gateway, untranslated; its speed is shown.

    [out] iperf3 ── [isp] ── wan0 [lb] lan0 ── s1 iperf3

The same transfer runs over plain kernel forwarding in the same namespaces afterwards. Twin gateway:
s1 has another default gateway.
"""

import json
import subprocess

from lab.capture import Capture
from lab.shell import LabError, wait_until
from testlib.control import KernelBalancer

FOR_CONTROL = True
ALONE = "speed is measured"
TWINS = {"gateway": "iperf3"}
SECONDS = 2


def transfer(case, farm, *, reverse):
    """Mbit/s of one run between s1 and the outside host."""
    outside, server = farm.outside_host(), farm.servers[0]
    listener = outside.popen(
        ["iperf3", "-s", "-1"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    try:
        wait_until(lambda: "5201" in outside.run(["ss", "-Hltn"]).stdout, 10, "iperf3 -s")
        try:
            done = server.space.run(
                [
                    "iperf3",
                    "-c",
                    "198.18.0.240",
                    "-t",
                    str(SECONDS),
                    "-J",
                    "--connect-timeout",
                    "2000",
                    *(["-R"] if reverse else []),
                ],
                check=False,
                timeout=SECONDS + 20,
            )
        except LabError as error:
            case.check(False, f"iperf3: {error}")
        report = json.loads(done.stdout or "{}")
        case.check(
            done.returncode == 0 and "error" not in report,
            f"iperf3: {report.get('error', done.stderr)}",
        )
        received = report["end"]["sum_received"]
        case.check(
            received["bytes"] > 1 << 20, f"iperf3: only {received['bytes']} bytes in {SECONDS} s"
        )
        return received["bits_per_second"] / 1e6
    finally:
        listener.terminate()
        listener.wait()


def run(case):
    farm = case.farm(server_count=1, client_count=0)
    balancer = case.balancer(farm)
    farm.outside_host()
    if case.broken == "gateway":
        farm.servers[0].default_gateway("10.20.0.250")
    wire = Capture(case.lab, farm.outside_host(), "eth0", "tcp[tcpflags] & tcp-syn != 0")
    up, down = (transfer(case, farm, reverse=reverse) for reverse in (False, True))
    sources = {p.source for p in wire.stop()}
    case.equal(sources, {"10.20.0.11", "198.18.0.240"}, "ends of the TCP connections, seen outside")
    balancer.stop()
    plain = KernelBalancer(farm, farm.config())
    plain.start()
    plain_up, plain_down = (transfer(case, farm, reverse=reverse) for reverse in (False, True))
    case.note(
        f"{case.balancer_kind} {up:.0f} Mbit/s out, {down:.0f} in; "
        f"plain kernel forwarding {plain_up:.0f} out, {plain_down:.0f} in"
    )
