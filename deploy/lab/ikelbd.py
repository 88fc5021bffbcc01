# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The ikelb authors
"""ikelbd in the balancer's namespace, and ikelbctl as its client."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import time
from pathlib import Path

import yaml

from .netns import Namespace
from .session import Lab
from .shell import LabError, run, stop_process, wait_until

REPOSITORY = Path(__file__).resolve().parents[2]


def build_directory() -> Path:
    """Where the programs are: $IKELB_BUILD, else build/ of the repository."""
    return Path(os.environ.get("IKELB_BUILD") or REPOSITORY / "build").resolve()


class Ikelbd:
    """One ikelbd. `config` is the YAML as Python values; it may be changed before `write_config` +
    `reload`."""

    def __init__(self, lab: Lab, space: Namespace, config: dict, *, name: str = "ikelbd"):
        self.space = space
        self.folder = lab.path(name, "x").parent
        self.config = {
            **config,
            "admin": {"socket": str(self.folder / "admin.sock")},
            "metrics": {"listen": "127.0.0.1:9465", **config.get("metrics", {})},
            **({"log": {"level": "info"}}),
        }
        self.config_file = self.folder / "ikelb.yaml"
        self.log_file = self.folder / "log"
        self.process: subprocess.Popen | None = None
        self.started_in = 0.0
        self.environment: dict[str, str] = {}
        self.write_config()

    @property
    def program(self) -> Path:
        return build_directory() / "controlplane" / "ikelbd"

    @property
    def control_program(self) -> Path:
        return build_directory() / "controlplane" / "ctl" / "ikelbctl"

    def write_config(self) -> None:
        self.config_file.write_text(yaml.safe_dump(self.config, sort_keys=False), "utf-8")

    def start(self, *, timeout: float = 60.0) -> None:
        """Starts the daemon and waits for its READY=1."""
        if not self.program.exists():
            raise LabError(f"{self.program} is not built")
        # The kernel's default for new devices: ikelbd's twins have to see to it that they serve at
        # once.
        self.space.sysctl({"net/ipv6/conf/default/accept_dad": 1})
        begun = time.monotonic()
        path = self.folder / "notify"
        path.unlink(missing_ok=True)
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notify, open(
            self.log_file, "ab"
        ) as log:
            notify.bind(str(path))
            notify.setblocking(False)
            self.process = self.space.popen(
                [str(self.program), "--config", str(self.config_file)],
                stdout=log,
                stderr=log,
                cwd=self.folder,
                env={
                    **os.environ,
                    **self.environment,
                    "NOTIFY_SOCKET": str(path),
                    "STATE_DIRECTORY": str(self.folder),
                    "RUNTIME_DIRECTORY": str(self.folder),
                },
            )
            wait_until(lambda: self._is_ready(notify), timeout, "READY=1 from ikelbd")
        self.started_in = time.monotonic() - begun

    def _is_ready(self, notify: socket.socket) -> bool:
        while True:
            try:
                if b"READY=1" in notify.recv(4096).splitlines():
                    return True
            except BlockingIOError:
                break
        if self.process.poll() is not None:
            raise LabError(
                f"ikelbd ended with {self.process.returncode} before READY=1:\n{self.log_tail()}"
            )
        return False

    def log(self) -> str:
        return self.log_file.read_text("utf-8", "replace") if self.log_file.exists() else ""

    def log_tail(self, lines: int = 15) -> str:
        return "\n".join(self.log().splitlines()[-lines:])

    def is_running(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def stop(self) -> int:
        """SIGTERM, as the service manager does; the exit status."""
        return stop_process(self.process, grace=15) if self.process else 0

    def kill(self) -> None:
        """SIGKILL: a crash."""
        stop_process(self.process, first=signal.SIGKILL)

    def hang_up(self) -> None:
        """SIGHUP: reload."""
        self.process.send_signal(signal.SIGHUP)

    # --- ikelbctl ---------------------------------------------------------------------------------

    def control(self, *arguments: str, check: bool = True) -> subprocess.CompletedProcess:
        return run(
            [str(self.control_program), "--socket", self.config["admin"]["socket"], *arguments],
            check=check,
            timeout=15,
        )

    def query(self, *arguments: str) -> dict:
        return json.loads(self.control("--json", *arguments).stdout)

    def drops(self) -> dict[str, int]:
        """Dropped packets by reason."""
        return {entry["reason"]: entry["packets"] for entry in self.query("drops")["drops"]}

    def backends(self) -> dict[str, dict]:
        return {entry["name"]: entry for entry in self.query("backends")["backends"]}

    def wait_state(self, backend: str, state: str, timeout: float = 20.0) -> None:
        """Waits until the health check calls the backend `up` or `down`."""
        wait_until(
            lambda: self.backends().get(backend, {}).get("state") == state,
            timeout,
            f"backend {backend} to be {state}",
            interval=0.05,
        )

    def metrics(self) -> str:
        """The metrics page, fetched inside the balancer's namespace."""
        host, _, port = self.config["metrics"]["listen"].rpartition(":")
        with self.space.inside():
            connection = socket.create_connection((host.strip("[]"), int(port)), timeout=5)
        with connection:
            connection.sendall(b"GET /metrics HTTP/1.0\r\nHost: lab\r\n\r\n")
            reply = b""
            while part := connection.recv(65536):
                reply += part
        head, _, body = reply.partition(b"\r\n\r\n")
        if b" 200 " not in head.splitlines()[0]:
            raise LabError(f"metrics: {head.splitlines()[0]!r}")
        return body.decode()
