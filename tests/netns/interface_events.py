# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The ikelb authors
"""An operator takes ikelbd's interface down and up, and then deletes it.

    crowd ── [isp] ── wan0 [lb] lan0 ── s1
                       ext: down, up, gone

Up again, its routes are back and the clients reach the servers. Deleted, ikelbd says so and ends
with 1, for its service manager to start it anew. Twin routeless: after the interface is up again,
somebody takes the default route away.
"""

from lab.shell import run as shell
from testlib import crafted

TWINS = {"routeless": "the default route is back"}


def run(case):
    farm = case.farm(server_count=1, client_count=0)
    balancer = case.balancer(farm)
    servers = crafted.responders(farm)
    crowd = crafted.Crowd(farm.crowd(), crafted.addresses(10), farm.vip)
    case.check(not crowd.init(), "clients got no answer before anything happened")

    farm.lb.ip("link set ext down")
    case.eventually(lambda: "interface ext is down" in balancer.log(), 5, "the log says it is down")
    farm.lb.ip("link set ext up")
    case.eventually(lambda: "ext is up again" in balancer.log(), 5, "the log says it is up again")
    if case.broken == "routeless":
        case.eventually(lambda: default_route(farm), 5, "the route was there")
        farm.lb.ip("route del default")
    case.eventually(
        lambda: default_route(farm), 1 if case.broken else 5, "the default route is back"
    )
    for client in crowd.clients:
        client.restart()
    case.check(not crowd.init(timeout=10), "clients got no answer after the interface was up again")
    crowd.close()
    for server in servers:
        server.close()

    farm.lb.ip("link del ext")
    case.eventually(lambda: not balancer.is_running(), 10, "ikelbd ends without its interface")
    case.equal(balancer.process.returncode, 1, "its exit status")
    case.check("interface ext was deleted" in balancer.log(), "the log does not say why")


def default_route(farm):
    return "default" in shell(["ip", "-n", farm.lb.name, "route", "show", "default"]).stdout
