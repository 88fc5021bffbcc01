# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The ikelb authors
"""Clients that change from IPv4 to IPv6 under a live tunnel, and back. Each server has an address
of both families and is one backend.

    mover 198.18.0.0/16 ──────┐                       ┌── s1 10.20.0.11, fd00:20::11
                              [isp] ── wan0 [lb] lan0 ┤
    mover 2001:db8:18::/64 ───┘    VIP 203.0.113.10   └── s2 10.20.0.12, fd00:20::12
                                   VIP 2001:db8:203::10

A client takes another address of its server from what the server tells it (RFC 4555 section 3.4):
both VIPs are on a device of each server that leads nowhere.
"""

from lab import dualstack
from testlib.stage import Stage


def build(case):
    stage = Stage(case, control=False, dual=True, together=True)
    # Nobody is asked for want of knowledge.
    for service in (*stage.over_v4["services"], *stage.balancer.config["services"]):
        service["ask_all_per_second"] = 0
    stage.balancer.write_config()
    for server in stage.farm.servers:
        server.space.ip(
            "link add vips type bridge",
            "link set vips up",
            f"address add {stage.farm.vip}/32 dev vips",
            f"address add {dualstack.VIP}/128 dev vips nodad",
        )
    stage.hosts = 0
    return stage.start()


def enter(stage):
    (client,) = stage.clients()
    dualstack.enable(client.space)
    stage.connect([client])
    (walker,) = stage.walk([client])
    return walker


def to_v6(stage, walker, backend):
    """The client's IPv4 address goes, and it has one of IPv6 that the hash sends elsewhere."""
    address = ""
    while not address or stage.login_goes(address)["backend"] == backend:
        stage.hosts += 1
        address = f"2001:db8:18::f:{stage.hosts:x}"
    client = walker.client
    dualstack.attach(client.space, address)
    client.space.ip(f"address del {client.address}/16 dev eth0")
    client.address = client.outside = address


def to_v4(stage, walker):
    client, gone = walker.client, walker.client.address
    client.address = client.outside = stage.elsewhere(stage.ikelb, walker.home)
    client.isp.address(client.space, client.address)
    client.space.ip(
        f"route del default via {dualstack.CLIENT_GATEWAY}", f"address del {gone}/64 dev eth0"
    )


def check_ends(stage, walker, expected):
    """Where the server has its tunnel, and ikelb the one backend with it."""
    spis = stage.case.spis([walker.client]).values()

    def ends():
        return [
            (sa["local-host"], sa["remote-host"])
            for sa in walker.home.charon.established()
            if sa["initiator-spi"] in spis
        ]

    stage.case.eventually(lambda: ends() == [expected], 5, f"{walker.client.name} is {expected}")
    (session,) = stage.balancer.query("sessions", "--client", walker.client.address)["sessions"]
    stage.case.equal(session["backend"], walker.home.name, f"backend of {walker.client.name}")


def e26_mobike_between_families(stage):
    """MOBIKE from the IPv4 VIP to the IPv6 VIP, and back to IPv4 at another address; the client of
    a server that is two backends, one for each family, loses its tunnel."""
    walker = enter(stage)
    home = walker.home
    for _ in range(2):
        to_v6(stage, walker, home.name)
        stage.check_alive([walker])
        check_ends(stage, walker, (dualstack.server_address(home), walker.client.address))
        to_v4(stage, walker)
        stage.check_alive([walker])
        check_ends(stage, walker, (home.address, walker.client.address))
    stage.finish(walker)
    backends = stage.balancer.backends()
    stage.case.equal(sorted(backends), sorted(s.name for s in stage.farm.servers), "backends")
    row = backends[home.name]
    stage.case.equal(
        (row["address6"], row["health6"]["state"], row["state"]),
        (dualstack.server_address(home), "up", "up"),
        f"address6 and health of {home.name}",
    )
    loses_apart(stage)


def loses_apart(stage):
    apart = dualstack.config(stage.farm, stage.over_v4)
    stage.balancer.config |= {key: apart[key] for key in ("pools", "services")}
    stage.balancer.write_config()
    stage.balancer.control("reload")
    stage.case.await_backends(stage.balancer)
    walker = enter(stage)
    since = stage.mark([walker])
    to_v6(stage, walker, dualstack.backend_name(walker.home))
    stage.lost([walker], since)
    stage.outcome.control = "lost as two backends"


TESTS = (e26_mobike_between_families,)
