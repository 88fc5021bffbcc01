# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The ikelb authors
"""ikelb beside DPDK's own programs, on the same packets from the same source, one core each.

Two sources. `pcap`: net_pcap gives the packets of a file again and again, and drops what is sent:
no other process, and packets never run out, so that CPU time for each packet is the whole cost.
`memif`: a generator on another CPU, packets in and out by shared memory; the measured program may
find nothing to do, and counts the cycles of those polls that moved packets.
"""

from __future__ import annotations

import contextlib
import math
import os
import struct
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Callable

from lab.shell import stop_process

from . import dpdk

from .common import (
    Missing, Plan, built, cpus, huge_pages, middle, must_be_root, progress, run_json, spread,
)  # fmt: skip

FLOWS, PACKETS, FRAME = 4096, 8192, 64
MEMIF_FLOWS = (1024, 1 << 20)
MODES = {"testpmd_io": "io", "testpmd_macswap": "macswap", "testpmd_5tswap": "5tswap"}


@dataclass
class Series:
    """Values of one program on one source, a round each."""

    name: str
    source: str
    flows: int
    measure: Callable[[], float]
    values: list[float] = field(default_factory=list)
    paces: list[float] = field(default_factory=list)  # the slower of before and after

    def quiet(self, best: float) -> list[float]:
        """The values from while the core was as fast as at its best, within a sixth."""
        return [v for v, pace in zip(self.values, self.paces, strict=True) if pace <= best * 7 / 6]

    def result(self, best: float) -> dict:
        """Of the quiet values; of all if there is but one."""
        quiet = self.quiet(best)
        chosen = quiet if len(quiet) > 1 else self.values
        return {
            "name": self.name,
            "flows": self.flows,
            "source": self.source,
            "cycles_per_packet": round(middle(chosen), 1),
            "spread": round(spread(chosen), 3),
            "runs": len(chosen),
            "disturbed": round(1 - len(quiet) / len(self.values), 3),
        }


class Peers:
    """All that is compared; `run` gives the list of results."""

    def __init__(self, plan: Plan, folder: Path, has_huge_pages: bool):
        self.plan, self.folder, self.has_huge_pages = plan, folder, has_huge_pages
        self.cpus = cpus()
        self.warm_up, self.seconds = plan.choose((0.5, 1.0), (0.2, 0.3))
        self.capture = folder / "clients.pcap"
        self.tsc_hz = 0.0
        self.best = math.inf  # of the paces
        self.missing: list[dict] = []

    def write_capture(self) -> None:
        run_json(
            [built("bench_core"), "capture", str(self.capture), "--flows", str(FLOWS),
             "--packets", str(PACKETS), "--frame", str(FRAME)],
            timeout=60,
        )  # fmt: skip

    def run(self) -> list[dict]:
        progress(f"peers: {FLOWS} flows, {PACKETS} packets of {FRAME} bytes in random order")
        self.write_capture()
        every = [*self.on_capture(), *self.of_l3fwd(), *self.on_memif()]
        for turn in range(self.plan.choose(2 * self.plan.rounds, 1)):
            for series in every:
                progress(f"peers: round {turn + 1}, {series.name} on {series.source}, "
                         f"{series.flows} flows")  # fmt: skip
                self.take(series)
            if all(len(series.quiet(self.best)) >= self.plan.rounds for series in every):
                break
        return [series.result(self.best) for series in every] + self.missing

    def take(self, series: Series) -> None:
        """Another value of it."""
        before = self.pace()
        series.values.append(series.measure())
        after = self.pace()
        series.paces.append(max(before, after))
        self.best = min(self.best, before, after)

    def pace(self) -> float:
        """How long the core takes for a fixed piece of work."""
        return run_json([built("bench_core"), "pace"], timeout=60, cpu=self.cpus[0])["pace"]

    # --- from a file ------------------------------------------------------------------------------

    def _devices(self) -> list[str]:
        return [f"net_pcap0,rx_pcap={self.capture},infinite_rx=1", "net_null1,no-rx=1"]

    def on_capture(self) -> list[Series]:
        """ikelb first: it tells the TSC's rate."""
        series = [Series("ikelb", "pcap", FLOWS, self._ikelb_on_capture)]
        for name, mode in {"testpmd_rxonly": "rxonly", **MODES}.items():
            series.append(Series(name, "pcap", FLOWS, lambda mode=mode: self._testpmd(mode)))
        return series

    def of_l3fwd(self) -> list[Series]:
        """Nothing if it can't be built, and then an entry in `missing`."""
        try:
            program = dpdk.build_l3fwd(self.folder)
        except Missing as error:
            progress(f"peers: l3fwd is NOT measured: {error}")
            self.missing.append(
                {"name": "l3fwd_em", "flows": FLOWS, "source": "pcap", "cycles_per_packet": None,
                 "missing": str(error)}
            )  # fmt: skip
            return []
        rules = self._write_rules()
        return [Series("l3fwd_em", "pcap", FLOWS, lambda: self._l3fwd(program, rules))]

    def _ikelb(self, wan: str, lan: str, flows: int) -> dict:
        result = run_json(
            [built("bench_core"), "worker", "--wan", wan, "--lan", lan, "--flows", str(flows),
             "--warm-up", str(self.warm_up), "--seconds", str(self.seconds),
             "--cpu", str(self.cpus[0]), *self._page_options()],
            timeout=120,
        )  # fmt: skip
        self.tsc_hz = result["tsc_hz"]
        return result

    def _page_options(self) -> list[str]:
        return [] if self.has_huge_pages else ["--no-huge-pages"]

    def _ikelb_on_capture(self) -> float:
        result = self._ikelb(*self._devices(), FLOWS)
        return result["cpu_cycles"] / result["packets"]

    def _testpmd(self, mode: str) -> float:
        with dpdk.testpmd(
            mode, self._devices(), self.folder, cpus=self.cpus, has_huge_pages=self.has_huge_pages
        ) as process:
            process.command("start")
            return self._cycles(process)

    def _l3fwd(self, program: Path, rules: tuple[Path, Path]) -> float:
        process = dpdk.l3fwd(
            program, self._devices(), rules, self.folder, cpu=self.cpus[0],
            has_huge_pages=self.has_huge_pages,
        )  # fmt: skip
        with dpdk.checked_exit(process, port=1):
            return self._cycles(process)

    def _cycles(self, process: dpdk.DpdkProcess) -> float:
        return process.nanos_per_packet(self.warm_up, self.seconds) * self.tsc_hz * 1e-9

    def _write_rules(self) -> tuple[Path, Path]:
        """Each flow of the capture as a rule of l3fwd, out of its second port."""
        v4, v6 = self.folder / "em4.cfg", self.folder / "em6.cfg"
        rules = set()
        for packet in packets_of(self.capture):
            source, destination = (".".join(map(str, packet[at : at + 4])) for at in (26, 30))
            source_port, destination_port = struct.unpack_from("!HH", packet, 34)
            rules.add(f"R{destination} {source} {destination_port} {source_port} 0x11 1")
        v4.write_text("\n".join(sorted(rules)) + "\n", "ascii")
        v6.write_text("R2001:db8::1 2001:db8::2 1 1 0x11 1\n", "ascii")  # it insists on some
        return v4, v6

    # --- over memif -------------------------------------------------------------------------------

    def on_memif(self) -> list[Series]:
        series = []
        for flows in self.plan.choose(MEMIF_FLOWS, MEMIF_FLOWS[:1]):
            series += [
                Series("testpmd_5tswap", "memif", flows, lambda f=flows: self._swap_on_memif(f)),
                Series("ikelb", "memif", flows, lambda f=flows: self._ikelb_on_memif(f)),
            ]
        return series

    def _memif(self, role: str) -> list[str]:
        socket = f"ikelb-bench-{os.getpid()}"  # an abstract one
        return [
            f"net_memif{n},role={role},id={n},socket={socket},rsize=11" for n in (0, 1)
        ]  # fmt: skip

    @contextlib.contextmanager
    def _generator(self, flows: int):
        """Sends into the first memif, takes what leaves by the second."""
        out, back = self._memif("server")
        argv = [
            "taskset", "-c", str(self.cpus[1]), built("bench_core"), "generate", "--out", out,
            "--in", back, "--flows", str(flows), "--frame", str(FRAME), *self._page_options(),
        ]  # fmt: skip
        log = self.folder / "generator.log"
        process = dpdk.DpdkProcess(argv, dpdk.prefix_of("generator"), log)
        try:
            process.await_text("^ready$")  # a client connects once, when it starts
            yield
        finally:
            stop_process(process.process)
            process.close()

    def _ikelb_on_memif(self, flows: int) -> float:
        with self._generator(flows):
            return self._ikelb(*self._memif("client"), flows)["cycles_per_packet"]

    def _swap_on_memif(self, flows: int) -> float:
        with self._generator(flows), dpdk.testpmd(
            "5tswap", self._memif("client"), self.folder, cpus=self.cpus,
            has_huge_pages=self.has_huge_pages,
        ) as process:  # fmt: skip
            return dpdk.busy_cycles_of_testpmd(process, self.warm_up + 0.5, self.seconds)


def packets_of(capture: Path):
    """The frames of a pcap file of this machine's byte order."""
    data, at = capture.read_bytes(), 24
    while at < len(data):
        length = struct.unpack_from("=I", data, at + 8)[0]
        yield data[at + 16 : at + 16 + length]
        at += 16 + length


def measure(plan: Plan) -> list[dict]:
    must_be_root("DPDK's memory and CPU pinning (peers)")
    with tempfile.TemporaryDirectory(prefix="ikelb-bench-") as folder:
        # l3fwd's two tables take more than all the others together.
        with huge_pages(2048) as has_huge_pages:
            if not has_huge_pages:
                progress("peers: 2 GiB of huge pages can't be had: 4 KiB pages for all")
            return Peers(plan, Path(folder), has_huge_pages).run()
