# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The ikelb authors
"""A process that stands in a cable: it takes frames off packet sockets and sends them on, changed
or not. Slow (a few thousand frames a second) and enough."""

from __future__ import annotations

import selectors
import socket
from pathlib import Path
from typing import Callable

from .netns import Namespace
from .shell import wait_until

ETH_P_ALL = 3
SOL_PACKET, PACKET_IGNORE_OUTGOING = 263, 23


def open_port(device: str) -> socket.socket:
    """All frames that come in at the device."""
    port = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL))
    port.bind((device, ETH_P_ALL))
    port.setsockopt(SOL_PACKET, PACKET_IGNORE_OUTGOING, 1)
    return port


def serve(ports: dict[socket.socket, Callable[[socket.socket], None]]) -> None:
    """Calls a port's function for each frame that waits there, until the process is ended."""
    waiting = selectors.DefaultSelector()
    for port, take in ports.items():
        waiting.register(port, selectors.EVENT_READ, take)
    print("ready", flush=True)
    while True:
        for key, _ in waiting.select():
            try:
                key.data(key.fileobj)
            except OSError as error:
                print(f"frame lost: {error}", flush=True)


def start(space: Namespace, module: str, arguments: list[str], log: Path) -> None:
    """Runs a module of this package in a namespace, with which it ends, once it serves."""
    with open(log, "wb") as output:
        space.popen(
            ["/usr/bin/python3", "-B", "-m", module, *arguments],
            stdout=output,
            stderr=output,
            cwd=Path(__file__).resolve().parents[1],
        )
    wait_until(lambda: "ready" in log.read_text("utf-8"), 10, f"{module} to be ready")
