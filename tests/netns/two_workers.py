# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The ikelb authors
"""Two workers share the traffic and what they learn: requests and answers meet by no agreement.

    c1..c12 ── [isp] ── wan0 [lb] lan0 ──┬── s1
                        2 queues each    └── s2

The kernel's fanout deals flows of net_af_packet to the queues by a hash that knows nothing of our
translation, so that a request and its answer land on different workers by chance. Twin single: one
worker, and the second has nothing to show.
"""

from lab.witness import Witness

TWINS = {"single": "worker 1"}


def run(case):
    case.driver = "af_packet"
    farm = case.farm(client_count=4 if case.broken else 12, nat_clients=1)
    config = farm.config()
    config["workers"] = {"count": 1 if case.broken == "single" else 2}
    balancer = case.balancer(farm, config)
    farm.start_servers()
    farm.start_clients()
    witness = Witness(farm)
    farm.connect()
    case.check_pings(farm, count=5)
    workers = {row["id"]: row["packets"] for row in balancer.query("status")["workers"]}
    for worker in (0, 1):
        seen = workers.get(worker, 0)
        case.check(seen >= 20, f"worker {worker} saw {seen} packets")
    faults = [fault for row in witness.rows() for fault in row.faults()]
    case.check(not faults, "; ".join(faults))
    case.note(f"packets by worker: {workers[0]}, {workers[1]}")
