# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The ikelb authors
"""A second VIP comes by reload, with an alias on each server: nothing turns an answer to the other.

    c1, c3 ── [isp]  198.51.100.0/24 ── wan0 ┐                       ┌── s1 10.20.0.11
                     VIP 203.0.113.10        [lb] lan0 ──────────────┤
    c2, c4 ── [isp2] 198.51.101.0/24 ── wan1 ┘                       └── s1 10.20.0.111
    [mal] ────┘      VIP 203.0.113.20

[mal] holds no key. He begins a login at the first VIP and sends its IKE_AUTH with the address and
port of c2, whose tunnel is on the second: the server refuses him there, and has answered c2's own
address and port from another address than c2's.

Twin shared: both VIPs lead to the server's one address.
"""

from lab import peers
from lab.capture import Capture
from lab.charon import Charon
from lab.ping import Ping
from lab.shell import wait_until

TWINS = {"shared": "addresses that the server has its tunnels at"}
LOGINS = 3


def run(case):
    farm = case.farm(
        isp_count=2, server_count=1, client_count=4, nat_clients=0, windows_clients=0
    )
    first, second = farm.isps
    (server,) = farm.servers
    alias = f"10.20.0.{110 + server.number}"
    server.space.ip(f"address add {alias}/24 dev eth0")
    config = farm.config()
    later = config["services"].pop()
    balancer = case.balancer(farm, config)
    farm.start_servers()
    farm.start_clients()
    at_first, at_second = ([c for c in farm.clients if c.isp is isp] for isp in (first, second))
    case.equal(
        len(farm.connect(at_first)), len(at_first), "clients connected through the first VIP"
    )
    spis = case.spis(at_first)
    pings = [Ping(c.space, server.inside, interval=0.05) for c in at_first]

    config["services"].append(later)
    if case.broken != "shared":
        aliases = [{"service": later["name"], "address": alias}]
        config["pools"][0]["backends"][0]["aliases"] = aliases
    balancer.write_config()
    balancer.control("reload")
    case.equal(
        len(farm.connect(at_second)), len(at_second), "clients connected through the second VIP"
    )
    told = {name: row["aliases"] for name, row in balancer.backends().items()}
    wanted = {} if case.broken == "shared" else {later["name"]: alias}
    case.equal(told, {server.name: wanted}, "backends and their aliases")
    heard = attack(case, farm, server, at_second[0])
    case.equal(case.spis(at_first), spis, "tunnels of the first VIP after all of it")
    lost = [str(ping.stop()) for ping in pings]
    case.check(
        all(a == b for a, b in (counts.split("/") for counts in lost)),
        f"pings through the first VIP: {lost}",
    )
    ends = {sa["remote-host"]: sa["local-host"] for sa in server.charon.established()}
    expected = {c.address: server.address for c in at_first} | {c.address: alias for c in at_second}
    case.equal(ends, expected, "addresses that the server has its tunnels at")
    case.note(f"pings {', '.join(lost)} over the reload; {heard} of ESP to c2 after each login")


def attack(case, farm, server, victim):
    """Failed logins at the first VIP; what the victim is sent after each of them."""
    second = victim.isp
    mal = farm.add_client("mal", f"{second.client_net}.99", second)
    second.space.ip(f"route add {farm.vip}/32 via {second.uplink.own}")
    mal.space.nft(
        "table ip spoof {\n chain out {\n  type nat hook postrouting priority srcnat\n"
        f"  udp dport 4500 snat to {victim.address}:4500\n }}\n}}\n"
    )
    wrong = peers.psk_client("mal", farm.vip).replace("lab-shared-secret", "no secret of the lab")
    mal.charon = Charon(mal.space, case.lab.path("mal", "log").parent, wrong)
    mal.charon.start()
    mal.charon.ready()
    heard = []
    for login in range(1, LOGINS + 1):
        begun = mal.charon.initiate(timeout=2)
        wait_until(
            lambda: refusals(server, victim) >= login, 20, f"{server.name} refuses login {login}"
        )
        wire = Capture(case.lab, victim.space, "eth0", "udp src port 4500", name=f"login{login}")
        case.equal(
            str(Ping(victim.space, server.inside, count=10).result()),
            "10/10",
            f"pings of {victim.name} after a login with its address",
        )
        begun.wait(10)
        mal.charon.terminate()
        esp = [p for p in wire.stop() if p.source != victim.address and p.ike() is None]
        esp = [p for p in esp if len(p.payload) > 1]  # no keepalives
        sources = sorted({p.source for p in esp})
        case.equal(sources, [second.vip], f"ESP to {victim.name} came from {', '.join(sources)}")
        heard.append(len(esp))
    farm.clients.remove(mal)
    return heard


def refusals(server, victim):
    """How often the server has refused somebody at the victim's address and port."""
    own = {sa["initiator-spi"] for sa in server.charon.established()}
    return len(
        {
            seen.spi_i
            for seen in server.charon.log.received()
            if (seen.source, seen.source_port) == (victim.address, 4500)
            and (seen.destination, seen.exchange) == (server.address, "IKE_AUTH")
            and seen.answered
            and seen.spi_i not in own
        }
    )
