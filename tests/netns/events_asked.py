# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The ikelb authors
"""Servers that mark nothing: of an IKE SA that nobody knows, all of them are asked.

    mover ─ [isp]  ── [lb]   ikelbd ──┬── s1
    mover ─ [isp5] ── [hash] kernel ──┴── s2
"""

from testlib.stage import Stage


def build(case):
    return Stage(case).start()


def e15_mobike_after_rekey_asked(stage):
    """MOBIKE right after an IKE rekey, IKE first; every server gets a copy of the request."""
    walkers = stage.enter()
    stage.roam_after_rekey(walkers)
    stage.both(walkers, control="lost")


def e15_mobike_after_rekey_bound_address(stage):
    """The same, to an address from where somebody was at another server before."""
    (walker,) = stage.enter(sides=[stage.ikelb])
    other = next(server for server in stage.farm.servers if server is not walker.home)
    resident = stage.resident(other)
    stage.connect([resident])
    stage.finish(*stage.walk([resident]))
    resident.charon.stop()
    resident.space.ip(f"address del {resident.address}/16 dev eth0")
    stage.rekey([walker])
    stage.roam(walker.client, resident.address)
    stage.kept([walker])


TESTS = (e15_mobike_after_rekey_asked, e15_mobike_after_rekey_bound_address)
