# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The ikelb authors
"""Pings through tunnels: which server answers, and how many of how many."""

from __future__ import annotations

import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

from .farm import Client, Server
from .netns import Namespace

_COUNTS = re.compile(r"(\d+) packets transmitted, (\d+) received")
_SEQUENCE = re.compile(r"icmp_seq=(\d+) ttl=")


@dataclass(frozen=True)
class Echoes:
    sent: int
    received: int

    def __str__(self) -> str:
        return f"{self.received}/{self.sent}"

    def since(self, before: Echoes) -> Echoes:
        return Echoes(self.sent - before.sent, self.received - before.received)

    @property
    def all(self) -> bool:
        return self.sent > 0 and self.sent == self.received


class Ping:
    """A running ping; `result` waits for its end, `stop` ends one that runs on."""

    def __init__(
        self,
        space: Namespace,
        target: str,
        *,
        count: int | None = None,
        interval: float = 0.1,
        options: tuple[str, ...] = (),
    ):
        arguments = ["ping", "-n", "-i", f"{interval:g}", "-W", "1", *options]
        if count is not None:
            arguments += ["-c", str(count)]
        self._process = space.popen(
            [*arguments, target], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )

    def result(self, timeout: float = 60.0) -> Echoes:
        output, _ = self._process.communicate(timeout=timeout)
        counts = _COUNTS.search(output)
        return Echoes(int(counts[1]), int(counts[2])) if counts else Echoes(0, 0)

    def stop(self) -> Echoes:
        """Ends it. A request whose answer was still on its way at that moment does not count."""
        self._process.send_signal(2)
        output, _ = self._process.communicate(timeout=60)
        counts = _COUNTS.search(output)
        if not counts:
            return Echoes(0, 0)
        sent, received = int(counts[1]), int(counts[2])
        answered = [int(number) for number in _SEQUENCE.findall(output)]
        in_flight = bool(answered) and answered[-1] == sent - 1
        return Echoes(sent - in_flight, received)


class Watch:
    """A running ping whose answers so far can be asked for. Its output is in `file`."""

    def __init__(
        self,
        space: Namespace,
        target: str,
        file: Path,
        *,
        interval: float = 0.1,
        source: str = "",
    ):
        self._file = file
        origin = ["-I", source] if source else []
        with open(file, "wb") as output:
            self._process = space.popen(
                ["ping", "-n", "-D", "-i", f"{interval:g}", "-W", "1", *origin, target],
                stdout=output,
                stderr=output,
            )

    def _text(self) -> str:
        return self._file.read_text("ascii", "replace")

    def answers(self) -> int:
        return len(_SEQUENCE.findall(self._text()))

    def last(self) -> int:
        """The sequence number of the last answer; 0 before the first."""
        found = _SEQUENCE.findall(self._text())
        return int(found[-1]) if found else 0

    def so_far(self) -> Echoes:
        """While it runs on: what lies before the last answer."""
        return Echoes(self.last(), self.answers())

    def stop(self) -> Echoes:
        """Ends it. A request whose answer was still on its way at that moment does not count."""
        if self._process.poll() is None:
            self._process.send_signal(2)
            self._process.wait(30)
        counts = _COUNTS.search(self._text())
        if not counts:
            return Echoes(0, 0)
        sent, received = int(counts[1]), int(counts[2])
        return Echoes(sent - (self.last() == sent - 1), received)


def through_tunnels(
    clients: list[Client], servers: list[Server], count: int = 5
) -> dict[str, dict[str, Echoes]]:
    """Each client pings the inside address of each server: {client: {server: echoes}}."""
    running = {
        (c.name, s.name): Ping(c.space, s.inside, count=count) for c in clients for s in servers
    }
    results: dict[str, dict[str, Echoes]] = {c.name: {} for c in clients}
    for (client, server), ping in running.items():
        results[client][server] = ping.result()
    return results
