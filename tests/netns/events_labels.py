# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The ikelb authors
"""Servers that mark their SPIs: an SA's server is known without ever having seen the SA.

    mover ─ [isp]  ── [lb]   ikelbd ──┬── s1   IKE SPIs 01.., ESP SPIs c01.....
    mover ─ [isp5] ── [hash] kernel ──┴── s2   IKE SPIs 02.., ESP SPIs c02.....
"""

from testlib.stage import Stage


def build(case):
    return Stage(case, labelled=True).start()


def e15_mobike_after_rekey_labelled(stage):
    """MOBIKE right after an IKE rekey, IKE first; the servers mark their SPIs."""
    walkers = stage.enter()
    stage.roam_after_rekey(walkers)
    stage.both(walkers, control="lost")


def e15_mobike_after_server_rekey_labelled(stage):
    """The same after a rekey by the server, whose SPI then is the pair's first."""
    walkers = stage.enter()
    stage.roam_after_rekey(walkers, by_server=True)
    stage.both(walkers, control="lost")


def e21_crash_labelled(stage):
    """ikelbd is killed and forgets everything: marked SPIs still show the way to movers."""
    (walker,) = stage.enter(sides=[stage.ikelb])
    stage.roam(walker.client)
    stage.check_alive([walker])
    stage.balancer.kill()
    (stage.balancer.folder / "state").unlink(missing_ok=True)
    stage.start_again()
    stage.kept([walker])


TESTS = (
    e15_mobike_after_rekey_labelled,
    e15_mobike_after_server_rekey_labelled,
    e21_crash_labelled,
)
