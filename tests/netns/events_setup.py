# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The ikelb authors
"""How a tunnel comes up: retries of the first exchange, fragments of the second.

    c1 .. cN ─ [isp] ── [lb] ikelbd ──┬── s1
                                      └── s2
"""

from lab.peers import Habits
from testlib import crafted, ikewire
from testlib.stage import Stage

FRAGMENTS = 3


def build(case):
    return Stage(case, control=False).start()


def one_server(stage, walker):
    """Its whole exchange was with the server of its tunnel."""
    client, text = walker.client, f"received packet: from {walker.client.outside}["
    at = [s.name for s in stage.farm.servers if text in s.charon.log.text()]
    stage.case.equal(at, [walker.home.name], f"servers that heard {client.name}")


def e1_first_exchange(stage):
    """Every client's exchange on 500 and 4500 ends at the server that its address is hashed to."""
    hoped, clients = {}, []
    for server in stage.farm.servers * 3:
        clients.append(stage.resident(server))
        hoped[clients[-1].name] = server.name
    stage.connect(clients)
    walkers = stage.walk(clients)
    found = {walker.client.name: walker.home.name for walker in walkers}
    stage.case.equal(found, hoped, "servers of the clients")
    for walker in walkers:
        one_server(stage, walker)
    stage.kept(walkers)


def e2_cookie_retry(stage):
    """A server in need asks for a cookie; the retry reaches the server that made it."""
    (client,) = stage.clients()
    for port in range(1, 4):  # so many half-open SAs of one address make strongSwan want cookies
        one = crafted.udp_socket(client.space, client.address, 50000 + port)
        one.sendto(ikewire.acceptable_init(ikewire.new_spi()), (stage.farm.vip, 500))
        stage.case.eventually(lambda s=one: answered(s), 5, "an answer to a half-open exchange")
        one.close()
    stage.connect([client])
    text = client.charon.log.text()
    stage.case.check("parsed IKE_SA_INIT response 0 [ N(COOKIE) ]" in text, "no cookie was wanted")
    (walker,) = stage.walk([client])
    one_server(stage, walker)
    stage.kept([walker])


def answered(one):
    try:
        return one.recv(65535)
    except BlockingIOError:
        return b""


def e3_invalid_ke_retry(stage):
    """The client guessed the wrong group; its second try reaches the same server."""
    habits = Habits(proposals="aes128gcm16-prfsha256-modp2048-x25519")
    (walker,) = stage.enter(habits=habits)
    text = walker.client.charon.log.text()
    stage.case.check("[ N(INVAL_KE) ]" in text, "no other group was wanted")
    one_server(stage, walker)
    stage.kept([walker])


def e5_ike_fragments(stage):
    """IKE_AUTH in IKE's own fragments (RFC 7383)."""
    (walker,) = stage.enter(kind="certificate")
    text = walker.client.charon.log.text()
    stage.case.check("splitting IKE message" in text, "IKE_AUTH was not fragmented")
    one_server(stage, walker)
    stage.kept([walker])


def ip_fragments(stage, order):
    (walker,) = stage.enter(
        kind="certificate", habits=Habits(fragmentation=False), shuffled=order, path_mtu=900
    )
    log = stage.case.lab.path("shuffled", walker.client.name).read_text("utf-8")
    stage.case.check(f"shuffled {FRAGMENTS} fragments" in log, f"too few fragments: {log}")
    one_server(stage, walker)
    stage.kept([walker])


def e6_ip_fragments_in_order(stage):
    """IKE_AUTH of a large certificate in IP fragments."""
    ip_fragments(stage, "in_order")


def e6_ip_fragments_reversed(stage):
    """The same, the fragments in reverse order."""
    ip_fragments(stage, "reversed")


def e6_ip_fragments_last_first(stage):
    """The same, the last fragment before the others."""
    ip_fragments(stage, "last_first")


TESTS = (
    e1_first_exchange,
    e2_cookie_retry,
    e3_invalid_ke_retry,
    e5_ike_fragments,
    e6_ip_fragments_in_order,
    e6_ip_fragments_reversed,
    e6_ip_fragments_last_first,
)
