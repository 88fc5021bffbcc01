#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The ikelb authors
"""The systemd unit: well-formed, hardened, and enough for the daemon.

  service_unit.py verify UNIT IKELBD      systemd-analyze finds nothing to complain of
  service_unit.py security UNIT IKELBD    its exposure level stays low
  service_unit.py start UNIT IKELBD       ikelbd starts, reloads and stops with the unit's
                                          capabilities and no more, on a veth by each driver (root)

Exit status 77: skipped.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

SKIPPED = 77
MOST_EXPOSED = 4.0  # systemd's scale: 0 safe, 10 unsafe; an unhardened service has 9.6
DEADLINE = 60.0

CONFIG = """
ports: [{name: wan, device: "%s0,iface=wan0"}]
interfaces: [{name: ext, port: wan, addresses: [198.51.100.1/24], side: both}]
pools: [{name: farm, backends: [{name: one, address: 198.51.100.11}]}]
services: [{name: vpn, vip: 203.0.113.10, interface: ext, pool: farm}]
limits: {flows: 4096, bindings: 4096, pairs: 4096, half_open: 4096, fragments: 64}
admin: {socket: %s}
metrics: none
"""


def needs(*programs: str) -> None:
    for program in programs:
        if not shutil.which(program):
            print(f"skipped: {program} is not installed")
            sys.exit(SKIPPED)


def capabilities(*units: Path) -> set[str]:
    """What the unit with its drop-ins allows: the bounding sets add up."""
    texts = "\n".join(unit.read_text("utf-8") for unit in units)
    return set(" ".join(re.findall(r"(?m)^CapabilityBoundingSet=(.*)$", texts)).lower().split())


def verify(unit: Path, program: Path) -> int:
    """The unit as installed, but with the program where it was built."""
    needs("systemd-analyze")
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder, unit.name)
        text = unit.read_text("utf-8")
        copy.write_text(re.sub(r"(?m)^(ExecStart=)\S+", rf"\g<1>{program}", text), "utf-8")
        done = subprocess.run(
            ["systemd-analyze", "verify", "--man=no", "--recursive-errors=no", str(copy)],
            capture_output=True,
            text=True,
        )
    print(done.stdout + done.stderr, end="")
    return 1 if done.returncode != 0 or done.stderr else 0


def security(unit: Path, program: Path) -> int:
    needs("systemd-analyze")
    done = subprocess.run(
        ["systemd-analyze", "security", "--offline=true", "--no-pager", str(unit)],
        capture_output=True,
        text=True,
    )
    print(done.stdout + done.stderr, end="")
    level = re.search(r"exposure level for \S+: ([\d.]+)", done.stdout)
    if not level:
        return 1
    print(f"exposure {level[1]}, allowed {MOST_EXPOSED}")
    return 0 if float(level[1]) <= MOST_EXPOSED else 1


VETH = "ip link add {0} type veth peer name {1}; ip link set {0} up; ip link set {1} up;"
PORT = VETH.format("wan0", "far0")


def confined(allowed: set[str], command: list[str], setup: str = PORT) -> list[str]:
    """The command as root with these capabilities, in namespaces of its own, beside a port."""
    bounded = ",".join(["-all", *(f"+{word.removeprefix('cap_')}" for word in sorted(allowed))])
    return [
        "unshare", "--net", "--mount", "--", "sh", "-ec",
        f'ip link set lo up; {setup} exec "$@"',
        "sh", "setpriv", f"--bounding-set={bounded}", "--inh-caps=-all", "--no-new-privs", "--",
        *command,
    ]  # fmt: skip


def wait_for(notify: socket.socket, word: bytes, daemon: subprocess.Popen) -> bool:
    end = time.monotonic() + DEADLINE
    notify.settimeout(0.2)
    while time.monotonic() < end and daemon.poll() is None:
        try:
            if word in notify.recv(4096).splitlines():
                return True
        except TimeoutError:
            pass
    print(f"no {word.decode()}; status {daemon.poll()}")
    return False


def effective(process: int) -> set[str]:
    status = Path(f"/proc/{process}/status").read_text("utf-8")
    mask = re.search(r"CapEff:\s*(\w+)", status)[1]
    names = subprocess.run(["capsh", f"--decode={mask}"], capture_output=True, text=True).stdout
    return set(names.strip().partition("=")[2].split(","))


def start(unit: Path, program: Path) -> int:
    needs("setpriv", "capsh", "unshare", "ip")
    if os.geteuid() != 0 or not Path("/dev/net/tun").exists():
        print("skipped: needs root and /dev/net/tun")
        return SKIPPED
    drop_in = Path(__file__).resolve().parents[2] / "deploy/systemd/af_xdp.conf"
    return max(
        start_on("net_af_packet", capabilities(unit), program),
        start_on("net_af_xdp", capabilities(unit, drop_in), program),
    )


def start_on(driver: str, allowed: set[str], program: Path) -> int:
    with tempfile.TemporaryDirectory() as folder:
        config, path = Path(folder, "ikelb.yaml"), Path(folder, "notify")
        config.write_text(CONFIG % (driver, Path(folder, "admin.sock")), "utf-8")
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notify:
            notify.bind(str(path))
            daemon = subprocess.Popen(
                confined(allowed, [str(program), "--config", str(config)]),
                env={
                    "PATH": os.environ["PATH"],
                    "NOTIFY_SOCKET": str(path),
                    "RUNTIME_DIRECTORY": folder,
                    "STATE_DIRECTORY": folder,
                },
                stdin=subprocess.DEVNULL,
            )
            try:
                if not wait_for(notify, b"READY=1", daemon):
                    return 1
                if effective(daemon.pid) != allowed:
                    print(f"it runs with {effective(daemon.pid)}, the unit allows {allowed}")
                    return 1
                daemon.send_signal(signal.SIGHUP)
                if not wait_for(notify, b"RELOADING=1", daemon) or not wait_for(
                    notify, b"READY=1", daemon
                ):
                    return 1
                daemon.terminate()
                status = daemon.wait(DEADLINE)
                print(f"{driver}: started, reloaded and stopped with status {status}")
                return 0 if status == 0 else 1
            finally:
                if daemon.poll() is None:
                    daemon.kill()
                    daemon.wait()


def main() -> int:
    checks = {"verify": verify, "security": security, "start": start}
    if len(sys.argv) != 4 or sys.argv[1] not in checks:
        print(__doc__, file=sys.stderr)
        return 2
    return checks[sys.argv[1]](Path(sys.argv[2]), Path(sys.argv[3]).resolve())


if __name__ == "__main__":
    sys.exit(main())
