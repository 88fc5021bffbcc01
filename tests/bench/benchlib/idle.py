# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The ikelb authors
"""What ikelbd takes of a CPU without traffic, and what its sleep adds to a packet's latency."""

from __future__ import annotations

import time

from lab.session import Lab

from .common import Plan, must_be_root, middle, progress, thread_nanos
from .dpdk import WORKER_THREAD
from .ground import AfXdp, AfXdpPolling, Balanced
from .veth import LOW_RATE, PERCENTILES

MODES = {"sleep": AfXdp, "poll": AfXdpPolling}
RATES = {"_at_1kpps": LOW_RATE, "_at_20kpps": 20_000}


class Shares:
    """CPU time by time, of the process and of its worker."""

    def __init__(self, pid: int):
        self.pid = pid
        self.begun, self.all, self.worker = time.monotonic(), *self._now()

    def _now(self) -> tuple[int, int]:
        return thread_nanos(self.pid), thread_nanos(self.pid, WORKER_THREAD)

    def result(self) -> dict:
        nanos = (time.monotonic() - self.begun) * 1e9
        everything, worker = self._now()
        return {
            "core_share": (everything - self.all) / nanos,
            "worker_share": (worker - self.worker) / nanos,
        }


def one_round(kind: type[Balanced], idle_seconds: float, latency_seconds: float) -> dict:
    with Lab() as lab:
        ground = kind(lab)
        ground.start()
        try:
            ground.log_in()
            time.sleep(0.5)  # the last of the traffic is idle time too
            shares = Shares(ground.daemon.process.pid)
            time.sleep(idle_seconds)
            result = shares.result()
            for suffix, rate in RATES.items():
                shares = Shares(ground.daemon.process.pid)
                load = ground.traffic("latency", seconds=latency_seconds, rate=rate)
                result["core_share" + suffix] = shares.result()["core_share"]
                result |= {key + suffix: load[key] for key in PERCENTILES}
                result["lost" + suffix] = load["sent"] - load["received"]
        finally:
            ground.stop()
    return result


def measure(plan: Plan) -> dict:
    must_be_root("making network namespaces (idle)")
    turns = plan.choose(3, 1)
    idle_seconds, latency_seconds = plan.choose((5.0, 5.0), (1.5, 0.5))
    rounds: dict[str, list[dict]] = {mode: [] for mode in MODES}
    for turn in range(turns):
        for mode, kind in MODES.items():
            progress(f"idle: round {turn + 1} of {turns}, workers.idle: {mode}")
            rounds[mode].append(one_round(kind, idle_seconds, latency_seconds))
    modes = {
        mode: {key: round(middle([one[key] for one in found]), 4) for key in found[0]}
        for mode, found in rounds.items()
    }
    return {"core_share": modes["sleep"]["core_share"], **modes}
