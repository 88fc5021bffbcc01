# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The ikelb authors
"""What the servers have begun outlives a stop and a crash of ikelbd: nobody begins it again.

    [out] :80 :53 ── [isp] ── wan0 [lb] lan0 ── s1
      speaks first after each restart

A busy TCP connection, an idle one and a UDP conversation of a server; afterwards the outside host
speaks first, so nothing but what was saved can let it in. Without saved state TCP goes on because
of the minute of grace, UDP once the server speaks. Twin graceless: neither state nor grace.
"""

from testlib.talk import Stream, Tcp, Udp

TWINS = {"graceless": "an idle TCP connection after SIGTERM"}
OUTSIDE = "198.18.0.240"


def saved_at(balancer):
    for line in balancer.metrics().splitlines():
        name, _, value = line.rpartition(" ")
        if name == "ikelb_state_last_save_timestamp_seconds":
            return float(value)
    return 0.0


def await_save(case, balancer):
    """A save that began after this call: the second that ends, since saves never overlap."""
    for _ in range(2):
        before = saved_at(balancer)
        case.eventually(lambda: saved_at(balancer) > before, 10, "the state is saved")


def run(case):
    farm = case.farm(server_count=1, client_count=0)
    state = "none" if case.broken else {"interval": "1s"}
    balancer = case.make_balancer(farm, {**farm.config(), "state": state})
    if case.broken:
        balancer.config["timeouts"] = {"transit_grace": "0s"}
        balancer.write_config()
    balancer.start()
    case.await_backends(balancer)
    talks = begin(case, farm)
    restarted(case, balancer, talks, "SIGTERM", balancer.stop)
    if case.broken:
        return
    await_save(case, balancer)
    restarted(case, balancer, talks, "SIGKILL", balancer.kill)
    without_state(case, balancer, talks)


def begin(case, farm):
    server, outside = farm.servers[0], farm.outside_host()
    here, there = (server.space, server.address), (outside, OUTSIDE)
    idle, busy = Tcp(here, (*there, 80)), Tcp(here, (*there, 81))
    asked = Udp((*here, 0), (*there, 53))
    case.check(idle.says(0) and idle.says(1), "TCP begins")
    case.check(asked.goes_both_ways(), "UDP begins")
    return idle, busy, asked


def restarted(case, balancer, talks, name, end):
    """Ends ikelbd under the conversations and starts it; each of them has to go on."""
    idle, busy, asked = talks
    stream = Stream(busy, 1)
    case.eventually(lambda: stream.received > 1 << 16, 5, f"bytes flow before {name}")
    end()
    balancer.start()
    mark = stream.received
    case.check(idle.says(1), f"an idle TCP connection after {name}")
    case.check(asked.says(1, tries=3), f"a UDP conversation after {name}")
    case.eventually(
        lambda: stream.received > mark + (1 << 16), 10, f"bytes flow after {name} as before"
    )
    stream.stop()


def without_state(case, balancer, talks):
    """What was saved is gone: TCP passes for a minute and is known then."""
    idle, _, asked = talks
    balancer.kill()
    (balancer.folder / "state").unlink()
    balancer.start()
    case.check(not asked.says(1), "UDP from outside comes in although nobody knows of it")
    case.check(idle.says(1), "an idle TCP connection without saved state")
    case.check(asked.says(0) and asked.says(1), "UDP after the server has spoken again")
