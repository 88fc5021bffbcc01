# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The ikelb authors
"""The way back to a client changes under its tunnel, and it says nothing of it: no DPD.

    clients 198.18.0.0/16 ── [isp] ──┬── wan0 ┐
                               │     roamer   [lb] ikelbd ──┬── s1
                             [isp2] ──── wan1 ┘             └── s2

Both routers lead to the clients, and isp's is the kernel's choice. What clients send comes by the
one that isp's own route names.
"""

from lab.netns import bridge, veth
from lab.peers import Habits
from testlib.stage import Stage

SILENT = Habits(dpd="0s")
FIRST, SECOND = "198.51.100.254", "198.51.101.254"
# The daemon has the kernel look after its gateways every 10 s.
NOTICED = 16.0


def build(case):
    stage = Stage(case, control=False, providers=2, dpd="0s")
    first, second = (isp.space for isp in stage.farm.isps)
    bridge(first, "edge")
    first.ip(
        f"address del {FIRST}/24 dev uplink",
        "link set uplink master edge",
        f"address add {FIRST}/24 dev edge",
    )
    veth(first, "peer", second, "peer")
    first.ip("address add 192.0.2.1/24 dev peer", "route add 10.20.0.0/24 via 198.51.100.1")
    second.ip(
        "address add 192.0.2.2/24 dev peer",
        "route add 198.18.0.0/16 via 192.0.2.1",
        f"route add {stage.farm.vip}/32 via 198.51.101.1",
    )
    clients_come_by(stage, FIRST)
    stage.start()
    lb = stage.farm.lb
    for twin in ("ext", "ext2"):
        of_twin = f"net/ipv4/neigh/{twin}"
        lb.sysctl({f"{of_twin}/base_reachable_time_ms": 1000, f"{of_twin}/retrans_time_ms": 250})
        lb.sysctl({f"{of_twin}/delay_first_probe_time": 1})
        lb.ip(f"neigh flush dev {twin}")  # what is known already has the old times
    lb.ip(f"route add default via {SECOND} metric 200")
    stage.case.eventually(lambda: is_known(stage, SECOND), NOTICED, f"{SECOND} is known")
    return stage


def is_known(stage, router):
    shown = stage.farm.lb.run(["ip", "-json", "neigh", "show", router], check=False).stdout
    return '"lladdr"' in shown


def clients_come_by(stage, router):
    via = "198.51.100.1" if router == FIRST else "192.0.2.2"
    stage.farm.isp.space.ip(f"route replace {stage.farm.vip}/32 via {via}")


def hops(stage, walkers):
    """The next hops that stand with their flows."""
    clients = {walker.client.outside for walker in walkers}
    flows = stage.balancer.query("flows")["flows"]
    return {flow["next_hop"] for flow in flows if flow["client"] in clients}


def enter(stage, count, hop):
    clients = [stage.clients(habits=SILENT)[0] for _ in range(count)]
    stage.connect(clients)
    walkers = stage.walk(clients)
    stage.case.equal(hops(stage, walkers), {hop}, "next hops")
    return walkers


def kept_in_silence(stage, walkers, within):
    """Alive, and not because a client asked."""
    questions = [walker.client.charon.log.text().count("INFORMATIONAL") for walker in walkers]
    stage.kept(walkers, within=within)
    for walker, before in zip(walkers, questions):
        after = walker.client.charon.log.text().count("INFORMATIONAL")
        stage.case.equal(after, before, f"questions and answers of {walker.client.name}")


def e25_router_dies(stage):
    """The router that a client's packets come by dies; another one leads to the client."""
    clients_come_by(stage, SECOND)
    walkers = enter(stage, 1, SECOND)
    dead = stage.farm.isps[1].space
    dead.nft(
        "table netdev dead {\n chain in {\n"
        "  type filter hook ingress device uplink priority 0; policy drop;\n }\n}\n"
    )
    clients_come_by(stage, FIRST)
    kept_in_silence(stage, walkers, NOTICED)
    dead.nft("delete table netdev dead\n")


def e25_default_route_moves(stage):
    """The default route moves to another router, and the old one leads elsewhere from then on."""
    walkers = enter(stage, 4, FIRST)
    old, lb = stage.farm.isp.space, stage.farm.lb
    clients_come_by(stage, SECOND)
    old.nft(
        "table ip moved {\n chain out {\n  type filter hook forward priority filter\n"
        '  iifname "edge" oifname "acc" drop\n }\n}\n'
    )
    lb.ip(f"route add 198.28.0.0/16 via {FIRST}", f"route del default via {FIRST}")
    kept_in_silence(stage, walkers, 8.0)
    lb.ip(f"route add default via {FIRST}", f"route del 198.28.0.0/16 via {FIRST}")
    old.nft("delete table ip moved\n")
    clients_come_by(stage, FIRST)


def e25_roamer_was_gateway(stage):
    """A client on ikelb's own link roams there, and its old address is a route's gateway."""
    old, new = "198.51.100.50", "198.51.100.60"
    (client,) = stage.clients(habits=SILENT)
    stage.farm.isp.space.ip(f"link set {client.name} master edge")
    client.space.ip(
        "address flush dev eth0",
        f"address add {old}/24 dev eth0",
        f"route add {stage.farm.vip}/32 via 198.51.100.1",
    )
    client.address = client.outside = old
    stage.farm.lb.ip(f"route add 198.30.0.0/16 via {old}")
    stage.connect([client])
    (walker,) = stage.walk([client])
    stage.case.equal(hops(stage, [walker]), {"on-link"}, "next hops")
    client.space.ip(
        f"address del {old}/24 dev eth0",
        f"address add {new}/24 dev eth0",
        f"route add {stage.farm.vip}/32 via 198.51.100.1",
    )
    client.address = client.outside = new
    stage.check_alive([walker])
    stage.case.equal(hops(stage, [walker]), {"on-link"}, "next hops after the move")
    stage.holds(walker, NOTICED)
    stage.kept([walker])
    stage.farm.lb.ip(f"route del 198.30.0.0/16 via {old}")


TESTS = (
    e25_router_dies,
    e25_default_route_moves,
    e25_roamer_was_gateway,
)
