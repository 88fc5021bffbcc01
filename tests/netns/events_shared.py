# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The ikelb authors
"""Many clients behind one address, `affinity: sa`.

    c1 .. cN ─ [nat] ─ [isp]  ── [lb]   ikelbd ──┬── s1
    k1 .. kN ─ [nat] ─ [isp5] ── [hash] kernel ──┴── s2
               one public address each
"""

from testlib.stage import Stage

CROWD = {"ikelb": 12, "control": 3}


def build(case):
    stage = Stage(case, affinity="sa").start()
    stage.crowd = {}
    for side in stage.sides:
        address = stage.public(side)
        stage.crowd[side.name] = [
            stage.behind_nat(stage.mapping(side, address), side=side)
            for _ in range(CROWD[side.name])
        ]
    return stage


def whole(stage, client, home):
    """Both its ports came to the server of its tunnel, and to no other."""
    mapping = stage.nat(stage.side_of(client)).of(client)
    for address, port in (mapping.ike, mapping.natt):
        text = f"received packet: from {address}[{port}]"
        at = [s.name for s in stage.farm.servers if text in s.charon.log.text()]
        stage.case.equal(at, [home.name], f"servers that heard port {port} of {client.name}")


def e19_shared_address(stage):
    """Clients behind one NAT are spread over the farm, each with all it does at one server."""
    everybody = [client for clients in stage.crowd.values() for client in clients]
    stage.connect(everybody)
    stage.know_mappings(everybody)
    stage.walkers = {name: stage.walk(clients) for name, clients in stage.crowd.items()}
    walkers = stage.walkers["ikelb"]
    homes = [walker.home.name for walker in walkers]
    stage.case.equal(set(homes), {s.name for s in stage.farm.servers}, "servers of the crowd")
    for walker in walkers:
        whole(stage, walker.client, walker.home)
    walkers[0].client.charon.rekey(ike="ikelb")
    walkers[1].client.charon.rekey(child="inside")
    stage.check_alive(walkers)
    for walker in walkers:
        stage.count(walker, walker.ping.so_far())
    beside = {walker.home.name for walker in stage.walkers["control"]}
    stage.case.equal(len(beside), 1, "servers of the control's crowd")
    stage.outcome.control = "all on one server"
    stage.case.note(f"{homes.count('s1')} and {homes.count('s2')} of {len(homes)} clients")


def e20_shared_address_ports_exchanged(stage):
    """Two of them with different servers get each other's ports from the NAT."""
    walkers = stage.walkers["ikelb"][2:]  # without those that were rekeyed: that would be E15
    one = walkers[-1]
    other = next(walker for walker in walkers if walker.home is not one.home)
    nat = stage.nat(stage.ikelb)
    mappings = nat.of(one.client), nat.of(other.client)
    nat.remap(one.client, mappings[1])
    nat.remap(other.client, mappings[0])
    stage.kept(walkers)


def e13_shared_address_reauthentication(stage):
    """A reauthentication is a new SA: it may change the server, and the tunnel is whole."""
    client = stage.behind_nat(
        stage.mapping(stage.ikelb, stage.crowd["ikelb"][0].outside), side=stage.ikelb
    )
    stage.connect([client])
    client.charon.reauthenticate()
    log = client.charon.log
    stage.case.eventually(
        lambda: log.text().count("established between") >= 2, 10, "a second IKE SA"
    )
    stage.kept(stage.walk([client]))


def e15_shared_address_mobike_after_rekey(stage):
    """MOBIKE right after an IKE rekey, where an address says nothing about its client's server."""
    walkers = stage.enter()
    stage.roam_after_rekey(walkers)
    stage.both(walkers, control="lost")


TESTS = (
    e19_shared_address,
    e20_shared_address_ports_exchanged,
    e13_shared_address_reauthentication,
    e15_shared_address_mobike_after_rekey,
)
