# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The ikelb authors
"""What the configuration opens is open, what is beside it is not; a reload opens and closes.

    scanner [isp] ── wan0 [lb] lan0 ──┬── s1       transit.allow: some ports, to some
      198.18.0.66         lo          ├── plain    transit.allow, established: no SYN
      198.18.0.67         192.0.2.53  └── s2
                  own_services: BGP from one router; host_ports: ssh at the VIP

In both families. Twin closed: the configuration opens nothing.
"""

from lab import dualstack
from lab.topology import TwoArmed
from testlib import packets
from testlib.scanned import ON_LO, ON_LO6, OTHERS, PLAIN, PLAIN6, SOURCES, VIPS, Scanned
from testlib.scanner import DSCP, SMALL_BURST

TWINS = {"closed": "ports of s1 that answer"}
PORTS = list(range(1, 1024)) + list(range(7990, 8020))
RANGE = set(range(8000, 8011))


def opening(there):
    """The configuration's rules, of both families."""
    server = there.farm.servers[0]
    backends = {4: server.address, 6: dualstack.server_address(server)}
    allow, own = [], []
    for family, source in SOURCES.items():
        bits, everybody = (32, "0.0.0.0/0") if family == 4 else (128, "::/0")
        only = f"{source}/{bits}"
        to = f"{backends[family]}/{bits}"
        plain = f"{PLAIN if family == 4 else PLAIN6}/{bits}"
        allow += [
            {"from": only, "to": to, "protocol": "tcp", "ports": 22},
            {"from": only, "to": to, "protocol": "tcp", "ports": "8000-8010"},
            {"from": everybody, "to": to, "protocol": "udp", "ports": 53},
            {"from": everybody, "to": plain, "protocol": "tcp", "established": True},
        ]
        lo = ON_LO if family == 4 else ON_LO6
        own.append({"address": lo, "from": only, "protocol": "tcp", "ports": 179})
    return {"transit": {"allow": allow}, "own_services": own}, backends


def run(case):
    there = Scanned(case, TwoArmed)
    # For a minute after the start TCP without SYN would pass by no rule.
    shut = {**there.config, "timeouts": {"transit_grace": "0s"}}
    rules, backends = opening(there)
    services = [{**s, "host_ports": ["tcp/22", "udp/161"]} for s in shut["services"]]
    opened = {**shut, **rules, "services": services}
    there.config = shut if case.broken else opened
    there.start()
    check(case, there, backends, is_open=True)
    reload(there, shut)
    check(case, there, backends, is_open=False)
    reload(there, opened)
    check(case, there, backends, is_open=True)


def reload(there, config):
    balancer = there.balancer
    for key in ("transit", "own_services"):
        balancer.config.pop(key, None)
    balancer.config |= {key: config[key] for key in config if key not in ("metrics", "admin")}
    balancer.write_config()
    balancer.control("reload")


def check(case, there, backends, *, is_open):
    def expect(what, found, opened):
        case.equal(found, opened if is_open else set(), what)

    for family in (4, 6):
        mine, other = SOURCES[family], OTHERS[family]
        lo = ON_LO if family == 4 else ON_LO6
        server, vip = backends[family], VIPS[family]
        expect(f"ports of s1 that answer {mine}", tcp(there, mine, server), {22} | RANGE)
        expect(f"ports of s1 that answer {other}", tcp(there, other, server), set())
        expect("UDP ports of s1 that answer", udp(there, other, server), {53})
        expect(f"ports at lo that answer {mine}", tcp(there, mine, lo), {179})
        expect(f"ports at lo that answer {other}", tcp(there, other, lo), set())
        expect("ports of the VIP that answer", tcp(there, other, vip), {22})
        expect("UDP ports of the VIP that answer", udp(there, other, vip), {161})
        plain = PLAIN if family == 4 else PLAIN6
        expect("ports of the plain host that answer", tcp(there, mine, plain), set())
        resets = tcp(there, mine, plain, packets.ACK)
        expect("ports of the plain host that refuse an ACK", resets, set(PORTS))


def tcp(there, source, target, flags=packets.SYN):
    segment = packets.tcp(source, target, (55555, 0), flags)
    return answered(there, source, target, packets.TCP, segment)


def udp(there, source, target):
    datagram = packets.udp(source, target, (55555, 0))
    ports = [port for port in PORTS if port != 500]
    return answered(there, source, target, packets.UDP, datagram, ports)


def answered(there, source, target, protocol, body, ports=PORTS):
    """Each port is asked twice: few packets can wait for a neighbour that has to be resolved."""
    scanner = there.scanner
    scanner.forget(target)
    model = packets.ip(source, target, protocol, body, dscp=DSCP)
    for _ in range(2):
        scanner.send(packets.to_each_port(model, ports), SMALL_BURST)
        scanner.collect(0.1)
    return scanner.answered(target, protocol)
