# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The ikelb authors
"""End to end through the kernel's cables: ikelb beside what the kernel itself offers.

Each path gets the same traffic, one after the other, in each round: all that the generator can
send, then a load that all can bear, then single packets for their latency. CPU time is that of the
whole machine, so that nobody's share hides in another's softirq; idle time does not count.
"""

from __future__ import annotations

import time

from lab.session import Lab

from .common import Plan, busy_seconds, middle, must_be_root, progress, spread
from .ground import AfPacket, AfXdp, Cable, Forward, Ground, Load, Translate

PATHS = (Cable, Forward, Translate, AfXdp, AfPacket)
EQUAL_RATE, LOW_RATE = 100_000, 1000
PERCENTILES = ("p50_us", "p99_us", "p999_us")


def load(ground: Ground, **options) -> Load:
    """A flood, and what became of it."""
    before = ground.settled()
    sent = ground.traffic("flood", **options)
    arrived = ground.settled() - before
    return Load(sent["sent"], arrived, sent["seconds"], sent["cpu_seconds"])


def cpu_of_nothing(seconds: float) -> float:
    """The share of a CPU that is taken without any traffic."""
    before = busy_seconds()
    time.sleep(seconds)
    return (busy_seconds() - before) / seconds


def per_million(result: Load) -> float:
    return result.cpu_seconds / result.received * 1e6 if result.received else float("inf")


def one_round(kind: type[Ground], seconds: float, latency_seconds: float) -> dict:
    with Lab() as lab:
        ground = kind(lab)
        ground.start()
        try:
            ground.log_in()
            ground.traffic("flood", seconds=0.2)
            others = cpu_of_nothing(0.3)
            most = load(ground, seconds=seconds)
            equal = load(ground, seconds=seconds, rate=EQUAL_RATE)
            single = ground.traffic("latency", seconds=latency_seconds, rate=LOW_RATE)
        finally:
            ground.stop()
    return {
        "pps": most.received / most.seconds,
        "cpu_seconds_per_mpkt": per_million(most),
        "loss_at_most": most.loss,
        "loss": equal.loss,
        "cpu_seconds_per_mpkt_at_equal_load": per_million(equal),
        "cpu_share_before": others,
        "lost_singles": single["sent"] - single["received"],
        **{f"one_way_{key}": single[key] for key in PERCENTILES},
    }


def combined(name: str, rounds: list[dict], cable: list[dict]) -> dict:
    """Medians over the rounds; latencies less those of the bare cable in the same round."""
    result = {"path": name}
    for key in rounds[0]:
        digits = {"pps": 0, "lost_singles": 0}.get(key, 4)
        result[key] = round(middle([one[key] for one in rounds]), digits)
    result["pps_spread"] = round(spread([one["pps"] for one in rounds]), 3)
    for key in PERCENTILES:
        added = [one[f"one_way_{key}"] - base[f"one_way_{key}"] for one, base in zip(rounds, cable)]
        result[key] = round(middle(added), 2)
    return result


def measure(plan: Plan) -> list[dict]:
    must_be_root("making network namespaces (veth)")
    turns = plan.choose(5, 1)
    seconds, latency_seconds = plan.choose((2.0, 5.0), (0.4, 0.5))
    others = cpu_of_nothing(0.5)
    progress(f"veth: others on this machine use {others:.0%} of a CPU, which counts as everyone's")
    rounds: dict[str, list[dict]] = {path.name: [] for path in PATHS}
    for turn in range(turns):
        for path in PATHS:
            progress(f"veth: round {turn + 1} of {turns}, {path.name}")
            rounds[path.name].append(one_round(path, seconds, latency_seconds))
    return [
        {**combined(name, found, rounds[Cable.name]), "equal_load_pps": EQUAL_RATE}
        for name, found in rounds.items()
    ]
