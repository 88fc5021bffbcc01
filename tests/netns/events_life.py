# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The ikelb authors
"""What happens in a tunnel's life while its client stays where it is.

    c1 .. cN ─ [isp] ── [lb] ikelbd ──┬── s1   lifetimes of seconds for
                                      └── s2   clients of rekeyed.example
"""

from lab.capture import Capture
from lab.peers import REKEYED, Habits
from testlib.stage import Stage

QUIET = Habits(dpd="0s")
LIVES = {
    "child by client": Habits(child_lifetime="2s"),
    "ike by client": Habits(ike_lifetime="2s"),
    "by server": Habits(domain=REKEYED, dpd="0s"),
}


def build(case):
    """Clients with short lives begin at once: their SAs are renewed while other tests run."""
    stage = Stage(case, control=False, dpd="3s", settings={"keep_alive": "1s"}).start()
    clients = {name: stage.clients(habits=habits)[0] for name, habits in LIVES.items()}
    stage.connect(list(clients.values()))
    stage.lives = dict(zip(clients, stage.walk(list(clients.values()))))
    return stage


def seen(stage, log, text, count, what, timeout=12):
    stage.case.eventually(lambda: log.text().count(text) >= count, timeout, what)


def e7_esp(stage):
    """ESP of several sizes, both ways."""
    (walker,) = stage.enter()
    for size in (0, 500, 1300):
        done = walker.client.space.run(
            ["ping", "-n", "-c", "5", "-i", "0.1", "-W", "1", "-s", str(size), walker.home.inside],
            check=False,
        )
        stage.case.check("5 received" in done.stdout, f"pings of {size} octets: {done.stdout}")
    stage.kept([walker])


def e8_child_rekey_client(stage):
    """The client renews its CHILD_SA, again and again."""
    walker = stage.lives["child by client"]
    seen(stage, walker.client.charon.log, "established with SPIs", 3, "two rekeyed CHILD_SAs")
    stage.kept([walker])


def e8_child_rekey_server(stage):
    """The server renews the CHILD_SA."""
    walker = stage.lives["by server"]
    text = "parsed CREATE_CHILD_SA request"
    log = walker.client.charon.log
    seen(stage, log, text, 2, "requests of the server to renew")
    seen(stage, log, "established with SPIs", 2, "a rekeyed CHILD_SA")
    stage.check_alive([walker])
    stage.count(walker, walker.ping.so_far())


def e9_keepalives(stage):
    """NAT keepalives of both ends cross, and nothing is recorded for them."""
    client = stage.behind_nat(side=stage.ikelb, habits=QUIET)  # without a NAT it sends none
    stage.connect([client], settings={"keep_alive": "1s"})
    wire = Capture(stage.case.lab, client.space, "eth0", "udp port 4500 and udp[4:2] == 9")
    home = stage.home(client)
    far = Capture(stage.case.lab, home.space, "eth0", "udp port 4500 and udp[4:2] == 9")

    def both_ways(count):
        inward = [p for p in far.packets() if p.source == client.outside]
        outward = [p for p in wire.packets() if p.source == stage.farm.vip]
        return len(inward) >= count and len(outward) >= count

    stage.case.eventually(lambda: both_ways(1), 10, "a keepalive each way")
    before = flows(stage)
    stage.case.eventually(lambda: both_ways(3), 10, "three keepalives each way")
    for capture in (wire, far):
        capture.stop()
    stage.case.equal(flows(stage), before, "flows")
    stage.kept(stage.walk([client]))


def flows(stage):
    """{(client, port): server}"""
    found = stage.balancer.query("flows")["flows"]
    return {(flow["client"], flow["port"]): flow["backend"] for flow in found}


def e10_dpd_client(stage):
    """The client asks whether its server lives."""
    (client,) = stage.clients(habits=Habits(dpd="1s"))
    stage.connect([client])
    log = client.charon.log
    seen(stage, log, "sending DPD request", 2, "two questions of the client")
    seen(stage, log, "parsed INFORMATIONAL response", 2, "two answers of the server")
    stage.case.check("retransmit 1 of request" not in log.text(), "a question was repeated")
    stage.kept(stage.walk([client]))


def e10_dpd_server(stage):
    """The server asks whether its client lives."""
    (client,) = stage.clients(habits=QUIET)
    stage.connect([client])
    home, log = stage.home(client), client.charon.log
    seen(stage, log, "parsed INFORMATIONAL request", 2, "two questions of the server")
    answer = f"received packet: from {client.address}[4500]"
    seen(stage, home.charon.log, answer, 3, "the client's answers at its server")
    stage.kept(stage.walk([client]))


def e11_ike_rekey_client(stage):
    """The client renews the IKE SA; the next renewal is the first packet on the new pair."""
    walker = stage.lives["ike by client"]
    seen(stage, walker.client.charon.log, "rekeyed between", 2, "two rekeyed IKE SAs")
    stage.kept([walker])


def e12_ike_rekey_server(stage):
    """The server renews the IKE SA, so that its SPI comes first; then the client speaks on it."""
    walker = stage.lives["by server"]
    log = walker.client.charon.log
    seen(stage, log, "rekeyed between", 1, "an IKE SA rekeyed by the server")
    before = log.text().count("established with SPIs")
    walker.client.charon.rekey(child="inside")
    seen(stage, log, "established with SPIs", before + 1, "a CHILD_SA renewed by the client")
    seen(stage, log, "rekeyed between", 2, "a second IKE SA rekeyed by the server")
    stage.kept([walker])


def e13_reauthentication(stage):
    """A new IKE_SA_INIT of a client with a tunnel reaches the same server."""
    (walker,) = stage.enter()
    walker.client.charon.reauthenticate()
    walker.logins += 1
    seen(stage, walker.client.charon.log, "established between", 2, "a second IKE SA")
    stage.kept([walker])


def e13_reauthentication_under_refuse(stage):
    """A drained server's client goes elsewhere with its new IKE_SA_INIT, and no other client."""
    leaver, stayer = together(stage)
    stage.balancer.control("drain", leaver.home.name, "--mode", "refuse")
    leaver.client.charon.reauthenticate()
    seen(stage, leaver.client.charon.log, "established between", 2, "a second IKE SA")
    stage.case.eventually(
        lambda: stage.home(leaver.client) is not leaver.home, 5, "the new SA is elsewhere"
    )
    stage.kept([stayer])
    stage.balancer.control("enable", stayer.home.name)
    leaver.ping.stop()


def together(stage):
    """Two walkers with one server."""
    (first,) = stage.enter()
    client = stage.resident(first.home)
    stage.connect([client])
    (second,) = stage.walk([client])
    stage.case.equal(second.home.name, first.home.name, "server of the second client")
    return first, second


def e18_delete(stage):
    """The client ends its tunnel and comes back at once, to the same server."""
    (walker,) = stage.enter()
    client, home = walker.client, walker.home
    stage.finish(walker)
    client.charon.terminate()
    stage.case.check(stage.farm.connect([client]), "no second tunnel")
    (walker,) = stage.walk([client])
    stage.case.equal(walker.home.name, home.name, "server after the delete")
    stage.kept([walker])


def e23_server_first(stage):
    """A server begins a site-to-site tunnel; another one is the client's by hash."""
    (client,) = stage.clients()
    stage.kept([stage.called(client)])


def e23_server_first_ikev1(stage):
    """The same with IKEv1."""
    (client,) = stage.clients()
    stage.kept([stage.called(client, version=1)])


TESTS = (
    e7_esp,
    e8_child_rekey_client,
    e8_child_rekey_server,
    e9_keepalives,
    e10_dpd_client,
    e10_dpd_server,
    e11_ike_rekey_client,
    e12_ike_rekey_server,
    e13_reauthentication,
    e13_reauthentication_under_refuse,
    e18_delete,
    e23_server_first,
    e23_server_first_ikev1,
)
