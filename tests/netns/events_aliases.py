# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The ikelb authors
"""Two VIPs over one farm, the second with an alias address on each server: what a client is sent
leaves from the VIP that it called, whatever anybody does at the other.

    c2, disguised ── [isp]  198.51.100.0/24 ── wan0 ┐             ┌── s1 10.20.0.11, .111
                            VIP 203.0.113.10        [lb] lan0 ────┤
    c1 ─────── [nat] [isp2] 198.51.101.0/24 ── wan1 ┘             └── s2 10.20.0.12, .112
                            VIP 203.0.113.20
"""

import time

from lab.ping import Ping
from testlib import attacker
from testlib.stage import Stage


def build(case):
    stage = Stage(case, control=False, providers=2, dpd="0s")
    for server in stage.farm.servers:
        server.space.ip(f"address add {alias(server)}/24 dev eth0")
    share(stage, False)
    return stage.start()


def alias(server):
    return f"10.20.0.{110 + server.number}"


def share(stage, shared):
    """Both VIPs lead to the servers' one address, or the second has aliases."""
    service = stage.balancer.config["services"][1]["name"]
    for backend, server in zip(stage.balancer.config["pools"][0]["backends"], stage.farm.servers):
        aliases = [] if shared else [{"service": service, "address": alias(server)}]
        backend["aliases"] = aliases
    stage.balancer.write_config()


def failed_login_during_download(stage):
    """What of a server's pings through a tunnel of the second VIP is answered while somebody fails
    to log in to the same server by the first VIP, with the client's address and port."""
    client = stage.behind_nat(side=stage.second, habits=attacker.SILENT)
    stage.connect([client])
    home, where = stage.home(client), stage.nat(stage.second).of(client).natt
    mallory = stage.resident(home, habits=attacker.WRONG)
    attacker.disguise(mallory, where)
    inner = client.charon.established()[0]["local-vips"][0]
    before = Ping(home.space, inner, count=5, options=("-I", home.inside)).result()
    stage.case.check(before.all, f"{before} pings before")
    # Records tell seconds apart: what he leaves is to be later than what the tunnel has left.
    time.sleep(1.5)
    attacker.login(stage, mallory)
    stage.case.eventually(
        lambda: attacker.refused(stage, mallory.address, where), 5, "a refusal to the victim"
    )
    options = ("-I", home.inside)
    echoes = Ping(home.space, inner, count=100, interval=0.02, options=options).result()
    mallory.charon.kill()
    client.charon.kill()
    return echoes


def e30_two_vips_failed_login(stage):
    """Somebody fails to log in at the other VIP, with the address and port of a client that
    downloads; with alias addresses on the servers, and without."""
    echoes = failed_login_during_download(stage)
    stage.case.check(echoes.all, f"{echoes} pings of a server were answered")
    stage.outcome.sent, stage.outcome.lost = echoes.sent, echoes.sent - echoes.received
    share(stage, True)
    stage.balancer.control("reload")
    shared = failed_login_during_download(stage)
    stage.case.check(shared.all, f"{shared} pings of a server were answered without aliases")


TESTS = (e30_two_vips_failed_login,)
