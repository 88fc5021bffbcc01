# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The ikelb authors
"""The machine and the build that the numbers belong to."""

from __future__ import annotations

import os
import platform
import re
import subprocess
from pathlib import Path

from lab.ikelbd import build_directory
from lab.shell import run

from . import core
from .common import FREE_HUGE_PAGES, Plan


def _cpu(field: str) -> str:
    found = re.search(rf"(?m)^{field}\s*: (.*)$", Path("/proc/cpuinfo").read_text("utf-8"))
    return found[1] if found else ""


def _sysfs(path: str) -> str:
    try:
        return Path(path).read_text("ascii").strip()
    except OSError:
        return ""


def _version(*argv: str) -> str:
    try:
        done = subprocess.run(argv, capture_output=True, text=True, timeout=10, check=False)
    except OSError:
        return ""
    return done.stdout.strip() or done.stderr.strip()


def measure(plan: Plan) -> dict:
    cache = "/sys/devices/system/cpu/cpu0/cache"
    ikelbd = build_directory() / "controlplane" / "ikelbd"
    return {
        "cpu": _cpu("model name"),
        "cpus": len(os.sched_getaffinity(0)),
        "hypervisor": _version("systemd-detect-virt"),
        "caches": {
            f"L{_sysfs(f'{cache}/index{n}/level')}{_sysfs(f'{cache}/index{n}/type')[:1].lower()}":
                _sysfs(f"{cache}/index{n}/size")
            for n in range(4) if _sysfs(f"{cache}/index{n}/level")
        },
        "memory_mib": os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") >> 20,
        "kernel": platform.release(),
        "transparent_huge_pages": _sysfs("/sys/kernel/mm/transparent_hugepage/enabled"),
        "free_huge_pages_2mib": int(_sysfs(str(FREE_HUGE_PAGES)) or 0),
        "load_average": os.getloadavg()[0],
        "dpdk": _version("pkg-config", "--modversion", "libdpdk"),
        "ikelbd": run([str(ikelbd), "--version"]).stdout.strip() if ikelbd.exists() else "",
        **core.measure("environment")(plan),
    }  # fmt: skip
