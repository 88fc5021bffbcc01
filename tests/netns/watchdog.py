# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The ikelb authors
"""The control thread is never silent for long: the largest configuration, and many routes.

    [lb] wan0, lan0    1,024 backends, 256 services, 1,024 allow rules, 4,096 routes of its own,
                       10,000 of others (--long: 100,000); the state is saved each second

Measured is the longest time between two words to the service manager's watchdog: while all of this
is loaded, while each of the backends is found down, while routes come and go, and while each maglev
table is built anew among them. It has to stay below a third of the unit's WatchdogSec=. Twin
stopped: the process is held (SIGSTOP) for that long.
"""

import ipaddress
import re
import select
import signal
import socket
import threading
import time
from pathlib import Path

from lab.shell import wait_until

ALONE = "time is measured"
TWINS = {"stopped": "silent for"}
UNIT = Path(__file__).parents[2] / "deploy/systemd/ikelbd.service.in"
WATCHDOG_SECONDS = int(re.findall(r"^WatchdogSec=(\d+)$", UNIT.read_text("utf-8"), re.M)[0])
BAR = WATCHDOG_SECONDS / 3
ROUTES, ROUTES_LONG = 10_000, 100_000
BACKENDS = 1024


class Words:
    """When WATCHDOG=1 came, from the moment that this is made."""

    def __init__(self, balancer):
        path = balancer.folder / "notify"
        path.unlink(missing_ok=True)
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(str(path))
        self._socket.setblocking(False)
        self.times = [time.monotonic()]
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._thread.start()

    def _listen(self):
        while not self._is_over.is_set():
            if select.select([self._socket], [], [], 0.2)[0]:
                if b"WATCHDOG=1" in self._socket.recv(4096).splitlines():
                    self.times.append(time.monotonic())

    def longest(self, begun):
        """The longest silence that ended, or goes on, after `begun`."""
        times = [*self.times, time.monotonic()]
        return max(after - before for before, after in zip(times, times[1:]) if after > begun)

    def await_words(self, count=2, patience=60):
        """Until so many more have come."""
        end, want = time.monotonic() + patience, len(self.times) + count
        while len(self.times) < want and time.monotonic() < end:
            time.sleep(0.1)

    def close(self):
        self._is_over.set()
        self._thread.join()
        self._socket.close()


def largest(small):
    """The largest configuration of its kind that ikelbd takes; `small` is the lab's."""
    backends = [
        {"name": f"b{i}", "address": str(ipaddress.ip_address("10.20.128.0") + i),
         "weight": 1000 if i == 0 else 1}
        for i in range(BACKENDS)
    ]  # fmt: skip
    pools = [{"name": f"p{p}", "backends": backends[4 * p : 4 * p + 4]} for p in range(60)]
    pools += [{"name": "rest", "backends": backends[240:]}]
    names = [pool["name"] for pool in pools]
    services = [
        {"name": f"v{i}", "vip": str(ipaddress.ip_address("203.0.113.0") + i), "interface": "ext",
         "pool": "rest" if i < 3 else names[i % 60]}
        for i in range(256)
    ]  # fmt: skip
    allow = [
        {
            "from": f"{(i * 37) % 223 + 1}.{i % 251}.{i % 13 * 16}.0/{16 + i % 9}",
            "to": f"10.20.{i % 128}.{i % 8 * 32}/{24 + i % 9}",
            "protocol": "tcp" if i % 3 else "udp",
            "ports": f"{1000 + i * 7}-{9000 + i * 11}",
        }
        for i in range(1024)
    ]
    return {
        **small,
        "pools": pools,
        "services": services,
        "transit": {"allow": [canonical(rule) for rule in allow]},
        "routes": [
            *small["routes"],
            *({"to": f"172.{16 + i // 256}.{i % 256}.0/24", "via": "10.20.0.11"}
              for i in range(4096 - len(small["routes"]))),
        ],
    }  # fmt: skip


def canonical(rule):
    return {
        **rule,
        **{end: str(ipaddress.ip_network(rule[end], strict=False)) for end in ("from", "to")},
    }


def run(case):
    farm = case.farm(client_count=0)
    small = {**farm.config(), "state": {"interval": "1s"}}
    small["interfaces"] = [
        {**i, "addresses": ["10.20.0.1/16"]} if i["name"] == "int" else i
        for i in small["interfaces"]
    ]
    balancer = case.make_balancer(farm, small)
    balancer.environment["WATCHDOG_USEC"] = str(WATCHDOG_SECONDS * 1_000_000)
    balancer.start()
    words = Words(balancer)
    words.await_words()
    count = ROUTES_LONG if case.long else ROUTES
    steps = {
        "reload": lambda: reload(balancer, largest(small)),
        "servers that do not answer": lambda: await_down(balancer),
        "routes": lambda: routes(farm.lb, count),
        "reload among routes": lambda: reload(balancer, {"maglev_table_size": 131071}),
    }
    if case.broken:
        steps = {"stop": lambda: stop(balancer)}
    for name, step in steps.items():
        begun = time.monotonic()
        step()
        words.await_words()
        silence = words.longest(begun)
        case.note(f"{name}: {silence:.1f} s silent of {time.monotonic() - begun:.0f} s")
        case.check(silence < BAR, f"{name}: silent for {silence:.1f} s, {BAR:g} are allowed")
    words.close()


def await_down(balancer):
    """None of the backends is there; each is found down by its own check."""
    wait_until(
        lambda: len(re.findall(r"backend \S+ is down", balancer.log())) >= BACKENDS,
        90,
        "the health check has called each backend down",
    )


def reload(balancer, config):
    balancer.config |= {key: config[key] for key in config if key not in ("metrics", "admin")}
    balancer.write_config()
    done = balancer.log().count(" reloaded ")
    balancer.hang_up()
    wait_until(lambda: balancer.log().count(" reloaded ") > done, 120, "the reload is done")


def routes(lb, count):
    """Comes and goes by FRR or BIRD, as far as the kernel sees."""
    lines = [
        f"route add {ipaddress.ip_address('100.0.0.0') + 256 * i}/24 via 198.51.100.254 dev ext"
        for i in range(count)
    ]
    lb.ip(*lines)
    lb.ip(*(line.replace(" add ", " del ") for line in lines[::2]))


def stop(balancer):
    balancer.process.send_signal(signal.SIGSTOP)
    time.sleep(BAR + 1)
    balancer.process.send_signal(signal.SIGCONT)
