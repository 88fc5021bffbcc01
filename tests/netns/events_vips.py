# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The ikelb authors
"""Two VIPs over one farm, and the server speaks first: its client is called from the VIP it knows.

    c1 ─ [isp]  ─┐               ┌── s1
                 [lb] ikelbd ────┤
    c2 ─ [isp2] ─┘               └── s2
"""

from testlib.stage import Stage


def build(case):
    return Stage(case, control=False, providers=2).start()


def e23_two_vips_server_first(stage):
    """A client connected through each VIP gets a second tunnel, which its server begins."""
    for side in (stage.ikelb, stage.second):
        (own,) = stage.enter(sides=[side])
        home = own.home
        called = stage.called(own.client, caller=home)
        stage.check_alive([called])
        stage.finish(called)
        stage.finish(own)


def e12_two_vips_rekey_server(stage):
    """The server renews the IKE SA of a client of the second VIP."""
    (walker,) = stage.enter(sides=[stage.second])
    stage.rekey([walker], by_server=True)
    stage.kept([walker])


TESTS = (e12_two_vips_rekey_server, e23_two_vips_server_first)
