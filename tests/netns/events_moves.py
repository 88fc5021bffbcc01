# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The ikelb authors
"""Clients that move under a live tunnel, each to where the source hash names another server.

    mover ────────── [isp]  ── [lb]   ikelbd ──┬── s1
    mover ─ [nat] ─┘                           │
    mover ────────── [isp5] ── [hash] kernel ──┴── s2
    mover ─ [nat] ─┘

The same move is made at the same moment on both sides. The control has to lose the tunnel where a
hash of the address must; if it does not, the move proves nothing and the test fails.
"""

from lab.cgnat import Mapping
from testlib.stage import Stage


def build(case):
    return Stage(case).start()


def roam(stage, client):
    """The client's own address changes, as from Wi-Fi to LTE; charon notices by itself."""
    side = stage.side_of(client)
    address = stage.elsewhere(side, stage.home(client))
    client.space.ip(
        f"address del {client.address}/16 dev eth0",
        f"address add {address}/16 dev eth0",
        f"route replace default via {side.isp.client_net}.1",
    )
    client.address = client.outside = address


def e14_mobike(stage):
    """MOBIKE to a new address, IKE first."""
    walkers = stage.enter()
    before = {}
    for walker in walkers:
        roam(stage, walker.client)
        before[walker] = walker.ping.answers()
    stage.kept(stage.of(walkers, stage.ikelb))
    stage.lost(stage.of(walkers, stage.control), before)


TESTS = (e14_mobike,)
