# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The ikelb authors
"""A reload takes a server away that does not know it and goes on.

    residents ─── [isp] ── [lb] ikelbd ──┬── s1
                                         ├── s2
                                         └── s3   removed, and added again under another name

No server looks whether its clients live: s3 has its tunnel, and what it sends there, to the end.
"""

from lab.capture import Capture
from lab.ping import Ping
from testlib import crafted
from testlib.stage import Stage

MANAGEMENT_PORT = 40000  # what the host sends from there never was VPN


def build(case):
    config = {"state": {"interval": "1s"}}
    return Stage(case, servers=3, control=False, config=config, dpd="0s").start()


def dropped(stage):
    rows = stage.balancer.query("drops")["drops"]
    return next(row["packets"] for row in rows if row["reason"] == "backend_removed")


def reload(stage):
    stage.balancer.write_config()
    return stage.balancer.control("reload").stdout


def is_vpn(packet):
    """A part of a service's datagram, as far as can be told."""
    if packet.is_udp and packet.body[:2] == MANAGEMENT_PORT.to_bytes(2, "big"):
        return False
    return True


def manage(server, client):
    """A datagram of the server's host that has nothing to do with its tunnels."""
    own = crafted.udp_socket(server.space, server.address, MANAGEMENT_PORT)
    own.sendto(b"managed", (client.address, 9))
    own.close()


def e29_backend_removed(stage):
    """A server that sends is removed by a reload: nothing of it leaves with its own address, not
    after a restart either, and its client has a tunnel to another server"""
    case, farm, balancer = stage.case, stage.farm, stage.balancer
    gone, backends = farm.servers[2], balancer.config["pools"][0]["backends"]
    clients = [stage.resident(server) for server in farm.servers]
    stage.connect(clients)
    *others, victim = stage.walk(clients)
    inner = victim.client.charon.established()[0]["local-vips"][0]
    options = ("-I", gone.inside)
    case.check(Ping(gone.space, inner, count=5, options=options).result().all, "pings downwards")
    wire = Capture(case.lab, farm.isp.space, "uplink", f"src host {gone.address}", name="own")
    download = Ping(gone.space, inner, interval=0.05, options=options)

    ends = [{"name": gone.name, "tunnels": 1}]
    backends.pop()
    balancer.write_config()
    case.eventually(
        lambda: balancer.query("diff")["backends"] == ends, 10, "diff counts the tunnel"
    )
    case.check(gone.name in balancer.backends(), "diff has removed it")
    told = balancer.control("reload").stdout
    case.check(f"backend {gone.name}: 1 tunnel ended" in told, f"the reload said: {told}")
    case.check(gone.name not in balancer.backends(), "it is a backend after its removal")

    case.eventually(lambda: dropped(stage) >= 20, 10, "what it sends is dropped by name")
    Ping(gone.space, inner, count=5, options=(*options, "-s", "3000")).result()
    manage(gone, victim.client)
    client = victim.client
    case.eventually(
        lambda: stage.logins(client) > victim.logins and client.charon.established(),
        30,
        "its client has a tunnel again",
    )
    case.check(stage.home(client) is not gone, "its client is back at the removed server")
    stage.finish(victim)

    stage.await_save()
    balancer.stop()
    stage.start_again()
    before = dropped(stage)
    case.eventually(lambda: dropped(stage) >= before + 20, 10, "it is dropped after a restart")
    stage.check_alive(others)
    seen = wire.stop()
    sent = [packet for packet in seen if is_vpn(packet)]
    case.equal(len(sent), 0, "packets of its tunnel that left with its own address")
    case.check(seen, "nothing else of the host was seen: the capture shows nothing")

    backends.append({"name": "again", "address": gone.address})
    reload(stage)
    balancer.wait_state("again", "up")
    client = stage.resident(gone)
    stage.connect([client])
    stage.kept(stage.walk([client]) + others)
    download.stop()
    stage.outcome.ikelb = "connects elsewhere"
    case.note(f"{dropped(stage)} dropped after the restart")


TESTS = (e29_backend_removed,)
