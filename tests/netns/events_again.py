# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The ikelb authors
"""Clients whose SAs have been renewed or begun again and again before they move.

    mover ─ [nat] ── [isp]  ── [lb]   ikelbd ──┬── s1
    mover ─ [nat] ── [isp5] ── [hash] kernel ──┴── s2
"""

from lab.peers import Habits
from testlib.stage import Stage

TIMES = 20
# See e15_rebinding_after_rekey in events_moves.py.
STAYS = Habits(mobike=False)


def build(case):
    return Stage(case).start()


def carry(stage, walkers, count=3):
    """A few pings go and come, by the newest SPIs."""
    before = {walker: walker.ping.answers() for walker in walkers}
    for walker in walkers:
        stage.case.eventually(
            lambda w=walker: w.ping.answers() >= before[w] + count,
            5,
            f"pings of {walker.client.name} by its newest SPI",
        )


def renew_children(stage, walkers):
    """New CHILD_SAs for old; the client uses the new one from its next packet on."""
    logs = [walker.client.charon.log for walker in walkers]
    before = [log.text().count("established with SPIs") for log in logs]
    for walker in walkers:
        walker.client.charon.rekey(child="inside")
    for log, count in zip(logs, before):
        stage.case.eventually(
            lambda one=log, n=count: one.text().count("established with SPIs") > n,
            5,
            "the CHILD_SA is rekeyed",
        )


def e24_child_rekeys(stage):
    """Twenty child rekeys, an IKE rekey, then the NAT's mapping gets a new address, ESP first."""
    walkers = stage.enter_behind_nat(habits=STAYS)
    for _ in range(TIMES):
        renew_children(stage, walkers)
        carry(stage, walkers)
    stage.rekey(walkers)
    for walker in walkers:
        stage.rebind(walker)
    stage.both(walkers, control="lost")


def e24_reconnects(stage):
    """Twenty logins from one address and port, then the NAT gives it a new address, ESP first."""
    clients = [stage.behind_nat(side=side, habits=STAYS) for side in stage.sides]
    stage.connect(clients)
    for _ in range(TIMES):
        for client in clients:
            inside = stage.home(client).inside
            done = client.space.run(
                ["ping", "-n", "-c", "3", "-i", "0.1", "-W", "1", inside], check=False
            )
            stage.case.check("3 received" in done.stdout, f"pings of {client.name}: {done.stdout}")
            client.charon.terminate()
        missing = {c.name for c in clients} - {c.name for c in stage.farm.connect(clients)}
        stage.case.check(not missing, f"no further tunnel for {missing}")
    stage.know_mappings(clients)
    walkers = stage.walk(clients)
    for walker in walkers:
        stage.rebind(walker)
    stage.both(walkers, control="lost")


TESTS = (e24_child_rekeys, e24_reconnects)
