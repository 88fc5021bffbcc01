# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The ikelb authors
"""What was installed into an empty root, started by its unit's ExecStart.

It runs README's configuration with the unit's capabilities, in namespaces of its own where the
empty root's /usr/local and /etc/ikelb are the system's. The NICs are veth interfaces there.
"""

from __future__ import annotations

import re
import shutil
import socket
import subprocess
import sys
from pathlib import Path

from documents import ROOT

sys.path.insert(0, str(ROOT / "tests/lint"))
import service_unit  # noqa: E402

NICS = {"0000:03:00.0": "wan0", "0000:04:00.0": "lan0"}


def least_configuration() -> str:
    """README's, as it stands there."""
    return re.search(r"(?ms)^```yaml\n(.*?)^```", (ROOT / "README.md").read_text("utf-8"))[1]


def on_veth(text: str) -> str:
    for number, (address, interface) in enumerate(NICS.items()):
        text = text.replace(address, f'"net_af_packet{number},iface={interface}"')
    return text


class Installed:
    """Running from `with` on. `root` is what DESTDIR was, `folder` a place for files."""

    def __init__(self, root: Path, folder: Path, environment: dict[str, str]):
        self.root = root
        self.folder = folder
        self.environment = environment
        self.unit = root / "usr/local/lib/systemd/system/ikelbd.service"
        self.daemon: subprocess.Popen | None = None

    def __enter__(self) -> Installed:
        start = re.search(r"(?m)^ExecStart=(.*)$", self.unit.read_text("utf-8"))[1].split()
        settings = self.folder / "etc"
        shutil.copytree("/etc", settings, symlinks=True, dirs_exist_ok=True)
        (settings / "ikelb").mkdir(exist_ok=True)
        (settings / "ikelb/ikelb.yaml").write_text(on_veth(least_configuration()), "utf-8")
        setup = (
            f"mount --bind {self.root}/usr/local /usr/local; mount --bind {settings} /etc;"
            " mount -t tmpfs tmpfs /run; mount -t tmpfs tmpfs /var/lib;"
            " mkdir /run/ikelb /var/lib/ikelb;"
            + service_unit.VETH.format("wan0", "wan1")
            + service_unit.VETH.format("lan0", "lan1")
        )
        allowed = service_unit.capabilities(self.unit)
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notify:
            notify.bind(str(self.folder / "notify"))
            self.daemon = subprocess.Popen(
                service_unit.confined(allowed, start, setup),
                env={
                    **self.environment,
                    "NOTIFY_SOCKET": str(self.folder / "notify"),
                    "RUNTIME_DIRECTORY": "/run/ikelb",
                    "STATE_DIRECTORY": "/var/lib/ikelb",
                },
                stdin=subprocess.DEVNULL,
                stdout=open(self.folder / "ikelbd.log", "wb"),
                stderr=subprocess.STDOUT,
            )
            if not service_unit.wait_for(notify, b"READY=1", self.daemon):
                self.__exit__()
                raise RuntimeError(f"{' '.join(start)} does not get ready:\n{self.log()}")
        return self

    def __exit__(self, *_) -> None:
        self.daemon.terminate()
        try:
            self.daemon.wait(20)
        except subprocess.TimeoutExpired:
            self.daemon.kill()
            self.daemon.wait()

    def log(self) -> str:
        return (self.folder / "ikelbd.log").read_text("utf-8", "replace")

    def beside(self, command: str) -> list[str]:
        """The command where the daemon runs."""
        return ["nsenter", f"--target={self.daemon.pid}", "--mount", "--net", "sh", "-c", command]
