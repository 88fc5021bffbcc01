# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The ikelb authors
"""Servers that mark nothing: of an IKE SA that nobody knows, all of them are asked.

    mover ─ [isp]  ── [lb]   ikelbd ──┬── s1
    mover ─ [isp5] ── [hash] kernel ──┴── s2
"""

from testlib.stage import Stage


def build(case):
    return Stage(case, ask_all=20).start()


def e15_mobike_after_rekey_asked(stage):
    """MOBIKE right after an IKE rekey, IKE first; every server gets a copy of the request."""
    walkers = stage.enter()
    stage.rekey(walkers)
    for walker in walkers:
        stage.roam(walker.client)
    stage.both(walkers, control="lost")


TESTS = (e15_mobike_after_rekey_asked,)
