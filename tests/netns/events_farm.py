# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The ikelb authors
"""The balancer or a server goes and comes under live tunnels.

    residents ─┬─ [isp]  ── [lb]   ikelbd ──┬── s1
    mover ─────┘                            ├── s2
                                            ├── s3
    residents ─── [isp5] ── [hash] kernel ──┴── s4   added later

The control has no health check: where ikelbd takes a server out or in, it gets the new list by
hand, and loses its connection table, which lives no longer than its idle time in any case.
"""

from testlib.stage import LOST_AFTER, Stage

SERVERS = 3
BLOCKED = {False: 4.0, True: 60.0}  # seconds without ping to a live server; the second in --long


def build(case):
    """A resident of each server stays connected through all tests."""
    stage = Stage(case, servers=SERVERS, config={"state": {"interval": "1s"}}).start()
    stage.spare = stage.farm.add_server(SERVERS + 1)
    stage.hash.adopt(stage.spare)
    stage.farm.start_servers([stage.spare])
    clients = [stage.resident(server) for server in stage.farm.servers[:SERVERS]]
    stage.connect(clients)
    stage.residents = stage.walk(clients)
    stage.beside = None
    return stage


def alive(stage, walkers):
    """Alive, and their pings since the last test counted; they go on."""
    stage.check_alive(walkers)
    for walker in walkers:
        echoes = walker.ping.so_far()
        stage.count(walker, echoes.since(walker.counted))
        walker.counted = echoes


def beside(stage, old, new):
    """A client of the control at a server that stays, which the hash over `new` sends elsewhere."""
    for _ in range(60):
        address = stage.control.address()
        stage.hash.spread(new)
        after = stage.where(stage.control, address)
        stage.hash.spread(old)
        before = stage.where(stage.control, address)
        if before in new and after is not before:
            client = stage.farm.add_client(stage.name(), address, stage.control.isp)
            stage.connect([client])
            return stage.walk([client])
    raise stage.case.failed("60 addresses and none is re-hashed")


def rehashed(stage, walkers, old, new):
    """The control's pool changes: the innocent one has to lose its tunnel."""
    stage.hash.spread(new)
    stage.hash.forget()
    stage.lost(walkers, stage.mark(walkers))
    stage.outcome.control = "lost: re-hashed"
    for walker in walkers:  # once the old list is back, it may come to its old server anew
        walker.client.charon.kill()
        walker.ping.stop()
    stage.hash.spread(old)


def e21_restart(stage):
    """ikelbd stops and starts under tunnels, one of them moved by MOBIKE."""
    restart(stage, stage.balancer.stop)


def e21_crash(stage):
    """ikelbd is killed and starts under tunnels, one of them moved by MOBIKE."""
    restart(stage, stage.balancer.kill)


def restart(stage, end):
    (mover,) = stage.enter(sides=[stage.ikelb])
    (other,) = stage.enter(sides=[stage.control])
    stage.roam(mover.client)
    stage.check_alive([mover])
    stage.await_save()
    end()
    stage.hash.forget()
    stage.start_again()
    alive(stage, stage.residents)
    stage.check_alive([mover])
    stage.roam(mover.client)
    stage.kept([mover, other])


def e22_backend_lost(stage):
    """A server dies: its clients go elsewhere, no other client notices."""
    old, new = stage.farm.servers[:3], stage.farm.servers[:2]
    others = beside(stage, old, new)
    victim, innocent = stage.residents[2], stage.residents[:2]
    victim.home.cut()
    stage.balancer.wait_state(victim.home.name, "down")
    rehashed(stage, others, old, new)
    alive(stage, innocent)
    stage.case.eventually(
        lambda: stage.logins(victim.client) > victim.logins
        and victim.client.charon.established(),
        20,
        "the dead server's client has a tunnel again",
    )
    victim.ping.stop()
    victim.home.mend()
    stage.balancer.wait_state(old[2].name, "up")
    (stage.residents[2],) = stage.walk([victim.client])
    stage.case.check(stage.residents[2].home is not old[2], "its tunnel ends at the dead server")


def e22_backend_drained(stage):
    """A drained server keeps its tunnels, and no other client notices."""
    old, new = stage.farm.servers[:3], stage.farm.servers[1:3]
    others = beside(stage, old, new)
    stage.balancer.control("drain", old[0].name, "--mode", "refuse")
    rehashed(stage, others, old, new)
    alive(stage, stage.residents)
    stage.balancer.control("enable", old[0].name)


def reload(stage, change):
    change(stage.balancer.config)
    stage.balancer.write_config()
    stage.balancer.control("reload")


def e22_backend_added(stage):
    """A new server gets new clients only."""
    old, new = stage.farm.servers[:3], stage.farm.servers[:4]
    others = beside(stage, old, new)
    entry = {"name": stage.spare.name, "address": stage.spare.address}
    reload(stage, lambda config: config["pools"][0]["backends"].append(entry))
    stage.balancer.wait_state(stage.spare.name, "up")
    rehashed(stage, others, old, new)
    alive(stage, stage.residents)
    client = stage.resident(stage.spare)
    stage.connect([client])
    stage.kept(stage.walk([client]))


def e22_weight_changed(stage):
    """A weight moves new clients only."""

    def change(config):
        for backend, weight in zip(config["pools"][0]["backends"], (10, 1000, 10, 1000)):
            backend["weight"] = weight

    reload(stage, change)
    alive(stage, stage.residents)


def e22_ping_blocked(stage):
    """A server answers no ping and is alive otherwise: down, and no tunnel lost."""
    walker = stage.residents[0]
    walker.home.space.nft(
        "table ip deaf {\n chain in {\n  type filter hook input priority filter\n"
        '  iifname "eth0" icmp type echo-request drop\n }\n}\n'
    )
    seconds = BLOCKED[stage.case.long]
    stage.case.eventually(
        lambda: stage.balancer.backends()[walker.home.name]["state"] == "down", 10, "it is down"
    )
    stage.holds(walker, seconds)
    alive(stage, stage.residents)
    walker.home.space.nft("delete table ip deaf\n")
    stage.balancer.wait_state(walker.home.name, "up")
    alive(stage, stage.residents)
    stage.case.note(f"{seconds:g} s without ping")


TESTS = (
    e21_restart,
    e21_crash,
    e22_backend_lost,
    e22_backend_drained,
    e22_backend_added,
    e22_weight_changed,
    e22_ping_blocked,
)
