# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The ikelb authors
"""A link on the way cuts each packet that a client uploads in two.

    c1 ── [isp] ═ narrow ═ [lb] ikelbd ──┬── s1 iperf3
                                         └── s2
"""

import json
import subprocess
from dataclasses import dataclass

from lab.shell import wait_until
from testlib.stage import Stage

ALONE = "its rate takes two cores"
NARROW, WIDE = 1300, 1500
SECONDS, DATAGRAM = 3, 1300
# Of datagrams in fragments, a source that nobody knows has 2,000 a second and as many at once.
MEGABITS = 60
LEAST_SENT = 12_000


@dataclass
class Upload:
    sent: int
    lost: int
    put_together: int  # of the datagrams that arrived in fragments, by the server's kernel
    refused: int  # fragments, by ikelbd's own count


def build(case):
    return Stage(case, control=False, servers=1).start()


def reassembled(space):
    """IPv4 datagrams that the kernel of this namespace has put together."""
    names, values = [
        line.split() for line in space.run(["cat", "/proc/net/snmp"]).stdout.splitlines()[:2]
    ]
    return int(values[names.index("ReasmOKs")])


def upload(stage, walker):
    client, server = walker.client.space, walker.home.space
    before = reassembled(server), stage.balancer.drops().get("fragment_limited", 0)
    listener = server.popen(["iperf3", "-s", "-1"], stdout=subprocess.DEVNULL)
    try:
        wait_until(lambda: "5201" in server.run(["ss", "-Hltn"]).stdout, 10, "iperf3 -s")
        done = client.run(
            [
                *("iperf3", "-c", walker.home.inside, "-u", "-J", "-t", str(SECONDS)),
                *("-b", f"{MEGABITS}M", "-l", str(DATAGRAM)),
            ],
            check=False,
        )
    finally:
        listener.terminate()
        listener.wait()
    report = json.loads(done.stdout)
    stage.case.check("end" in report and report["end"], f"iperf3: {report.get('error')}")
    total = report["end"]["sum"]
    return Upload(
        sent=total["packets"],
        lost=total["lost_packets"],
        put_together=reassembled(server) - before[0],
        refused=stage.balancer.drops().get("fragment_limited", 0) - before[1],
    )


def e27_upload_in_fragments(stage):
    """A link cuts each packet of an upload in two; a known tunnel's fragments pay nothing."""
    (walker,) = stage.enter()
    walker.client.space.sysctl({"net/ipv4/ip_no_pmtu_disc": 1})
    whole = upload(stage, walker)
    stage.ikelb.isp.space.ip(f"link set uplink mtu {NARROW}")
    cut = upload(stage, walker)
    stage.ikelb.isp.space.ip(f"link set uplink mtu {WIDE}")
    for one in (whole, cut):
        stage.case.note(f"{one}")
    stage.case.check(cut.sent > LEAST_SENT, f"only {cut.sent} datagrams were sent")
    stage.case.check(whole.put_together < cut.sent / 100, "what was to be whole came in fragments")
    stage.case.check(
        cut.put_together > cut.sent * 0.95, f"{cut.put_together} of {cut.sent} came whole"
    )
    stage.case.equal(cut.refused, 0, "fragments refused")
    stage.case.check(
        cut.lost <= whole.lost + cut.sent / 10, f"lost {cut.lost} in fragments, {whole.lost} whole"
    )
    stage.kept([walker])


TESTS = (e27_upload_in_fragments,)
