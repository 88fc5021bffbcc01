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
from lab.peers import Habits
from testlib.stage import SETTLED, Stage


def build(case):
    return Stage(case).start()


def e4_float_port(stage):
    """From 500 to 4500 the NAT changes the source port."""
    walkers = stage.enter_behind_nat()
    stage.both(walkers, control="kept")


def e4_float_address(stage):
    """From 500 to 4500 the NAT changes the public address: CGNAT without pairing."""
    stage.needs_choice()
    clients = []
    for side in stage.sides:
        ike = stage.mapping(side)
        home = stage.where(side, ike.ike[0])
        other = stage.elsewhere(side, home, lambda s=side: stage.public(s))
        split = Mapping(ike.ike, (other, ike.natt[1]))
        clients.append(stage.behind_nat(split, side=side))
    stage.farm.start_clients(clients)
    connected = stage.farm.connect(clients, timeout=5)
    stage.case.check(clients[0] in connected, "no tunnel through ikelb")
    stage.case.check(clients[1] not in connected, "the control connects: the float shows nothing")
    stage.outcome.control = "lost"
    stage.kept(stage.walk(clients[:1]))
    clients[1].charon.stop()


def e14_mobike(stage):
    """MOBIKE to a new address, IKE first."""
    walkers = stage.enter()
    for walker in walkers:
        stage.roam(walker.client)
    stage.both(walkers, control="lost")


def e15_rebinding_after_rekey(stage):
    """A NAT's new address right after an IKE rekey, ESP first."""
    # With MOBIKE, strongSwan compares a NAT's mapping with what the same IKE SA told before: it
    # would never notice a change right after a rekey, whatever is between it and its server.
    walkers = stage.enter_behind_nat(habits=Habits(mobike=False))
    stage.rekey(walkers)
    for walker in walkers:
        stage.rebind(walker)
    stage.both(walkers, control="lost")


def e16_nat_rebinding_port(stage):
    """The NAT's mapping gets a new port, ESP first."""
    walkers = stage.enter_behind_nat()
    for walker in walkers:
        address = walker.client.outside
        stage.remap(walker.client, stage.mapping(walker.side, address))
    stage.both(walkers, control="kept")


def e17_nat_rebinding_address(stage):
    """The NAT's mapping gets a new address, ESP first."""
    walkers = stage.enter_behind_nat()
    for walker in walkers:
        stage.rebind(walker)
    stage.both(walkers, control="lost")


def e17_nat_rebinding_bound_address(stage):
    """The new address has a client already, with a tunnel to another server; both live on."""
    stage.needs_choice()
    movers = stage.enter_behind_nat()
    addresses = {
        mover.side.name: stage.elsewhere(
            mover.side, mover.home, lambda s=mover.side: stage.public(s)
        )
        for mover in movers
    }
    residents = stage.enter_behind_nat(addresses=addresses)
    for mover, resident in zip(movers, residents):
        stage.case.check(mover.home is not resident.home, "mover and resident share a server")
        stage.remap(mover.client, stage.mapping(mover.side, addresses[mover.side.name]))
    stage.both(movers, control="lost")
    stage.kept(stage.of(residents, stage.ikelb))


def e20_same_port_reused(stage):
    """Two clients with different servers exchange their public addresses and ports."""
    stage.needs_choice()
    first = stage.enter_behind_nat()
    addresses = {
        one.side.name: stage.elsewhere(one.side, one.home, lambda s=one.side: stage.public(s))
        for one in first
    }
    second = stage.enter_behind_nat(addresses=addresses)
    for one, other in zip(first, second):
        stage.case.check(one.home is not other.home, "both clients on one server: no basis")
        nat = stage.nat(one.side)
        mappings = nat.of(one.client), nat.of(other.client)
        stage.remap(one.client, mappings[1])
        stage.remap(other.client, mappings[0])
    stage.both(first + second, control="lost", within=SETTLED)


TESTS = (
    e4_float_port,
    e4_float_address,
    e14_mobike,
    e15_rebinding_after_rekey,
    e16_nat_rebinding_port,
    e17_nat_rebinding_address,
    e17_nat_rebinding_bound_address,
    e20_same_port_reused,
)
