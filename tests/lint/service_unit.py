#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The ikelb authors
"""The systemd unit: well-formed, hardened, and enough for the daemon.

  service_unit.py verify UNIT IKELBD      systemd-analyze finds nothing to complain of
  service_unit.py security UNIT IKELBD    its exposure level stays low
  service_unit.py start UNIT IKELBD       ikelbd starts, reloads and stops with the unit's
                                          capabilities and no more, on a veth by each driver (root)
  service_unit.py watchdog UNIT IKELBD    the watchdog hears of ikelbd while all its workers go on,
                                          and no more once one hangs (root)
  service_unit.py retries UNIT IKELBD     it is started for ever, after pauses that grow (root)

Exit status 77: skipped.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import re
import shlex
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

CONFIG_FILE = "/etc/ikelb/ikelb.yaml"
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


def setting(unit: Path, name: str) -> str:
    found = re.search(rf"(?m)^{name}=(.*)$", unit.read_text("utf-8"))
    return found[1] if found else ""


def command(unit: Path, program: Path, config: Path) -> list[str]:
    """The unit's own, but with the program where it was built and another configuration."""
    words = setting(unit, "ExecStart").split()
    return [str(program), *(str(config) if word == CONFIG_FILE else word for word in words[1:])]


def reload_command(unit: Path, process: int) -> list[str]:
    words = shlex.split(setting(unit, "ExecReload"))
    return [word.replace("${MAINPID}", str(process)) for word in words]


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


def environment(folder: str, **more: str) -> dict[str, str]:
    """What systemd gives to the service."""
    return {
        "PATH": os.environ["PATH"],
        "NOTIFY_SOCKET": str(Path(folder, "notify")),
        "RUNTIME_DIRECTORY": folder,
        "STATE_DIRECTORY": folder,
        **more,
    }


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
        start_on("net_af_packet", unit, capabilities(unit), program),
        start_on("net_af_xdp", unit, capabilities(unit, drop_in), program),
    )


def start_on(driver: str, unit: Path, allowed: set[str], program: Path) -> int:
    with tempfile.TemporaryDirectory() as folder:
        config, path = Path(folder, "ikelb.yaml"), Path(folder, "notify")
        config.write_text(CONFIG % (driver, Path(folder, "admin.sock")), "utf-8")
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notify:
            notify.bind(str(path))
            daemon = subprocess.Popen(
                confined(allowed, command(unit, program, config)),
                env=environment(folder),
                stdin=subprocess.DEVNULL,
            )
            try:
                if not wait_for(notify, b"READY=1", daemon):
                    return 1
                if effective(daemon.pid) != allowed:
                    print(f"it runs with {effective(daemon.pid)}, the unit allows {allowed}")
                    return 1
                subprocess.run(reload_command(unit, daemon.pid), check=True)
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


def thread_of(process: int, name: str) -> int:
    """The thread of this name."""
    for task in Path(f"/proc/{process}/task").iterdir():
        if Path(task, "comm").read_text("utf-8").strip() == name:
            return int(task.name)
    raise SystemExit(f"there is no thread {name}")


class Stopped:
    """One thread that stands still, the others of its process going on: as a debugger does it.
    Signals stop processes, never one thread."""

    SEIZE, INTERRUPT, DETACH, ALL = 0x4206, 0x4207, 17, 0x40000000

    def __init__(self, thread: int):
        self._libc = ctypes.CDLL(None, use_errno=True)
        self._thread = thread

    def _trace(self, request: int) -> None:
        nothing = ctypes.c_void_p(0)
        if self._libc.ptrace(request, self._thread, nothing, nothing) != 0:
            raise OSError(ctypes.get_errno(), f"ptrace of thread {self._thread}")

    def __enter__(self) -> "Stopped":
        self._trace(self.SEIZE)
        self._trace(self.INTERRUPT)
        os.waitpid(self._thread, self.ALL)
        return self

    def __exit__(self, *_) -> None:
        self._trace(self.DETACH)


def pings_in(notify: socket.socket, seconds: float) -> int:
    """How often the watchdog hears of ikelbd from now on."""
    notify.setblocking(False)
    with contextlib.suppress(BlockingIOError):
        while notify.recv(4096):
            pass
    notify.settimeout(0.2)
    count, end = 0, time.monotonic() + seconds
    while time.monotonic() < end:
        with contextlib.suppress(TimeoutError):
            count += notify.recv(4096).splitlines().count(b"WATCHDOG=1")
    return count


def watchdog(unit: Path, program: Path) -> int:
    """The workers sleep for want of packets, which must not count as hanging."""
    needs("setpriv", "unshare", "ip")
    if os.geteuid() != 0 or not Path("/dev/net/tun").exists():
        print("skipped: needs root and /dev/net/tun")
        return SKIPPED
    limit = float(setting(unit, "WatchdogSec"))
    faults = [] if setting(unit, "Restart") == "on-failure" else ["Restart= is not on-failure"]
    with tempfile.TemporaryDirectory() as folder:
        config = Path(folder, "ikelb.yaml")
        config.write_text(CONFIG % ("net_af_packet", Path(folder, "admin.sock")), "utf-8")
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notify:
            notify.bind(str(Path(folder, "notify")))
            daemon = subprocess.Popen(
                confined(capabilities(unit), command(unit, program, config)),
                env=environment(folder, WATCHDOG_USEC=f"{limit * 1e6:.0f}"),
                stdin=subprocess.DEVNULL,
            )
            try:
                if not wait_for(notify, b"READY=1", daemon):
                    return 1
                told = {"at work": pings_in(notify, 5)}
                for thread in ("eal-intr-thread", "rte-worker-1"):
                    with Stopped(thread_of(daemon.pid, thread)):
                        pings_in(notify, 1.5)  # what was under way
                        told[f"{thread} stopped"] = pings_in(notify, 5)
                told["going on"] = pings_in(notify, 5)
                daemon.send_signal(signal.SIGABRT)
                if daemon.wait(DEADLINE) != -signal.SIGABRT:
                    faults.append("SIGABRT does not end it")
            finally:
                if daemon.poll() is None:
                    daemon.kill()
                    daemon.wait()
    print(told)
    silent = {what for what, count in told.items() if count == 0}
    if silent != {"rte-worker-1 stopped"}:
        faults.append(f"silent: {silent}")
    if max(told.values()) > 6 or limit < 5:
        faults.append("not one word a second, or a limit that leaves no time for it")
    print("\n".join(faults))
    return 1 if faults else 0


def retries(unit: Path, program: Path) -> int:
    """With a configuration that is no good, as often as somebody starts it."""
    faults = []
    for name, wanted in {
        "StartLimitIntervalSec": "0",
        "Restart": "on-failure",
        "RuntimeDirectoryPreserve": "restart",
        "RestartPreventExitStatus": "",
    }.items():
        if setting(unit, name) != wanted:
            faults.append(f"{name}={setting(unit, name)} instead of {wanted or 'none'}")
    with tempfile.TemporaryDirectory() as folder:
        config = Path(folder, "ikelb.yaml")
        config.write_text("ports: 3\n", "utf-8")
        words = command(unit, program, config)

        def once() -> tuple[float, int]:
            begun = time.monotonic()
            done = subprocess.run(words, env=environment(folder), stderr=subprocess.DEVNULL)
            return time.monotonic() - begun, done.returncode

        ends = [once() for _ in range(4)]
        config.write_text("ports: 4\n", "utf-8")
        ends.append(once())
        waiting = subprocess.Popen(words, env=environment(folder), stderr=subprocess.DEVNULL)
        time.sleep(1)
        waiting.terminate()
        stopped = waiting.wait(DEADLINE)
        ends.append(once())
    print(", ".join(f"{took:.1f} s: {status}" for took, status in ends), f"; stopped: {stopped}")
    took = [took for took, _ in ends]
    if {status for _, status in ends} != {2} or stopped != 0:
        faults.append("wrong exit status")
    if not (took[2] >= 1 and took[3] >= 2 and max(took[0], took[1], took[4], took[5]) < 1):
        faults.append("the pauses are wrong: none, none, 1 s, 2 s, none after a change, none after"
                      " a stop")  # fmt: skip
    print("\n".join(faults))
    return 1 if faults else 0


def main() -> int:
    checks = {
        "verify": verify,
        "security": security,
        "start": start,
        "watchdog": watchdog,
        "retries": retries,
    }
    if len(sys.argv) != 4 or sys.argv[1] not in checks:
        print(__doc__, file=sys.stderr)
        return 2
    return checks[sys.argv[1]](Path(sys.argv[2]), Path(sys.argv[3]).resolve())


if __name__ == "__main__":
    sys.exit(main())
