# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The ikelb authors
"""Events that strongSwan does not produce, or not at that moment, in crafted datagrams.

    clients of 198.19.0.0/16 ─ [isp] ── [lb] ikelbd ──┬── s1   crafted servers
                                                      └── s2
"""

import os
import time

from testlib import ikewire
from testlib.bare import BareStage

CROWD = 40


def build(case):
    return BareStage(case).start()


def rebuilt(stage, weights):
    """The pool changes: the hash table is made anew."""
    for backend, weight in zip(stage.balancer.config["pools"][0]["backends"], weights):
        backend["weight"] = weight
    reload(stage)


def reload(stage):
    stage.balancer.write_config()
    stage.balancer.control("reload")


def e1_nothing_stored(stage):
    """First requests that no server answers leave no record under the hash scheduler."""
    before = counted(stage, stage.established())
    with stage.servers_in("silent"):
        clients = [stage.client() for _ in range(CROWD)]
        for client in clients:
            client.send(500, ikewire.init_request(client.spi_i))
        homes = {stage.receiver(client).server.name for client in clients}
    stage.case.equal(homes, {"s1", "s2"}, "servers that got requests")
    after = counted(stage, stage.established())
    grown = {name: after[name] - count for name, count in before.items()}
    # The client that makes the daemon count anew has one of each.
    stage.case.check(max(grown.values()) <= 1, f"records of {CROWD} unanswered requests: {grown}")


def counted(stage, client):
    """The tables' counts, which are taken every few seconds, once they know of this client."""
    flows = stage.balancer.query("flows")["flows"]
    mine = [flow for flow in flows if flow["client"] == client.address]
    stage.case.equal(len(mine), 1, f"flows of {client.address}")
    stage.case.eventually(lambda: stage.records()["flows"] >= len(flows), 10, "a new count")
    return stage.records()


def retried(stage, mode, retry):
    """Requests are refused, the pool changes, and the clients try again."""
    clients = [stage.client() for _ in range(CROWD)]
    with stage.servers_in(mode):
        for client in clients:
            client.exchange(500, ikewire.init_request(client.spi_i))
        first = {client: stage.receiver(client) for client in clients}
    rebuilt(stage, (1, 1000))
    for client in clients:
        client.mark()
        client.exchange(500, retry(client, first[client]))
    moved = [c.address for c in clients if stage.receiver(c) is not first[c]]
    fresh = [stage.client() for _ in range(CROWD)]
    for client in fresh:
        client.exchange(500, ikewire.init_request(client.spi_i))
    away = sum(stage.receiver(client).server.name == "s2" for client in fresh)
    rebuilt(stage, (100, 100))
    stage.case.check(away > CROWD * 0.8, f"{away} of {CROWD} new clients at s2: no pool change")
    stage.case.equal(moved, [], "clients whose retry reached another server")
    for client in clients:
        client.mark()
        stage.case.check(client.authenticate(), f"IKE_AUTH of {client.address} has no answer")
    at = {client: stage.receiver(client) for client in clients}
    stage.case.check(at == first, "IKE_AUTH reached another server than IKE_SA_INIT")


def e2_cookie_retry_pool_change(stage):
    """The pool changes between a server's cookie and the client's retry."""
    retried(
        stage, "cookie", lambda client, server: ikewire.cookie_retry(client.spi_i, server.cookie)
    )


def e3_invalid_ke_retry_pool_change(stage):
    """The pool changes between the refusal of a group and the client's retry; the scheduler has
    a record of the choice."""
    service = stage.balancer.config["services"][0]
    service["scheduler"] = "weighted_round_robin"
    reload(stage)
    try:
        retried(stage, "invalid_ke", lambda client, server: ikewire.init_request(client.spi_i))
    finally:
        service["scheduler"] = "maglev"
        reload(stage)


def e5_ike_intermediate(stage):
    """Three IKE_INTERMEDIATE exchanges (RFC 9242) between IKE_SA_INIT and IKE_AUTH."""
    client = stage.opened()
    for number in (1, 2, 3):
        stage.case.check(client.ask(ikewire.IKE_INTERMEDIATE, number), f"no answer to {number}")
    stage.case.check(client.authenticate(4), "no answer to IKE_AUTH")
    stage.case.equal(len(stage.receivers(client)), 1, "servers of the exchange")


def e15_esp_leads_unknown_pair(stage):
    """A client is elsewhere and its IKE pair is new: ESP, whose SPI is known, shows the way."""
    client = stage.established()
    home = stage.receiver(client)
    client.move(stage.elsewhere(home))
    client.renew()
    stage.case.check(client.esp(), "no answer to ESP from the new address")
    stage.case.check(client.ask(ikewire.INFORMATIONAL, 0), "no answer on the new pair")
    stage.comes_to(client, home)


def e17_esp_alone(stage):
    """From a new address comes ESP and nothing else."""
    client = stage.established()
    home = stage.receiver(client)
    client.move(stage.elsewhere(home))
    for _ in range(3):
        stage.case.check(client.esp(), "no answer to ESP from the new address")
    stage.comes_to(client, home)


def e18_delete_shortens_only(stage):
    """After a delete from the server, what is still on its way goes where it went before."""
    client = stage.established()
    home = stage.receiver(client)
    with stage.servers_in("deleting"):
        stage.case.check(client.ask(ikewire.INFORMATIONAL, 2), "no delete came")
    stage.case.check(client.esp() and client.ask(ikewire.INFORMATIONAL, 3), "no answer after it")
    stage.comes_to(client, home)


def e20_same_initiator_spi(stage):
    """Two clients with the same SPIi and different servers end up behind one address."""
    one = stage.established()
    home = stage.receiver(one)
    other = stage.established(address=stage.elsewhere(home), spi_i=one.spi_i)
    there = stage.receiver(other)
    stage.case.check(there is not home, "both at one server: no basis")
    one.move(other.address, ports=(1500, 14500))
    for number in (2, 3):
        for client in (one, other):
            stage.case.check(client.ask(ikewire.INFORMATIONAL, number), "IKE without an answer")
            stage.case.check(client.esp(), "ESP without an answer")
    stage.comes_to(one, home)
    stage.comes_to(other, there)


def e22_added_while_asked(stage):
    """A server is added while users look for their passwords, 40 s between the answer to a login's
    first message and its second one."""
    backends = stage.balancer.config["pools"][0]["backends"]
    added = backends.pop()
    reload(stage)
    clients = [stage.opened() for _ in range(CROWD)]
    first = {client: stage.receiver(client) for client in clients}
    backends.append(added)
    reload(stage)
    stage.balancer.wait_state(added["name"], "up")
    time.sleep(40)
    for client in clients:
        client.mark()
        client.send(4500, ikewire.MARKER + ikewire.encrypted(
            client.spi_i, client.spi_r, ikewire.IKE_AUTH, 1, response=False))  # fmt: skip
    moved = [c.address for c in clients if stage.receiver(c) is not first[c]]
    stage.case.equal(moved, [], "clients whose IKE_AUTH reached another server")
    homes = {stage.receiver(stage.opened()).server.name for _ in range(CROWD)}
    stage.case.equal(homes, {"s1", "s2"}, "servers of new clients")


def e23_server_first_natt(stage):
    """A server renews a phase 1 of IKEv1 from port 4500 towards a client unknown to ikelbd."""
    client = stage.client()
    server = stage.server_not_of(client.address)
    cookie = os.urandom(8)
    server.send(4500, ikewire.MARKER + ikewire.main_mode(cookie), (client.address, 4500))
    stage.case.check(client.wait(4500), "the server's request has not come")
    answer = ikewire.MARKER + ikewire.main_mode(cookie, os.urandom(8))
    client.send(4500, answer)
    stage.comes_to(client, server)
    stage.give(client, server)
    for _ in range(3):
        stage.case.check(client.esp(), "ESP without an answer")
    stage.comes_to(client, server)


TESTS = (
    e1_nothing_stored,
    e2_cookie_retry_pool_change,
    e3_invalid_ke_retry_pool_change,
    e5_ike_intermediate,
    e15_esp_leads_unknown_pair,
    e17_esp_alone,
    e18_delete_shortens_only,
    e20_same_initiator_spi,
    e22_added_while_asked,
    e23_server_first_natt,
)
