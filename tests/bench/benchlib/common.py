# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The ikelb authors
"""What the parts share: what they were asked for, programs, CPUs, huge pages, medians."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import statistics
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Iterator, Sequence

from lab.ikelbd import build_directory
from lab.shell import LabError


class Missing(LabError):
    """Something that has to be installed or built first; the text says what."""


@dataclass(frozen=True)
class Plan:
    """How much is measured."""

    is_quick: bool = False

    def choose(self, full, quick):
        return quick if self.is_quick else full

    @property
    def rounds(self) -> int:
        """Of whatever is compared, one after the other in each."""
        return self.choose(5, 1)


def progress(text: str) -> None:
    print(f"ikelb-bench: {text}", file=sys.stderr, flush=True)


# --- programs -------------------------------------------------------------------------------------


def built(name: str) -> str:
    """A benchmark program of the build."""
    path = build_directory() / "tests" / "bench" / name
    if not path.exists():
        raise Missing(
            f"{path} is not built: run `ninja -C {build_directory()} tests/bench/{name}`, or name "
            "another build directory in IKELB_BUILD"
        )
    return str(path)


def installed(program: str, package: str) -> str:
    found = shutil.which(program, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")
    if found is None:
        raise Missing(f"{program} is missing: run `apt-get install {package}`")
    return found


def run_json(
    argv: Sequence[str], *, timeout: float, cpu: int | None = None, shows_progress: bool = False
) -> dict:
    """The JSON object that a program of ours prints. What it writes to stderr is progress, for
    ours, or else what to say should it fail."""
    pin = [] if cpu is None else ["taskset", "-c", str(cpu)]
    errors = None if shows_progress else subprocess.PIPE
    try:
        done = subprocess.run(
            [*pin, *argv], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=errors,
            text=True, timeout=timeout, check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired as error:
        raise LabError(f"{' '.join(argv)}: no end within {timeout:g} s") from error
    if done.returncode != 0:
        raise LabError(f"{' '.join(argv)}: exit {done.returncode}\n{(done.stderr or '')[-1500:]}")
    return json.loads(done.stdout)


# --- the machine ----------------------------------------------------------------------------------


def cpus() -> tuple[int, int]:
    """One for what is measured, another for what feeds it. Interrupts and other programs tend to
    the first CPU: what is measured gets the last."""
    allowed = sorted(os.sched_getaffinity(0))
    if len(allowed) < 2:
        raise LabError("two CPUs are needed: one for what is measured, one for what feeds it")
    return allowed[-1], allowed[0]


def must_be_root(what: str) -> None:
    if os.geteuid() != 0:
        raise LabError(f"{what} needs root")


NR_HUGE_PAGES = Path("/proc/sys/vm/nr_hugepages")
FREE_HUGE_PAGES = Path("/sys/kernel/mm/hugepages/hugepages-2048kB/free_hugepages")


@contextlib.contextmanager
def huge_pages(mebibytes: int) -> Iterator[bool]:
    """Has so much free in huge pages meanwhile; False: there are not as many."""
    wanted = mebibytes // 2
    before = int(NR_HUGE_PAGES.read_text("ascii"))
    lacking = wanted - int(FREE_HUGE_PAGES.read_text("ascii"))
    try:
        if lacking > 0:
            with contextlib.suppress(OSError):
                NR_HUGE_PAGES.write_text(str(before + lacking), "ascii")
        yield int(FREE_HUGE_PAGES.read_text("ascii")) >= wanted
    finally:
        if lacking > 0:
            with contextlib.suppress(OSError):
                NR_HUGE_PAGES.write_text(str(before), "ascii")


def thread_nanos(pid: int, thread: str = "") -> int:
    """CPU time of a process's threads, or of those of that name."""
    total = 0
    for task in Path(f"/proc/{pid}/task").iterdir():
        with contextlib.suppress(OSError):
            if not thread or (task / "comm").read_text("utf-8", "replace").strip() == thread:
                total += int((task / "schedstat").read_text("ascii").split()[0])
    return total


def busy_seconds() -> float:
    """CPU time of the whole machine that was neither idle nor the host's, from some time on; as
    bench_traffic measures it, which says why."""
    words = Path("/proc/stat").read_text("ascii").splitlines()[0].split()[1:]
    _user, _nice, _system, idle, iowait, _irq, _softirq, steal = map(int, words[:8])
    unused = (idle + iowait + steal) / os.sysconf("SC_CLK_TCK")
    return time.monotonic() * (os.cpu_count() or 1) - unused


# --- numbers --------------------------------------------------------------------------------------


def middle(values: Sequence[float]) -> float:
    return statistics.median(values)


def spread(values: Sequence[float]) -> float:
    """(Largest - smallest) / median."""
    return (max(values) - min(values)) / middle(values) if middle(values) else 0.0
