# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The ikelb authors
"""DPDK's own programs as processes: testpmd as packaged, l3fwd built from its packaged source."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Iterator, Sequence

from lab.shell import LabError, run, stop_process, wait_until

from .common import Missing, installed, progress, thread_nanos

RUNTIME = Path("/var/run/dpdk")
EXAMPLES = Path("/usr/share/dpdk/examples")
WORKER_THREAD = "rte-worker-1"


def memory_arguments(has_huge_pages: bool, mebibytes: int) -> list[str]:
    if has_huge_pages:
        return ["--in-memory", "--single-file-segments", "--iova-mode=va", "--no-pci"]
    return ["--no-huge", "-m", str(mebibytes), "--no-pci"]


@dataclass(frozen=True)
class Sample:
    """Counts at one moment: packets received on the first port, CPU time of the thread."""

    packets: int
    nanos: int


class DpdkProcess:
    """A running program of DPDK, seen through its telemetry socket."""

    def __init__(self, argv: Sequence[str], prefix: str, log: Path, *, thread: str = ""):
        self._folder = RUNTIME / prefix
        self._thread = thread
        self.log = log
        self._log = open(log, "wb")
        self.process = subprocess.Popen(
            [*argv], stdin=subprocess.PIPE, stdout=self._log, stderr=self._log,
            cwd=log.parent, start_new_session=True,
        )  # fmt: skip
        self._telemetry: socket.socket | None = None

    def command(self, line: str) -> None:
        self.process.stdin.write(line.encode() + b"\n")
        self.process.stdin.flush()

    def text(self) -> str:
        return self.log.read_text("utf-8", "replace")

    def await_text(self, pattern: str, count: int = 1, timeout: float = 30.0) -> list:
        """Waits until the output matches so often; the matches."""

        def look():
            self._must_run()
            found = re.findall(pattern, self.text(), re.MULTILINE)
            return found if len(found) >= count else None

        return wait_until(look, timeout, f"/{pattern}/ in {self.log}")

    def _must_run(self) -> None:
        if self.process.poll() is not None:
            raise LabError(f"{self.process.args[0]} ended:\n{self.text()[-1500:]}")

    def _connect(self) -> socket.socket:
        path = self._folder / "dpdk_telemetry.v2"

        def is_there() -> bool:
            self._must_run()
            return path.exists()

        wait_until(is_there, 20, str(path))
        telemetry = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        telemetry.settimeout(5)
        telemetry.connect(str(path))
        telemetry.recv(4096)
        return telemetry

    def _ask(self, command: str) -> dict:
        try:
            if self._telemetry is None:
                self._telemetry = self._connect()
            self._telemetry.send(command.encode())
            return json.loads(self._telemetry.recv(65536))[command.partition(",")[0]]
        except (OSError, ValueError) as error:
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(2)
            self._must_run()
            raise LabError(f"{self.process.args[0]}, telemetry: {error}") from error

    def packets(self, port: int = 0, way: str = "ipackets") -> int:
        return self._ask(f"/ethdev/stats,{port}")[way]

    def sample(self) -> Sample:
        return Sample(self.packets(), thread_nanos(self.process.pid, self._thread))

    def nanos_per_packet(self, warm_up: float, seconds: float) -> float:
        """CPU time for each packet of a source that never runs dry."""
        wait_until(lambda: self.packets() > 0, 30, f"packets through {self.process.args[0]}")
        time.sleep(warm_up)
        before = self.sample()
        time.sleep(seconds)
        after = self.sample()
        return (after.nanos - before.nanos) / (after.packets - before.packets)

    def close(self) -> None:
        if self._telemetry is not None:
            self._telemetry.close()
        # A worker that polls in SIGTERM's way is no reason to wait long.
        stop_process(self.process, first=signal.SIGINT, grace=8)
        with contextlib.suppress(OSError):
            self.process.stdin.close()
        self._log.close()
        shutil.rmtree(self._folder, ignore_errors=True)

    def __enter__(self) -> "DpdkProcess":
        return self

    def __exit__(self, *_) -> None:
        self.close()


def prefix_of(name: str) -> str:
    return f"ikelb-bench-{os.getpid()}-{name}"


def testpmd(
    mode: str, devices: Sequence[str], folder: Path, *, cpus: tuple[int, int], has_huge_pages: bool
) -> DpdkProcess:
    """testpmd in one of its forwarding modes, not started: the command is `start`."""
    prefix = prefix_of(mode)
    measured, other = cpus
    argv = [
        installed("dpdk-testpmd", "dpdk-dev"),
        "--lcores", f"0@{other},1@{measured}", f"--file-prefix={prefix}",
        *memory_arguments(has_huge_pages, 256),
        *(f"--vdev={device}" for device in devices),
        "--", "-i", f"--forward-mode={mode}", "--total-num-mbufs=32768", "--no-mlockall",
    ]  # fmt: skip
    process = DpdkProcess(argv, prefix, folder / f"testpmd-{mode}.log", thread=WORKER_THREAD)
    process.await_text("testpmd> ")
    return process


_FORWARD_CYCLES = r"CPU cycles/packet=([\d.]+)"


def busy_cycles_of_testpmd(process: DpdkProcess, warm_up: float, seconds: float) -> float:
    """TSC cycles of polls that moved packets, for each packet, by its own count."""
    process.command("set record-core-cycles on")
    for length in (warm_up, seconds):
        process.command("start")
        time.sleep(length)
        process.command("stop")
    process.command("quit")  # what it has printed comes out at its end
    process.process.wait(20)
    found = re.findall(_FORWARD_CYCLES, process.text())
    if len(found) != 2:
        raise LabError(f"testpmd forwarded nothing:\n{process.text()[-1500:]}")
    return float(found[-1])


# --- l3fwd ----------------------------------------------------------------------------------------

# What it asks of ports, no virtual device has; and its buffers have to hold the whole source.
_CHANGES = (
    (".offloads = RTE_ETH_RX_OFFLOAD_CHECKSUM,", ".offloads = 0,"),
    ("(unsigned)8192)", "(unsigned)32768)"),
)


def build_l3fwd(folder: Path) -> Path:
    """DPDK's l3fwd, compiled as its Makefile does."""
    if not (EXAMPLES / "l3fwd" / "main.c").exists():
        raise Missing(
            f"{EXAMPLES}/l3fwd is missing, the source of DPDK's l3fwd: run `apt-get install "
            "dpdk-doc`"
        )
    installed("make", "make")
    target = folder / "l3fwd"
    for part in ("common", "l3fwd"):
        shutil.copytree(EXAMPLES / part, folder / part, dirs_exist_ok=True)
    text = (target / "main.c").read_text("utf-8")
    for old, new in _CHANGES:
        if old not in text:
            raise LabError(f"{EXAMPLES}/l3fwd/main.c has no `{old}`: another version of DPDK")
        text = text.replace(old, new)
    (target / "main.c").write_text(text, "utf-8")
    progress("peers: building l3fwd")
    run(["make", "-C", str(target)], timeout=300)
    return target / "build" / "l3fwd"


def l3fwd(
    program: Path,
    devices: Sequence[str],
    rules: tuple[Path, Path],
    folder: Path,
    *,
    cpu: int,
    has_huge_pages: bool,
) -> DpdkProcess:
    """l3fwd with exact matches by 5-tuple, forwarding from the first port. It wants a transmit
    queue for each lcore, so that it gets only one, which forwards: its main thread."""
    prefix = prefix_of("l3fwd")
    argv = [
        str(program), "--lcores", f"0@{cpu}", f"--file-prefix={prefix}",
        *memory_arguments(has_huge_pages, 2048),
        *(f"--vdev={device}" for device in devices),
        "--", "-E", "-P", "-p", "0x3", "--config=(0,0,0)", "--parse-ptype",
        f"--rule_ipv4={rules[0]}", f"--rule_ipv6={rules[1]}",
    ]  # fmt: skip
    return DpdkProcess(argv, prefix, folder / "l3fwd.log")


@contextlib.contextmanager
def checked_exit(process: DpdkProcess, port: int) -> Iterator[DpdkProcess]:
    """At the end packets must have left by that port: l3fwd sends what it does not know back."""
    with process:
        yield process
        if process.packets(port, "opackets") == 0:
            raise LabError(f"{process.process.args[0]} forwarded nothing to port {port}")
