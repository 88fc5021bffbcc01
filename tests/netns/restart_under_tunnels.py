# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The ikelb authors
"""ikelbd stops or crashes and starts again: tunnels go on, same servers, same SAs.

    c1..c5 ── [isp] ── wan0 [lb] lan0 ──┬── s1
              ping ping ping            └── s2

Then an outage moves one server's clients, and a drain has the hash send everybody elsewhere: after
a crash, only what was saved can tell where they are. Twin stopped: ikelbd is not started again.
Twin forgotten: the saved state is gone before the start.
"""

from lab import outage
from lab.ping import Ping
from lab.shell import run as command

TWINS = {"stopped": "pings", "forgotten": "restored"}


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


def listed(balancer):
    """Who is listed with which SA, and where."""
    rows = balancer.query("sessions")["sessions"]
    return {
        row["spi_i"]: (row["client"], row["port"], row["backend"])
        for row in rows
        if row["state"] in ("established", "closing")
    }


def restart(case, farm, balancer, name, end):
    """Ends ikelbd, starts it again, and wants every tunnel as it was."""
    homes, spis = case.homes(farm), case.spis(farm.clients)
    pings = [Ping(c.space, farm.servers[int(homes[c.name][1:]) - 1].inside) for c in farm.clients]
    rows = listed(balancer)
    end()
    if case.broken == "forgotten":
        (balancer.folder / "state").unlink()
    known = len(balancer.log())
    if case.broken != "stopped":
        balancer.start()
        told = balancer.log()[known:]
        case.check(
            f"restored {len(spis)} pairs" in told,
            f"{len(spis)} pairs are not restored after {name}:\n{told}",
        )
        case.equal(listed(balancer), rows, f"sessions after {name}")
    case.check_pings(farm)
    for ping in pings:
        ping.stop()
    case.equal((case.homes(farm), case.spis(farm.clients)), (homes, spis), f"tunnels after {name}")
    case.note(f"ready {balancer.started_in:.1f} s after {name}")


def run(case):
    farm = case.farm(client_count=2 if case.broken else 5)
    balancer = case.balancer(farm, {**farm.config(), "state": {"interval": "1s"}})
    case.tunnels(farm)
    case.check_pings(farm, count=2)
    mode = command(["stat", "-c", "%a", str(balancer.folder / "state")]).stdout.strip()
    case.equal(mode, "600", "mode of the state file")
    restart(case, farm, balancer, "SIGTERM", balancer.stop)
    await_save(case, balancer)
    restart(case, farm, balancer, "SIGKILL", balancer.kill)

    case.await_backends(balancer)
    seen = outage.happen(farm, balancer)
    case.check(not seen.faults(), "; ".join(seen.faults()))
    outage.mend(farm, balancer, seen.server)
    homes = case.homes(farm)
    case.equal(seen.server.name in homes.values(), False, "clients back on the mended server")
    crash(case, farm, balancer, "an outage and a crash")

    crowded = next(iter(homes.values()))
    balancer.control("drain", crowded, "--mode", "refuse")
    crash(case, farm, balancer, "a drain and a crash")
    case.equal(balancer.backends()[crowded]["mode"], "drain_refuse", f"mode of {crowded}")


def crash(case, farm, balancer, what):
    """Kills ikelbd once the present state is saved, starts it, and wants every tunnel as it was."""
    homes, spis = case.homes(farm), case.spis(farm.clients)
    await_save(case, balancer)
    balancer.kill()
    balancer.start()
    case.check_pings(farm)
    case.equal((case.homes(farm), case.spis(farm.clients)), (homes, spis), f"tunnels after {what}")
