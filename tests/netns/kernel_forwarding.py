# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The ikelb authors
"""The host's kernel carries nothing on from the clients' side: ikelb's routing rules keep it.

    scanner [isp] ── wan0 [lb] lan0 ──┬── s1
                           │          └── plain       10.20.0.50, where DNAT leads port 8443
                           └ mgmt0 ── admin           172.31.9.2, where transit.allow leads port 22

Both reach the kernel of [lb], which is a router: the one as the host's own, the other by its route.
In both families. The rules are back at once when somebody deletes them, outlive a crash without
being doubled by the next start, and are gone after the end.
Twins deleted4, deleted6: they are deleted again and again.
"""

import contextlib

from lab.shell import run as shell
from lab.shell import stop_process, wait_until
from lab.topology import TwoArmed
from testlib import packets
from testlib.scanned import ADMIN, ADMIN6, SOURCES, Scanned
from testlib.scanner import DSCP, SMALL_BURST

TWINS = {
    "deleted4": "IPv4: the management host was reached",
    "deleted6": "IPv6: the management host was reached",
}
FAMILIES = {4: ("IPv4", "-4", ADMIN), 6: ("IPv6", "-6", ADMIN6)}
ALLOWED, TRANSLATED = 22, 8443
COUNT = 400


def rules(lb):
    """The guards: {family: lines of `ip rule`}."""
    return {
        family: [
            line
            for line in shell(["ip", "-n", lb.name, flag, "rule"]).stdout.splitlines()
            if "blackhole" in line
        ]
        for family, (_, flag, _) in FAMILIES.items()
    }


@contextlib.contextmanager
def deleting(lb, flag):
    # One process for all of them: they have to be quicker than who puts the rule back.
    line = "rule del pref 0 iif ext"
    loop = f"exec ip {flag} -force -batch <(yes '{line}') 2>/dev/null"
    process = lb.popen(["bash", "-c", loop])
    try:
        yield
    finally:
        stop_process(process)


def run(case):
    there = Scanned(case, TwoArmed)
    lb = there.farm.lb
    there.config |= {
        "transit": {
            "allow": [
                {"from": f"{SOURCES[f]}/{bits}", "to": f"{to}/{bits}", "protocol": "tcp",
                 "ports": ALLOWED}
                for f, to, bits in ((4, ADMIN, 32), (6, ADMIN6, 128))
            ]
        }
    }  # fmt: skip
    there.start()
    lb.nft(
        "table inet led {\n chain lead {\n  type nat hook prerouting priority dstnat\n"
        f"  iifname ext meta nfproto ipv4 tcp dport {TRANSLATED} dnat ip to 10.20.0.50:22\n"
        f"  iifname ext meta nfproto ipv6 tcp dport {TRANSLATED} dnat ip6 to [fd00:20::50]:22\n"
        " }\n}\n"
    )
    placed = rules(lb)
    for family, (name, _, _) in FAMILIES.items():
        case.equal(len(placed[family]), 1, f"{name}: rules of ext, the twin that faces clients")
    for family, (_, flag, _) in FAMILIES.items():
        breaks = case.broken == f"deleted{family}"
        with deleting(lb, flag) if breaks else contextlib.nullcontext():
            check(case, there, family)

    for _, flag, _ in FAMILIES.values():
        shell(["ip", "-n", lb.name, flag, "rule", "del", "pref", "0", "iif", "ext"])
    case.eventually(lambda: rules(lb) == placed, 1, "the rules are back")
    for family in FAMILIES:
        check(case, there, family)

    there.balancer.kill()
    left = rules(lb)
    case.check(all("[detached]" in line for f in left for line in left[f]), f"after a crash {left}")
    there.balancer.start()
    case.equal(rules(lb), placed, "the rules after a crash and a start")
    there.balancer.stop()
    case.equal(rules(lb), {4: [], 6: []}, "the rules after the end")


def check(case, there, family):
    """Nothing of a stranger's SYNs comes to either host, and all of them come to this one."""
    name, _, admin = FAMILIES[family]
    hosts = {"management host": there.admin, "plain host": there.plain}
    before = {label: host.seen() for label, host in hosts.items()}
    own = there.own.seen()
    source, asked = SOURCES[family], {admin: ALLOWED, there.ingress[family]: TRANSLATED}
    for target, port in asked.items():
        segment = packets.tcp(source, target, (55555, port), packets.SYN)
        packet = packets.ip(source, target, packets.TCP, segment, dscp=DSCP)
        there.scanner.send((packet for _ in range(COUNT)), SMALL_BURST)
    wait_until(lambda: there.own.seen() - own >= 2 * COUNT, 5, "the kernel has had all of them")
    for label, host in hosts.items():
        reached = host.seen() - before[label]
        case.equal(reached, 0, f"{name}: the {label} was reached by so many of {COUNT}")
