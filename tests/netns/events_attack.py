# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The ikelb authors
"""An attacker at work in other people's names: nobody else's tunnel notices.

    victim ─ [nat] ─┐
    c9, disguised ──┴─ [isp]  ── [lb]   ikelbd ──┬── s1   the victim's
    victim ─ [nat] ─┐                            │
    c8, disguised ──┴─ [isp5] ── [hash] kernel ──┴── s2   the attacker's

A tap shows that a server has answered an attack where the victim is. The control is attacked too.
A source hash learns nothing from answers and keeps the tunnel; then it is made to believe the
attack, and has to lose it: what is looked at would show an attack that works.
"""

import contextlib
import threading
import time

from lab import dualstack
from lab.peers import Habits
from testlib import attacker, ikewire
from testlib.attacker import EspTap, Tap, place
from testlib.flood import Flooder, Kind
from testlib.stage import Stage

ALONE = "its floods take two cores"
IDLE = 16.0  # seconds after which a server is not held to be at work with its client
SPOOFED = 40
FLOWS_OF_REPLAYS = 12  # eight at once for an SA, one a second from then on
FLOOD_RATE, FLOOD_SECONDS = 1000, 3  # requests a second: five times what a source may send


def build(case):
    """Four clients are silent from the beginning on, and so are their servers."""
    stage = Stage(case, dual=True, dpd="0s", settings={"keep_alive": "0s"}).start()
    stage.taps = {side.name: Tap(stage, side) for side in stage.sides}
    clients = [stage.behind_nat(side=stage.ikelb, habits=attacker.SILENT) for _ in range(4)]
    stage.connect(clients)
    stage.idle = stage.walk(clients)
    for victim in stage.idle:
        victim.ping.stop()
        new_child(stage, victim.client)
    stage.idle_since = time.monotonic()
    return stage


def victims_of(stage, sides=None, **options):
    clients = [stage.behind_nat(side=side, **options) for side in sides or stage.sides]
    stage.connect(clients)
    return stage.walk(clients)


def one_victim(stage, **options):
    (victim,) = victims_of(stage, [stage.ikelb], **options)
    return victim


def answered_at(stage, where, client):
    """A server answers the attacker's client there."""
    tap = stage.taps[stage.side_of(client).name]
    stage.case.eventually(
        lambda: where in tap.answered(tap.spis(client.address)), 5, f"an answer at {where}"
    )


def unharmed(stage, victims):
    """Neither then nor with new keys is a ping lost, and the next login is at the same server. The
    control's tunnels end once the attack is believed."""
    ours, beside = stage.of(victims, stage.ikelb), stage.of(victims, stage.control)
    stage.check_alive(victims)
    since = stage.mark(beside)
    for victim in beside:
        stage.check_lossless(victim)
        other = next(s for s in stage.farm.servers if s is not victim.home)
        stage.hash.believe(place(stage, victim), other)
    for victim in ours:
        renew_child(stage, victim)
        same_server_again(stage, victim)
    stage.lost(beside, since)
    for victim in beside:
        victim.client.charon.kill()
        victim.ping.stop()
    stage.outcome.control = "kept; lost once it believes"


def renew_child(stage, victim):
    """The new ESP SA is in use, and nothing was lost over it."""
    new_child(stage, victim.client)
    stage.check_alive([victim])
    stage.check_lossless(victim)


def new_child(stage, client):
    charon, text = client.charon, "established with SPIs"
    known = charon.log.text().count(text)
    charon.rekey(child="inside")
    stage.case.eventually(lambda: charon.log.text().count(text) > known, 5, "a rekeyed CHILD_SA")


def same_server_again(stage, victim):
    echoes = stage.finish(victim)
    stage.case.check(echoes.all, f"{echoes} pings of {victim.client.name} at its end")
    victim.client.charon.terminate()
    stage.case.check(stage.farm.connect([victim.client]), "no second tunnel")
    found = stage.home(victim.client).name
    stage.case.equal(found, victim.home.name, "server of the next login")
    victim.client.charon.stop()


def failed_login(stage, victim):
    """IKE_SA_INIT from an address of his own, IKE_AUTH with a wrong key from the victim's."""
    client = attacker.stranger(stage, victim.side, not_of=victim.home, habits=attacker.WRONG)
    attacker.disguise(client, place(stage, victim))
    attacker.login(stage, client)
    if victim.side is stage.ikelb:
        answered_at(stage, place(stage, victim), client)
    return client


def e30_failed_login(stage):
    """Somebody fails to log in, with the address and port of a client who is at work."""
    victims = victims_of(stage)
    for client in [failed_login(stage, victim) for victim in victims]:
        client.charon.stop()
    unharmed(stage, victims)


def e30_failed_login_ipv6(stage):
    """Somebody fails to log in, with the IPv6 address of a client who is at work."""
    client = attacker.client_over_v6(stage, "2001:db8:18::a:1")
    stage.connect([client], vip=dualstack.VIP)
    (victim,) = stage.walk([client])
    own = next(
        address
        for address in (f"2001:db8:18::b:{n:x}" for n in range(1, 60))
        if stage.login_goes(address)["backend"] != dualstack.backend_name(victim.home)
    )
    mallory = attacker.client_over_v6(stage, own, habits=attacker.WRONG)
    attacker.disguise(mallory, place(stage, victim))
    attacker.login(stage, mallory, vip=dualstack.VIP)
    stage.case.eventually(
        lambda: attacker.refused(stage, own, place(stage, victim)), 5, "a refusal to the victim"
    )
    mallory.charon.stop()
    renew_child(stage, victim)
    same_server_again(stage, victim)


def recorded(stage, client, exchange):
    """The last request of this kind that the client was seen to send."""
    return stage.taps[stage.side_of(client).name].requests(client.outside, exchange)[-1]


def replay_login(stage, user, places):
    """IKE_SA_INIT and IKE_AUTH of the user come from each of these places."""
    first, again = (
        recorded(stage, user, exchange) for exchange in (ikewire.IKE_SA_INIT, ikewire.IKE_AUTH)
    )
    for source in places:
        stage.forge(stage.side_of(user), source, 500, first.payload)
        stage.forge(stage.side_of(user), source, 4500, again.payload)
        time.sleep(0.01)  # a server leaves out what comes while it answers


def e30_replayed_login(stage):
    """Another user's login, replayed with the address and port of a client and with forty more, at
    one of which somebody logs in later."""
    victims = victims_of(stage)
    for victim in victims:
        replay_login(stage, attacker.neighbour(stage, victim), [place(stage, victim)])
    (victim,) = stage.of(victims, stage.ikelb)
    user = attacker.neighbour(stage, victim)
    spoofed = [stage.mapping(stage.ikelb) for _ in range(SPOOFED)]
    newcomer_at = next(m for m in spoofed if stage.where(stage.ikelb, m.natt[0]) is victim.home)
    places = [mapping.natt for mapping in spoofed]
    replay_login(stage, user, [place(stage, victim), *places])
    answered_at(stage, place(stage, victim), user)
    nobody_follows(stage, user, places, victim.home, newcomer_at)
    unharmed(stage, victims)


def nobody_follows(stage, user, spoofed, home, mapping):
    """All replays are answered; no next login goes by them, and a newcomer's tunnel is whole."""
    tap = stage.taps["ikelb"]
    spis = tap.spis(user.address)
    stage.case.eventually(lambda: set(spoofed) <= tap.answered(spis), 5, "answers to all replays")
    rules = {stage.login_goes(address)["rule"] for address, _ in spoofed}
    stage.case.equal(rules, {"schedule"}, "by what logins from these addresses go")
    flows = stage.balancer.query("flows")["flows"]
    made = sum((flow["client"], flow["port"]) in spoofed for flow in flows)
    stage.case.check(made <= FLOWS_OF_REPLAYS, f"{made} flows by {len(spoofed)} replays")
    client = stage.behind_nat(mapping, side=stage.ikelb)
    stage.connect([client])
    (newcomer,) = stage.walk([client])
    stage.case.equal(newcomer.home.name, home.name, "server of a newcomer at a spoofed address")
    renew_child(stage, newcomer)
    stage.finish(newcomer)


def replay_dpd(stage, victim):
    """A question of a neighbour whether its server lives comes from the victim, thrice."""
    mate = attacker.neighbour(stage, victim, habits=Habits(dpd="1s"))
    stage.know_mappings([mate])
    (walker,) = stage.walk([mate])  # with its pings it asks no more: that was its last request
    for _ in range(3):
        message = recorded(stage, mate, ikewire.INFORMATIONAL)
        stage.forge(victim.side, place(stage, victim), 4500, message.payload)
    if victim.side is stage.ikelb:
        answered_at(stage, place(stage, victim), mate)
        stage.check_alive([walker])
        stage.check_lossless(walker)
    walker.ping.stop()


def e30_replayed_dpd(stage):
    """A question of another tunnel's client whether its server lives, replayed with the address
    and port of a client."""
    victims = victims_of(stage)
    for victim in victims:
        replay_dpd(stage, victim)
    unharmed(stage, victims)


@contextlib.contextmanager
def valid_move(stage, victim, to):
    """A user with a tunnel of his own moves to where somebody else is. His server asks nobody
    whether he is there: it answers and calls him there. As he hears nothing he logs in again, from
    there too, and his server sends its ESP there, all the time."""
    client = attacker.neighbour(stage, victim, habits=Habits(mobike=False, dpd="1s"))
    home = stage.home(client)
    attacker.disguise(client, to)
    if victim.side is stage.control:
        yield
    else:
        answered_at(stage, to, client)
        stage.case.eventually(lambda: attacker.sa_at(home, client, to), 8, "a login from there")
        with attacker.download(stage, home, client, to):
            yield
    client.charon.kill()


def e30_valid_move(stage):
    """A user whose tunnel is at another server moves, by what he says, to the address and port
    of a client who is at work."""
    victims = victims_of(stage)
    with contextlib.ExitStack() as stack:
        for victim in victims:
            stack.enter_context(valid_move(stage, victim, place(stage, victim)))
        unharmed(stage, victims)


def e30_esp_forged_mates_place(stage):
    """ESP with a client's newest SPI comes from where a client of another server is, before the
    first one uses it; then his NAT gives him a new address."""
    victims = victims_of(stage, habits=Habits(mobike=False))  # they notice by their DPD alone
    (victim,) = stage.of(victims, stage.ikelb)
    (mate,) = stage.walk([attacker.neighbour(stage, victim)])
    victim = forged_first(stage, victim, place(stage, mate))
    for walker in (victim, mate):
        stage.check_lossless(walker)
        stage.finish(walker)
    victims = stage.walk([walker.client for walker in victims])
    for walker in victims:
        address = stage.elsewhere(walker.side, walker.home, lambda s=walker.side: stage.public(s))
        stage.remap(walker.client, stage.mapping(walker.side, address))
    since = stage.mark(victims)
    stage.check_alive(stage.of(victims, stage.ikelb))
    stage.lost(stage.of(victims, stage.control), since)
    for walker in victims:
        walker.client.charon.kill()
        walker.ping.stop()


def forged_first(stage, victim, source):
    """The victim renews its ESP SA. Before its first packet there come others with the new SPI from
    `source`, where another server than its own is heard."""
    stage.finish(victim)
    new_child(stage, victim.client)
    spi = attacker.esp_spi(victim.client)
    with contextlib.ExitStack() as stack:
        taps = [
            stack.enter_context(EspTap(stage, server.space, "eth0", spi))
            for server in stage.farm.servers
        ]
        attacker.forged_esp(stage, victim.side, source, spi, 30)
        stage.case.eventually(
            lambda: any(source in tap.sources() for tap in taps), 2, "it reaches a server"
        )
    (victim,) = stage.walk([victim.client])
    stage.check_alive([victim])
    stage.check_lossless(victim)
    return victim


def e30_esp_forged_other_port(stage):
    """A user whose tunnel is at another server moves to a client's address, beside its port, and
    sends ESP with the client's newest SPI from there, before the client does."""
    victim = one_victim(stage)
    address, port = place(stage, victim)
    beside = (address, port + 5000)
    with valid_move(stage, victim, beside):
        victim = forged_first(stage, victim, beside)
        renew_child(stage, victim)
        same_server_again(stage, victim)


def e30_flood_of_requests(stage):
    """First requests in a client's name, 1,000 a second, while it renews its SAs."""
    victim = one_victim(stage)
    address, port = stage.nat(stage.ikelb).of(victim.client).ike
    kind = Kind(ikewire.bare_init(bytes(8)), 500, random=(0, 8), source=address, source_port=port)
    isp, vip = stage.ikelb.isp, stage.farm.vip
    flooder = Flooder(isp.space, "uplink", stage.farm.lb.mac("ext"), vip)
    count = FLOOD_RATE * FLOOD_SECONDS
    flood = threading.Thread(target=flooder.send, args=(kind, count, FLOOD_RATE))
    before = stage.balancer.drops()
    flood.start()
    try:
        renew_child(stage, victim)
        stage.rekey([victim])
        renew_child(stage, victim)
        stage.case.check(flood.is_alive(), "the flood was over first")
    finally:
        flood.join()
        flooder.close()
    dropped = stage.balancer.drops().get("source_limited", 0) - before.get("source_limited", 0)
    stage.case.check(0 < dropped < count / 2, f"{dropped} of {count} requests dropped")
    same_server_again(stage, victim)


def idle_victim(stage):
    """A client that has had its ESP SA renewed and has been silent since, as its server has:
    nobody knows the SPI of what it sends next."""
    left = stage.idle_since + IDLE - time.monotonic()
    time.sleep(max(0.0, left))  # that nothing comes is the condition
    return stage.idle.pop()


def awakes(stage, victim):
    (victim,) = stage.walk([victim.client])
    renew_child(stage, victim)
    same_server_again(stage, victim)


def e30_failed_login_idle(stage):
    """A login fails with the address and port of a client that has been silent for a while."""
    victim = idle_victim(stage)
    failed_login(stage, victim).charon.stop()
    awakes(stage, victim)


def e30_replayed_login_idle(stage):
    """A login is replayed with the address and port of a client that has been silent."""
    victim = idle_victim(stage)
    user = attacker.neighbour(stage, victim)
    replay_login(stage, user, [place(stage, victim)])
    answered_at(stage, place(stage, victim), user)
    awakes(stage, victim)


def e30_replayed_dpd_idle(stage):
    """A question for life is replayed with the address and port of a client that has been
    silent."""
    victim = idle_victim(stage)
    replay_dpd(stage, victim)
    awakes(stage, victim)


def e30_valid_move_idle(stage):
    """A user moves to the address and port of a client that has been silent."""
    victim = idle_victim(stage)
    with valid_move(stage, victim, place(stage, victim)):
        awakes(stage, victim)


TESTS = (
    e30_failed_login,
    e30_failed_login_ipv6,
    e30_replayed_login,
    e30_replayed_dpd,
    e30_valid_move,
    e30_esp_forged_mates_place,
    e30_esp_forged_other_port,
    e30_failed_login_idle,
    e30_replayed_login_idle,
    e30_replayed_dpd_idle,
    e30_valid_move_idle,
    e30_flood_of_requests,
)
