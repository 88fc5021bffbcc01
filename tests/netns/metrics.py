# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The ikelb authors
"""The metrics page is what Prometheus expects, moves with traffic and agrees with ikelbctl.

    crowd, [out] ── [isp] ── wan0 [lb] lan0 ──┬── s1
                             :9465/metrics    └── s2

Twin silent: no traffic is sent; the check that counters move must fail.
"""

import re

from lab.shell import run as run_command
from testlib import crafted, ikewire

TWINS = {"silent": "no counter moved"}
_SAMPLE = re.compile(r"^([a-zA-Z_:][\w:]*)(\{.*\})? ([0-9.eE+-]+|NaN|\+Inf)$")


def samples(page):
    return {
        match[1] + (match[2] or ""): float(match[3])
        for match in map(_SAMPLE.match, page.splitlines())
        if match
    }


def run(case):
    farm = case.farm(client_count=0)
    balancer = case.balancer(farm)
    servers = crafted.responders(farm)
    farm.outside_host()
    page = balancer.metrics()
    checked = run_command(["promtool", "check", "metrics"], stdin=page, check=False)
    case.check(checked.returncode == 0, f"promtool: {checked.stdout}{checked.stderr}")
    before = samples(page)
    foreign = sorted(
        {name for name in before if not name.startswith(("ikelb_", "exposer_", "process_"))}
    )
    case.check(before and not foreign, f"metrics of another name: {foreign[:3]}")
    crowd = crafted.Crowd(farm.crowd(), crafted.addresses(20), farm.vip)
    if not case.broken:
        case.check(
            not crowd.init() and not crowd.auth() and not crowd.esp(1),
            "a crafted client got no answer",
        )
        with crafted.udp_socket(farm.outside_host(), "0.0.0.0", 0) as one:
            for _ in range(7):
                one.sendto(ikewire.init_request(ikewire.new_spi()), (farm.servers[0].address, 500))

    def moved():
        now = samples(balancer.metrics())
        return {
            name: now[name] - before.get(name, 0)
            for name in now
            if "packets" in name and now[name] - before.get(name, 0) >= 20
        }

    case.eventually(moved, 2 if case.broken else 10, "no counter moved by the 20 packets sent")
    case.eventually(
        lambda: balancer.drops().get("direct_to_backend") == 7,
        10,
        "ikelbctl counts 7 direct_to_backend",
    )
    by_metric = {
        name: value
        for name, value in samples(balancer.metrics()).items()
        if "direct_to_backend" in name
    }
    case.equal(sum(by_metric.values()), 7.0, f"direct_to_backend by metric {sorted(by_metric)}")
    case.note(f"{len(before)} samples, {len(moved())} packet counters moved")
    crowd.close()
    for server in servers:
        server.close()
