# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The ikelb authors
"""Backends come and go by reload while tunnels carry traffic; a bad file changes nothing.

    c1..c4 ────────┐                            ┌── s1
    crafted crowd ─┴─ [isp] ── wan0 [lb] lan0 ──┼── s2
                                                └── s3   added by SIGHUP, removed by ikelbctl

Twin deaf: the new backend is written to the file and nobody is told.
"""

from lab.ping import Ping
from lab.shell import holds_for
from testlib import crafted

TWINS = {"deaf": "s3 is not a backend"}


def run(case):
    farm = case.farm(server_count=3, client_count=1 if case.broken else 4, nat_clients=0)
    third = farm.servers[2]
    balancer = case.balancer(farm, farm.config(servers=farm.servers[:2]))
    farm.start_servers(farm.servers[:2])
    farm.start_clients()
    case.equal(len(farm.connect()), len(farm.clients), "clients connected")
    homes, spis = case.homes(farm), case.spis(farm.clients)
    inside = {s.name: s.inside for s in farm.servers}
    pings = [Ping(c.space, inside[homes[c.name]], interval=0.05) for c in farm.clients]

    balancer.config["pools"][0]["backends"].append({"name": third.name, "address": third.address})
    balancer.write_config()
    if case.broken != "deaf":
        balancer.hang_up()
    case.eventually(
        lambda: third.name in balancer.backends(), 3 if case.broken else 10, "s3 is not a backend"
    )
    balancer.wait_state(third.name, "up")
    servers = [crafted.Responder(third)]
    crowd = crafted.Crowd(farm.crowd(), crafted.addresses(60), farm.vip)
    crowd.init(timeout=2.0)
    reached = len(crafted.servers_of(servers))
    case.check(0 < reached < 60, f"{reached} of 60 new clients reached the added server")

    bad_file(case, balancer)
    balancer.config["pools"][0]["backends"].pop()
    balancer.write_config()
    balancer.control("reload")
    case.check(third.name not in balancer.backends(), "s3 is still a backend after its removal")
    count = len(servers[0].seen)
    for client in crowd.clients:
        client.restart()
    crowd.init(timeout=1.0)
    case.equal(len(servers[0].seen), count, "datagrams at the removed server")
    lost = [str(ping.stop()) for ping in pings]
    case.check(
        all(a == b for a, b in (counts.split("/") for counts in lost)),
        f"pings during the reloads: {lost}",
    )
    case.equal(
        (case.homes(farm), case.spis(farm.clients)), (homes, spis), "tunnels after the reloads"
    )
    case.note(f"pings {', '.join(lost)}; {reached} of 60 new clients on the added server")


def bad_file(case, balancer):
    """Refused by both ways of reloading, by name; the running configuration stays."""
    before = balancer.backends().keys()
    good = balancer.config_file.read_text("utf-8")
    balancer.config_file.write_text(good.replace("scheduler: maglev", "scheduler: maglef"), "utf-8")
    refused = balancer.control("reload", check=False)
    case.check(refused.returncode != 0, "ikelbctl reload takes a bad file")
    case.check(
        "maglef" in refused.stdout + refused.stderr,
        f"the refusal does not name the fault: {refused.stderr}",
    )
    known = len(balancer.log())
    balancer.hang_up()
    case.eventually(
        lambda: "maglef" in balancer.log()[known:], 10, "the log names the fault after SIGHUP"
    )
    case.check(holds_for(balancer.is_running, 0.3), "ikelbd ended on a bad file")
    case.equal(balancer.backends().keys(), before, "backends after a bad file")
    balancer.config_file.write_text(good, "utf-8")
