#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The ikelb authors
"""Runs the commands of README, CONTRIBUTING and docs in a clean copy of the tree, in their order
below.

A command that a document tells is in one of the two tables here, RUN or NOT_RUN; what is in a table
is in a document. `run.py --tables` compares no more than that.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parent))

from documents import ROOT, commands  # noqa: E402
from installed import Installed, least_configuration  # noqa: E402

HEARTBEAT = 15.0
# A newcomer's. The proxy is the machine's; where ccache keeps its files changes no result.
KEPT = ("http_proxy", "https_proxy", "no_proxy", "CCACHE_DIR", "CCACHE_BASEDIR", "CCACHE_NOHASHDIR")
ENVIRONMENT = {
    "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    "HOME": "/root",
    "LANG": "C.UTF-8",
    "TERM": "dumb",
    **{name: os.environ[name] for name in KEPT if name in os.environ},
}


@dataclass(frozen=True)
class Typed:
    """How a command is run, and what shows that it did what the document says of it."""

    text: str = ""  # found in the output
    status: int = 0
    command: str = ""  # with what the reader has to fill in; else as in the document
    limit: float = 180.0
    beside: bool = False  # where the installed daemon runs
    each: str = ""  # for each file of this pattern, as FILE


def broken(fault: str, text: str) -> Typed:
    return Typed(f"(?m)^FAIL.*{text}", 1, f"deploy/quickstart --break={fault}")


EXAMPLES = "config/examples/*.yaml"

RUN = {
    # README, For real: the one build of this copy. DESTDIR is an empty root.
    "meson setup build && ninja -C build && meson install -C build": Typed(
        "Installing .*ikelbd.service", limit=1500.0
    ),
    "meson setup build": Typed("already configured"),
    "ninja -C build": Typed("no work to do"),
    "ninja -C build scenarios": Typed("no work to do"),
    "ikelbd --config FILE --check": Typed(each=EXAMPLES),
    "ikelbd --check": Typed(command="ikelbd --check --config FILE", each=EXAMPLES),
    "ikelbctl check FILE": Typed(each=EXAMPLES),
    "ikelb-replay --config FILE --in wan=CAPTURE --out FOLDER": Typed(
        "to_server",
        command="ikelb-replay --config config/examples/two-armed.yaml --out build/replayed"
        " --in wan=tests/golden/captures/a-login-and-its-esp-stay-on-one-server/in-wan.pcap",
    ),
    # The daemon is started by its unit's ExecStart: `ikelbd --config FILE`.
    "ikelbd --config FILE": Typed(
        "ikelbd --config /etc/ikelb/ikelb.yaml",
        command="tr '\\0' ' ' </proc/$DAEMON/cmdline",
        beside=True,
    ),
    "ikelbctl status": Typed("aovpn", beside=True),
    "ikelbctl backends": Typed("rras2", beside=True),
    "ikelbctl drops": Typed(beside=True),
    "ikelbctl sessions": Typed(beside=True),
    "ikelbctl explain": Typed("rras", command="ikelbctl explain --client 192.0.2.7", beside=True),
    "ikelbctl explain timeouts.flow": Typed("Live tunnels: "),
    "ikelbctl drain rras1 --mode refuse": Typed(beside=True),
    "ikelbctl diff": Typed("no changes", beside=True),
    "ikelbctl reload": Typed(beside=True),
    "ip address": Typed("198.51.100.1/24", beside=True),
    "ip route": Typed("default via 198.51.100.254 dev ext", beside=True),
    "ip link": Typed(": int:", beside=True),
    # The lab.
    "deploy/quickstart": Typed("(?m)^PASS: 6 clients, every source"),
    "deploy/quickstart --keep": Typed("(?m)^PASS: 6 clients, every source"),
    "deploy/quickstart --down": Typed("removed: ikl"),
    "--break=stopped": broken("stopped", "no server saw one of them"),
    "--break=gateway": broken("gateway", "no answer from the VIP came back"),
    "--break=dnat": broken("dnat", "no server saw one of them"),
    "--break=snat": broken("snat", "saw 198.51.100.254:"),
    "--driver=af_packet": Typed("(?m)^PASS", command="deploy/quickstart --driver=af_packet"),
    "tests/netns/run.py --list": Typed("(?m)^source_preserved"),
    "tests/netns/run.py drain --hold": Typed(
        "The lab is up until Enter", command="echo | tests/netns/run.py drain --hold"
    ),
    "tests/netns/run.py drain vlan": Typed("2 passed, 0 failed"),
    "tests/netns/run.py e14_mobike": Typed("1 passed, 0 failed"),
    "tests/netns/run.py transit_radius": Typed("1 passed, 0 failed"),
    "tests/netns/run.py --driver af_packet transit_radius": Typed("1 failed", status=1),
    # Tests.
    "tests/run --list": Typed("(?m)^front_door"),
    "ninja -C build tests/unit/unit_pipeline && build/tests/unit/unit_pipeline"
    " --gtest_filter='Steer*'": Typed("PASSED"),
    "meson test -C build config": Typed("Ok: +[1-9]"),
    "meson test -C build 'no_tag, pipeline'": Typed("Ok: +1\\b", limit=300.0),
    "tests/golden/run.py build/controlplane/replay/ikelb-replay"
    " a-tag-is-put-on-and-taken-off": Typed("ok +a tag is put on"),
    "build/tests/oracle/oracle_driver --seed 7 --steps 2500": Typed(),
    "build/tests/village/village --gtest_filter='*Ikelb*/e14*'": Typed("PASSED"),
    "build/tests/village/two_worlds --only keepalive --steps 50000": Typed(),
    "build/tests/village/two_worlds --help": Typed(r"\binits_in_name\b"),
    "tests/village/model/run.py --seeds 4": Typed("scenarios, 0 fail"),
    "tests/bench/ikelb-bench --only environment": Typed(),
    "tests/lint/lint.py includes": Typed(),
    "tests/lint/lint.py all": Typed(),
    "tests/lint/lint.py rule_docs --write": Typed(),
    "tests/lint/mutant_docs.py --write": Typed(),
    "tests/lint/lint.py verdict_docs --write": Typed(),
    "tests/lint/config_docs.sh build/config/config_doc --write": Typed(),
    "build/controlplane/daemon/metrics-document > docs/metrics.md": Typed(),
    "build/controlplane/ctl/ikelbctl-document > docs/ikelbctl.md": Typed(),
}

_NIC = "needs a NIC, or its driver"
_SYSTEMD = "needs a booted systemd; the unit's ExecStart is run instead, its start is a lint test"
_ITSELF = "this suite is part of it"
_SCENARIOS = "the suite namespaces is that"
_MEASURES = "measures for minutes; the suite bench runs every part of ikelb-bench, quickly"
_INSTRUCTIONS = "the suite instructions runs it"

NOT_RUN = {
    "echo 512 > /proc/sys/vm/nr_hugepages": "takes memory from the whole machine; the scenario"
    " huge_pages does so where there is enough",
    "modprobe vfio-pci; dpdk-devbind.py -b vfio-pci 0000:03:00.0": _NIC,
    "systemctl daemon-reload": _SYSTEMD,
    "systemctl enable --now ikelbd": _SYSTEMD,
    "systemctl reload ikelbd": _SYSTEMD,
    "systemctl service-watchdogs no": _SYSTEMD,
    "ikelbd --back-off": "part of the unit's ExecStart, which is run; its pauses are a lint test",
    "tests/run": _ITSELF,
    "tests/run unit lint": _ITSELF,
    "meson test -C build --suite lint": "the suite lint is that",
    "ln -s ../../tests/lint/pre-commit .git/hooks/pre-commit": "the copy is no repository; a lint"
    " test makes one and types it there",
    "tests/run --long": _ITSELF,
    "tests/run build-clang": _ITSELF,
    "tests/netns/run.py": _SCENARIOS,
    "tests/netns/run.py --jobs 3": _SCENARIOS,
    "tests/netns/run.py --driver af_packet": "tests/run --long does",
    "tests/netns/run.py --balancer kernel": "says something about Linux, not about ikelb",
    "tests/netns/run.py --one-server events_moves events_again events_asked events_labels "
    "events_shared": "measures what moves cost at a single server; the events are in `namespaces`",
    "tests/lint/event_docs.py --write build": "needs the results of all events",
    "tests/bench/ikelb-bench": _MEASURES,
    "tests/bench/ikelb-bench --json": _MEASURES,
    "meson test -C build --benchmark": _MEASURES,
    **{
        f"tests/bench/ikelb-bench --only {part}": _MEASURES
        for part in "pipeline lines peers replies setup flood instructions memory scaling veth"
        " idle".split()
    },
    "tests/bench/instructions.py build/tests/bench/bench_core --write": _INSTRUCTIONS,
    "tests/fuzz/run.py pipeline": "needs the instrumented build; the suite fuzz runs it",
    "tests/fuzz/run.py --long --hours 8": "tests/run --long does, for an hour each",
}


def table_faults() -> list[str]:
    told = commands()
    return (
        [
            f"`{command}` is in neither table of {Path(__file__).name}: {', '.join(where)}"
            for command, where in told.items()
            if command not in RUN and command not in NOT_RUN
        ]
        + [f"`{one}` is in no document any more" for one in [*RUN, *NOT_RUN] if one not in told]
        + [f"`{one}` is in both tables" for one in RUN if one in NOT_RUN]
    )


def namespaces_of(output: str) -> list[str]:
    """Those that still exist of the lab that printed `output`."""
    prefixes = tuple(re.findall(r"namespaces (ikl[0-9a-f]{4}-)", output))
    there = Path("/run/netns")
    names = (path.name for path in there.iterdir()) if prefixes and there.exists() else ()
    return sorted(name for name in names if name.startswith(prefixes))


class Door:
    """The copy, and the empty root that it is installed into."""

    def __init__(self, folder: Path):
        self.folder = folder
        self.copy = folder / "ikelb"
        self.root = folder / "root"
        self.installed: Installed | None = None
        self.refusal: RuntimeError | None = None

    def make(self) -> None:
        left_out = shutil.ignore_patterns("__pycache__", ".git")
        shutil.copytree(
            ROOT,
            self.copy,
            symlinks=True,
            ignore=lambda folder, names: left_out(folder, names)
            | ({n for n in names if n.startswith("build")} if folder == str(ROOT) else set()),
        )

    def words(self, command: str, typed: Typed) -> list[str]:
        if typed.beside:
            return self.service().beside(command)
        return ["bash", "-c", command]

    def service(self) -> Installed:
        """Started once: what does not get ready the first time does not the next."""
        if self.refusal:
            raise self.refusal
        if self.installed is None:
            service = Installed(self.root, self.folder, ENVIRONMENT)
            try:
                self.installed = service.__enter__()
            except RuntimeError:
                self.refusal = RuntimeError("the installed daemon does not run")
                raise
        return self.installed

    def execute(self, command: str, typed: Typed) -> str:
        """What is wrong with it, or nothing."""
        words = self.words(command, typed)
        environment = dict(ENVIRONMENT)
        environment["PATH"] += f":{self.root}/usr/local/sbin:{self.root}/usr/local/bin"
        if "install" in command:
            environment["DESTDIR"] = str(self.root)
        if self.installed:
            environment["DAEMON"] = str(self.installed.daemon.pid)
        log = self.folder / "output.log"
        begun = shown = time.monotonic()
        with open(log, "wb") as output:
            child = subprocess.Popen(
                words, cwd=self.copy, env=environment, stdin=subprocess.DEVNULL, stdout=output,
                stderr=subprocess.STDOUT, start_new_session=True,
            )  # fmt: skip
            try:
                while child.poll() is None and time.monotonic() - begun < typed.limit:
                    try:
                        child.wait(0.2)
                    except subprocess.TimeoutExpired:
                        pass
                    if time.monotonic() - shown >= HEARTBEAT:
                        shown = time.monotonic()
                        print(f"  ... {shown - begun:.0f} s {command}", flush=True)
            finally:
                is_late = child.poll() is None
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(child.pid, signal.SIGTERM)
                status = child.wait(60)
        text = log.read_text("utf-8", "replace")
        if is_late:
            return f"no end within {typed.limit:.0f} s\n{text[-6000:]}"
        if status != typed.status:
            return f"status {status}, not {typed.status}\n{text[-6000:]}"
        if not re.search(typed.text, text):
            return f"nothing like {typed.text!r} in its output\n{text[-6000:]}"
        if (left := namespaces_of(text)) and "--keep" not in command:
            return f"leaves {' '.join(left)}"
        return "colours, although its output is no terminal" if "\033" in text else ""

    def run(self, command: str, typed: Typed) -> str:
        command = typed.command or command
        if not typed.each:
            return self.execute(command, typed)
        own = self.folder / "README.yaml"
        own.write_text(least_configuration(), "utf-8")
        files = [own, *sorted(self.copy.glob(typed.each))]
        for file in files:
            if fault := self.execute(command.replace("FILE", str(file)), typed):
                return f"{file.name}: {fault}"
        return ""

    def close(self) -> None:
        if self.installed:
            self.installed.__exit__()
        shutil.rmtree(self.folder, ignore_errors=True)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tables", action="store_true", help="compare tables and documents only")
    parser.add_argument("--json", metavar="FILE", help="write the counts of cases there")
    options = parser.parse_args()
    # A shell starts background jobs with SIGINT ignored.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    faults = table_faults()
    for fault in faults:
        print(fault)
    if options.tables:
        return 1 if faults else 0
    print("not run:")
    for command, reason in NOT_RUN.items():
        print(f"  {command}\n      {reason}", flush=True)
    passed, failed = (0, 1) if faults else (1, 0)
    door = Door(Path(tempfile.mkdtemp(prefix="ikelb-front-door.", dir="/var/tmp")))
    try:
        door.make()
        for command, typed in RUN.items():
            begun = time.monotonic()
            try:
                fault = door.run(command, typed)
            except (OSError, RuntimeError, subprocess.SubprocessError) as error:
                fault = f"{type(error).__name__}: {error}"
            word = "failed" if fault else "passed"
            print(f"{word} {command} ({time.monotonic() - begun:.0f} s) {fault}", flush=True)
            passed, failed = passed + (not fault), failed + bool(fault)
    finally:
        door.close()
    if options.json:
        counts = {"passed": passed, "failed": failed, "skipped": 0}
        Path(options.json).write_text(json.dumps(counts), "utf-8")
    print(f"{passed} passed, {failed} failed, 0 skipped")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
