# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The ikelb authors
"""The control: the kernel as balancer (nftables, jhash of the client's address), same topology.

It shows what plain DNAT does, and that a scenario's checks hold for something other than ikelb. It
has no health checks, no drain and no admin socket.
"""

from __future__ import annotations

from lab.farm import Farm
from lab.kernel import Kernel


class KernelBalancer:
    """Same surface as lab.ikelbd.Ikelbd as far as a kernel can have it."""

    started_in = 0.0

    def __init__(self, farm: Farm, config: dict):
        self.farm, self.space = farm, farm.lb
        self.config = config
        self._kernel = Kernel(farm.topology.seat, farm.lab.path("control-trunk.log"))

    def start(self, *, timeout: float = 60.0) -> None:
        del timeout
        self._kernel.take(self.config)
        self._kernel.spread([b["address"] for b in self.config["pools"][0]["backends"]])
        self._forget_neighbours()

    def _forget_neighbours(self) -> None:
        """Peers that knew ikelbd under these addresses have its MAC addresses, not the kernel's."""
        for peer in (*(i.space for i in self.farm.isps), *(s.space for s in self.farm.servers)):
            peer.ip("neigh flush all")

    def stop(self) -> int:
        """Afterwards the kernel forwards nothing."""
        self._kernel.leave()
        return 0

    def is_running(self) -> bool:
        return True
