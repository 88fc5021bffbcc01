# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The ikelb authors
"""What an IKE peer saw, from its own log.

charon writes one line per step, led by the number of the thread that handles the datagram:

    1700000000.123 07[MGR] checkout IKEv2 SA by message with SPIs 5f..._i 0000000000000000_r
    1700000000.123 07[NET] received packet: from 198.18.1.1[500] to 10.20.0.11[500] (240 bytes)
    1700000000.124 07[ENC] parsed IKE_SA_INIT request 0 [ SA KE No N(NATD_S_IP) ... ]
    1700000000.131 07[NET] sending packet: from 10.20.0.11[500] to 198.18.1.1[500] (248 bytes)

Such lines of one thread belong together; that joins addresses, SPIs and exchange.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

_LINE = re.compile(r"^(?P<time>\d+\.\d+) (?P<thread>\d+)\[(?P<group>[A-Z]+)\] (?P<text>.*)$")
_ENDS = re.compile(
    r"packet: from (?P<src>[^\[]+)\[(?P<sport>\d+)\] to (?P<dst>[^\[]+)\[(?P<dport>\d+)\]"
)
_SPIS = re.compile(r"by message with SPIs (?P<i>[0-9a-f]{16})_i (?P<r>[0-9a-f]{16})_r")
_PARSED = re.compile(r"^parsed (?P<exchange>[A-Z_0-9]+) (?P<kind>request|response) (?P<id>\d+)")


@dataclass
class Seen:
    """One IKE datagram as its receiver saw it. `time` is Unix time in seconds."""

    time: float
    source: str
    source_port: int
    destination: str
    destination_port: int
    spi_i: str = ""
    exchange: str = ""
    kind: str = ""
    answered: bool = False


def parse(text: str) -> list[Seen]:
    """All received datagrams in the log, in order."""
    seen: list[Seen] = []
    at_work: dict[str, Seen] = {}
    checked_out: dict[str, str] = {}
    for line in text.splitlines():
        match = _LINE.match(line)
        if not match:
            continue
        thread, message = match["thread"], match["text"]
        ends = _ENDS.search(message) if match["group"] == "NET" else None
        if spis := _SPIS.search(message):
            checked_out[thread] = spis["i"]
            at_work.pop(thread, None)
        elif ends and message.startswith("received"):
            at_work[thread] = Seen(
                float(match["time"]),
                ends["src"],
                int(ends["sport"]),
                ends["dst"],
                int(ends["dport"]),
                checked_out.pop(thread, ""),
            )
            seen.append(at_work[thread])
        elif thread in at_work:
            current = at_work[thread]
            if ends and message.startswith("sending") and ends["dst"] == current.source:
                current.answered = True
            elif parsed := _PARSED.match(message):
                current.exchange = current.exchange or parsed["exchange"]
                current.kind = current.kind or parsed["kind"]
    return seen


class CharonLog:
    """A growing charon log file."""

    def __init__(self, path: Path):
        self.path = path

    def text(self) -> str:
        try:
            return self.path.read_text(encoding="utf-8", errors="replace")
        except FileNotFoundError:
            return ""

    def received(self) -> list[Seen]:
        return parse(self.text())

    def requests(self, spi_i: str, exchange: str) -> list[Seen]:
        """Requests of that exchange within the SA of that initiator SPI (16 hex digits)."""
        return [
            s
            for s in self.received()
            if s.spi_i == spi_i and s.exchange == exchange and s.kind == "request"
        ]
