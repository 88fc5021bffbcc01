# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The ikelb authors
"""IPv6 is balanced as IPv4 is: NDP, ICMPv6 health, logins in fragments, tunnels, both side by side.

    c1 .. c4 ── 2001:db8:18::/64 ── [isp] ::fe ── wan0 [lb] lan0 ──┬── s1 fd00:20::11
                                2001:db8:51::/64   fd00:20::1      └── s2 fd00:20::12
                                VIP 2001:db8:203::10

c1 to c3 call the IPv6 VIP (c1 like Windows, c2 and c3 with an IKE_AUTH larger than the MTU), c4 the
IPv4 one. Twin service: the VIP is an address of the kernel, but there is no IPv6 service. Twin
unwatched: no health check; then nobody may call a server down.
"""

import json
import os
import socket
import struct

from lab import dualstack
from lab.capture import Capture, checksum
from lab.peers import Habits
from lab.ping import Ping
from lab.shell import holds_for
from testlib import crafted, ikewire

TWINS = {"service": "no tunnel for c1", "unwatched": "s1-v6 is called down"}
TWIN_MACS = {"ext": ("isp", dualstack.OWN, dualstack.VIP), "int": ("s1", dualstack.GATEWAY)}
OUTSIDE = "2001:db8:18::f0"


def run(case):
    farm = case.farm(client_count=4, nat_clients=0)
    dualstack.equip(farm)
    config = dualstack.config(farm, farm.config())
    if case.broken == "service":
        del config["services"][1], config["pools"][1]
        config["interfaces"][0]["addresses"].append(f"{dualstack.VIP}/128")
    if case.broken == "unwatched":
        config["pools"][1]["health"] = "none"
    balancer = case.balancer(farm, config)
    if not case.broken:
        addresses_and_neighbours(case, farm)
        unserved_is_silent(case, farm, balancer)
        fragments_in_any_order(case, farm)
    if case.broken != "unwatched":
        tunnels(case, farm)
    a_server_goes(case, farm, balancer)


def neighbour(space, address):
    for entry in json.loads(space.run(["ip", "-json", "neighbour", "show", address]).stdout):
        if "lladdr" in entry:
            return entry["lladdr"]
    return None


def addresses_and_neighbours(case, farm):
    # The VIP on the link itself: the provider's router asks for it by NDP.
    farm.isp.space.ip(f"route replace {dualstack.VIP}/128 dev uplink")
    for device, (label, *targets) in TWIN_MACS.items():
        space = case.lab.namespaces[label]
        for target in targets:
            case.equal(
                str(Ping(space, target, count=3).result()), "3/3", f"ping {target} from {label}"
            )
            case.equal(
                neighbour(space, target), farm.lb.mac(device), f"MAC that NDP gives for {target}"
            )
    farm.isp.space.ip(f"route replace {dualstack.VIP}/128 via {dualstack.OWN}")
    client = farm.clients[0].space
    case.equal(
        str(Ping(client, dualstack.VIP, count=3).result()), "3/3", "ping of the VIP by a client"
    )
    shown = farm.lb.run(["ip", "-o", "-6", "address", "show", "to", dualstack.VIP]).stdout
    case.check("nodad" in shown and "deprecated" in shown, f"the VIP on its twin: {shown}")


def unserved_is_silent(case, farm, balancer):
    """Service UDP to ikelb's own address gets no answer: none from IKE, and no ICMPv6 error."""
    wire = Capture(case.lab, farm.isp.space, "uplink", f"src host {dualstack.OWN}", name="unserved")
    before = balancer.drops().get("service_port_own", 0)
    with crafted.udp_socket(farm.clients[0].space, "::", 0) as one:
        for port, marker in ((500, b""), (4500, ikewire.MARKER)):
            one.sendto(marker + ikewire.init_request(ikewire.new_spi()), (dualstack.OWN, port))
    case.eventually(
        lambda: balancer.drops().get("service_port_own", 0) - before >= 2,
        5,
        "both datagrams are dropped as service_port_own",
    )

    def loud():
        return [p for p in wire.packets() if p.frame[20] == 17 or p.frame[54] < 128]

    what = "answers to service UDP at ikelb's own address"
    case.check(holds_for(lambda: not loud(), 0.5), what)
    wire.stop()
    case.equal(loud(), [], what)


def fragments(source, target, payload, size=1232):
    """A UDP datagram 4500 to 4500 in IPv6 fragments (RFC 8200 section 4.5), as whole packets."""
    ends = socket.inet_pton(socket.AF_INET6, source) + socket.inet_pton(socket.AF_INET6, target)
    udp = struct.pack("!HHHH", 4500, 4500, 8 + len(payload), 0) + payload
    total = checksum(ends + struct.pack("!II", len(udp), 17) + udp) or 0xFFFF
    udp = udp[:6] + struct.pack("!H", total) + udp[8:]
    identity = os.urandom(4)
    parts = [udp[at : at + size] for at in range(0, len(udp), size)]
    return [
        struct.pack("!IHBB", 0x60000000, 8 + len(part), 44, 64)
        + ends
        + struct.pack("!BBH", 17, 0, size * number | (number < len(parts) - 1))
        + identity
        + part
        for number, part in enumerate(parts)
    ]


def fragments_in_any_order(case, farm):
    """Crafted logins of 3,000 bytes reach one server whole, their fragments in order or not."""
    outside = farm.outside_host()
    dualstack.attach(outside, OUTSIDE)
    servers = [crafted.Responder(s, dualstack.server_address(s)) for s in farm.servers]
    crowd = crafted.Crowd(outside, [OUTSIDE], dualstack.VIP)
    try:
        case.check(not crowd.init(timeout=5), "no answer to IKE_SA_INIT over IPv6")
        client = crowd.clients[0]
        message = ikewire.MARKER + ikewire.encrypted(
            client.spi_i, client.spi_r, ikewire.IKE_AUTH, 1, response=False, size=3000
        )
        with outside.socket(socket.AF_INET6, socket.SOCK_RAW, socket.IPPROTO_RAW) as raw:
            for count, order in enumerate((1, -1), start=1):
                for packet in fragments(OUTSIDE, dualstack.VIP, message)[::order]:
                    raw.sendto(packet, (dualstack.VIP, 0))
                case.eventually(
                    lambda: sum(d.payload == message for s in servers for d in s.seen) == count,
                    5,
                    f"a login in fragments, {'in order' if order > 0 else 'reversed'}",
                )
        homes = {d.server for s in servers for d in s.seen}
        case.equal(len(homes), 1, f"servers that saw the login ({homes})")
    finally:
        crowd.close()
        for server in servers:
            server.close()


def tunnels(case, farm):
    farm.start_servers()
    wire = Capture(case.lab, farm.isp.space, "uplink", "ip6 proto 44", name="fragments")
    over_v6, over_v4 = farm.clients[:3], farm.clients[3:]
    farm.start_clients(over_v6[:1], vip=dualstack.VIP)
    for client in over_v6[1:]:
        client.habits = Habits(fragmentation=False, many_networks=True)
    farm.start_clients(over_v6[1:], vip=dualstack.VIP)
    farm.start_clients(over_v4)
    connected = farm.connect(timeout=6 if case.broken else 20)
    missing = [c.name for c in farm.clients if c not in connected]
    case.check(not missing, f"no tunnel for {', '.join(missing)}")
    case.check_pings(farm)
    sources = {
        seen.source
        for s in farm.servers
        for seen in s.charon.log.received()
        if seen.exchange == "IKE_AUTH"
    }
    case.equal(
        sources,
        {dualstack.client_address(c) for c in over_v6} | {c.address for c in over_v4},
        "client addresses that the servers saw",
    )
    count = len(wire.stop())
    case.check(count >= 4, f"only {count} fragments of the two large logins on the wire")
    case.note(f"{len(over_v6)} strongSwan clients over IPv6, {len(over_v4)} over IPv4 beside them")


def a_server_goes(case, farm, balancer):
    server = farm.servers[0]
    name = dualstack.backend_name(server)
    server.cut()
    if case.broken == "unwatched":
        case.check(
            not holds_for(lambda: balancer.backends()[name]["state"] == "up", 4),
            f"{name} is called down",
        )
    balancer.wait_state(name, "down")
    server.mend()
    balancer.wait_state(name, "up")
