# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The ikelb authors
"""One run of the lab: its namespaces, its directory, its processes, and their removal.

Theory of operation: every run has a prefix of its own (`iklXXXX-`) and a directory under BASE with
a `lab.json` naming its owner. All processes of a run live in its namespaces, so removal needs no
list of processes: whoever is in one of these namespaces is ended, then the namespaces and the
directory go. This holds for a run that was interrupted or killed too; `sweep` finds those by their
dead owner.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import tempfile
import time
from pathlib import Path

from . import netns
from .netns import Namespace
from .shell import LabError

BASE = Path("/run/ikelb-lab")


def _start_time(pid: int) -> str | None:
    """Start time of a process in clock ticks: tells a reused pid from the one we mean."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace")
    except OSError:
        return None
    return stat.rpartition(")")[2].split()[19]


def _members(names: list[str]) -> list[int]:
    """Processes whose network namespace is one of `names`, ourselves excepted."""
    inodes = {os.stat(f"/run/netns/{name}").st_ino for name in names if netns.exists(name)}
    found = []
    for entry in os.scandir("/proc"):
        if not entry.name.isdigit() or int(entry.name) == os.getpid():
            continue
        try:
            if os.stat(f"/proc/{entry.name}/ns/net").st_ino in inodes:
                found.append(int(entry.name))
        except OSError:
            pass
    return found


def _is_zombie(pid: int) -> bool:
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace")
    except OSError:
        return True
    return stat.rpartition(")")[2].split()[0] == "Z"


def _is_charon(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/comm").read_text("ascii", "replace").startswith("charon")
    except OSError:
        return False


def _end_members(names: list[str], grace: float) -> None:
    """charon would first tell peers that go as well, a second or two long: it leaves nothing."""
    for sign, patience in ((signal.SIGTERM, grace), (signal.SIGKILL, 5.0)):
        for pid in _members(names):
            try:
                os.kill(pid, signal.SIGKILL if _is_charon(pid) else sign)
            except ProcessLookupError:
                pass
        deadline = time.monotonic() + patience
        while any(not _is_zombie(pid) for pid in _members(names)):
            if time.monotonic() > deadline:
                break
            time.sleep(0.02)
        else:
            return


def _names(prefix: str) -> list[str]:
    try:
        return sorted(name for name in os.listdir("/run/netns") if name.startswith(prefix))
    except FileNotFoundError:
        return []


def remove(directory: Path, prefix: str, *, grace: float = 3.0) -> None:
    """Ends all processes of a run and removes its namespaces and directory. May be repeated."""
    names = _names(prefix)
    _end_members(names, grace)
    for name in names:
        netns.delete(name)
    shutil.rmtree(directory, ignore_errors=True)


def _records() -> list[tuple[Path, dict]]:
    found = []
    for path in sorted(BASE.glob("*/lab.json")):
        try:
            found.append((path.parent, json.loads(path.read_text(encoding="utf-8"))))
        except (OSError, ValueError):
            continue
    return found


def sweep(*, kept_too: bool = False) -> list[str]:
    """Removes runs whose owner is gone: crashed ones, and with `kept_too` those left up on
    purpose."""
    removed = []
    for directory, record in _records():
        alive = _start_time(record["pid"]) == record["pid_start"]
        if alive or (record["keep"] and not kept_too):
            continue
        remove(directory, record["prefix"])
        removed.append(record["prefix"])
    return removed


def end_at_first_signal() -> None:
    """SIGINT, SIGTERM and a terminal that closes end this process by SystemExit; signals that
    follow the first do nothing, so that none of them stops the clean-up half-way. A shell starts
    background jobs with SIGINT ignored, and so would be whatever they start. Who has SIGHUP ignored
    (nohup) wants it so."""
    came: list[int] = []

    def end(number: int, _frame) -> None:
        came.append(number)
        if len(came) == 1:
            raise SystemExit(128 + number)

    signal.signal(signal.SIGINT, end)
    signal.signal(signal.SIGTERM, end)
    if signal.getsignal(signal.SIGHUP) != signal.SIG_IGN:
        signal.signal(signal.SIGHUP, end)


class Lab:
    """The run that this process owns. Use as a context manager; `keep` leaves everything up at the
    end."""

    def __init__(self, *, keep: bool = False):
        if os.geteuid() != 0:
            raise LabError("network namespaces need root")
        BASE.mkdir(mode=0o755, exist_ok=True)
        self.directory = Path(tempfile.mkdtemp(prefix="run-", dir=BASE))
        os.chmod(self.directory, 0o755)
        self.prefix = self._free_prefix()
        self.keep = keep
        self.namespaces: dict[str, Namespace] = {}
        self._write_record()

    @staticmethod
    def _free_prefix() -> str:
        while True:
            prefix = f"ikl{os.urandom(2).hex()}-"
            if not _names(prefix):
                return prefix

    def _write_record(self) -> None:
        record = {
            "prefix": self.prefix,
            "pid": os.getpid(),
            "pid_start": _start_time(os.getpid()),
            "keep": self.keep,
        }
        (self.directory / "lab.json").write_text(json.dumps(record), encoding="utf-8")

    def namespace(self, label: str) -> Namespace:
        """Creates the namespace of that role."""
        space = Namespace(self.prefix + label, label)
        self.namespaces[label] = space
        space.create()
        return space

    def path(self, *parts: str) -> Path:
        """A path in the run's directory; its folder is made."""
        path = self.directory.joinpath(*parts)
        path.parent.mkdir(parents=True, exist_ok=True)
        return path

    def teardown(self) -> None:
        remove(self.directory, self.prefix)

    def __enter__(self) -> "Lab":
        return self

    def __exit__(self, kind, value, traceback) -> None:
        if not self.keep:
            # A second Ctrl-C must not end the programs that this calls.
            ends = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
            previous = {s: signal.signal(s, signal.SIG_IGN) for s in ends}
            try:
                self.teardown()
            finally:
                for number, handler in previous.items():
                    signal.signal(number, handler)
