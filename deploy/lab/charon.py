# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The ikelb authors
"""One strongSwan peer in a namespace: charon-systemd with userspace ESP, driven by swanctl.

Each has its own configuration, control socket and log, so any number runs on one machine. ESP is
always in UDP 4500: kernel-libipsec has no native ESP.
"""

from __future__ import annotations

import shutil
import signal
import socket
import subprocess
from pathlib import Path

from . import vici
from .charonlog import CharonLog
from .netns import Namespace
from .shell import LabError, run, stop_process, wait_until

DAEMON = "/usr/sbin/charon-systemd"

# threads: with 8, kernel-libipsec makes swanctl hang for ever. Retransmission: a lab peer gives up
# after 0.5+0.6+0.7+0.9 s, so that a failed server is noticed in seconds. mgr = 2 prints the SPIs of
# each received message, which net and enc do not.
_PLUGINS = (
    "random nonce openssl pem pkcs1 pkcs8 x509 pubkey constraints revocation kdf hmac md5"
    " eap-identity eap-mschapv2 vici kernel-libipsec kernel-netlink socket-default counters attr"
)
_STRONGSWAN_CONF = """\
charon-systemd {{
  load = {plugins}
  threads = 16
  retransmit_timeout = 0.5
  retransmit_base = 1.2
  retransmit_tries = {tries}
  retry_initiate_interval = 1
{settings}  plugins {{
    vici {{
      socket = unix://{folder}/vici
    }}
    kernel-libipsec {{
      load = yes
    }}
  }}
  filelog {{
    peer {{
      path = {folder}/log
      default = 1
      mgr = 2
      time_format = %s
      time_add_ms = yes
      flush_line = yes
    }}
  }}
  journal {{
    default = -1
  }}
}}
swanctl {{
  load = random nonce openssl pem pkcs1 pkcs8 x509 pubkey
}}
"""


class Charon:
    """The daemon of one peer.

    `swanctl` is the text of its swanctl.conf; `credentials` maps a folder of swanctl (x509,
    x509ca, private) to a file copied there; `settings` are further ones of the daemon.
    """

    def __init__(
        self,
        space: Namespace,
        folder: Path,
        swanctl: str,
        *,
        credentials: dict[str, Path] | None = None,
        tries: int = 3,
        settings: dict[str, str] | None = None,
    ):
        self.space = space
        self.folder = folder
        self.log = CharonLog(folder / "log")
        self.process: subprocess.Popen | None = None
        self._write(swanctl, credentials or {}, tries, settings or {})

    def _write(
        self, swanctl: str, credentials: dict[str, Path], tries: int, settings: dict[str, str]
    ) -> None:
        config = self.folder / "swanctl"
        config.mkdir(parents=True, exist_ok=True)
        (self.folder / "strongswan.conf").write_text(
            _STRONGSWAN_CONF.format(
                plugins=_PLUGINS,
                folder=self.folder,
                tries=tries,
                settings="".join(f"  {name} = {value}\n" for name, value in settings.items()),
            ),
            "utf-8",
        )
        (config / "swanctl.conf").write_text(swanctl, "utf-8")
        for kind, source in credentials.items():
            (config / kind).mkdir(exist_ok=True)
            shutil.copy(source, config / kind)

    @property
    def _environment(self) -> dict[str, str]:
        return {
            "PATH": "/usr/sbin:/usr/bin:/sbin:/bin",
            "LC_ALL": "C",
            "STRONGSWAN_CONF": str(self.folder / "strongswan.conf"),
            "SWANCTL_DIR": str(self.folder / "swanctl"),
        }

    def start(self) -> None:
        """Starts the daemon without waiting; `ready` does."""
        (self.folder / "vici").unlink(missing_ok=True)
        with open(self.folder / "stderr", "ab") as errors:
            self.process = self.space.popen(
                [DAEMON], env=self._environment, stdout=errors, stderr=errors
            )

    def _answers(self) -> bool:
        if self.process is None or self.process.poll() is not None:
            raise LabError(f"charon of {self.space.label} ended: {self.folder}/log")
        with socket.socket(socket.AF_UNIX) as probe:
            try:
                probe.connect(str(self.folder / "vici"))
            except OSError:
                return False
        return True

    def ready(self, timeout: float = 20.0) -> None:
        """Waits for the control socket and loads the configuration."""
        wait_until(self._answers, timeout, f"charon of {self.space.label}")
        self._swanctl("--load-all", timeout=timeout)

    def _swanctl(
        self, *arguments: str, timeout: float = 20.0, check: bool = True
    ) -> subprocess.CompletedProcess:
        return run(
            ["swanctl", *arguments, "--uri", f"unix://{self.folder}/vici"],
            env=self._environment,
            timeout=timeout,
            check=check,
        )

    def add(self, swanctl: str) -> None:
        """One more section of swanctl.conf, loaded at once."""
        with open(self.folder / "swanctl" / "swanctl.conf", "a", encoding="utf-8") as config:
            config.write(swanctl)
        self._swanctl("--load-all")

    def initiate(self, child: str = "inside", *, timeout: float = 15.0) -> subprocess.Popen:
        """Begins to connect; the process returned ends with 0 once the tunnel is up."""
        return subprocess.Popen(
            [
                "swanctl",
                "--initiate",
                "--child",
                child,
                "--timeout",
                f"{timeout:g}",
                "--uri",
                f"unix://{self.folder}/vici",
            ],
            env=self._environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    def terminate(self, connection: str = "ikelb") -> None:
        """Deletes the SA and tells the peer."""
        self._swanctl("--terminate", "--ike", connection, "--timeout", "5", check=False)

    def rekey(self, *, ike: str = "", child: str = "", number: str = "") -> None:
        """Renews an SA now: a connection's IKE_SA, that of a unique `number`, or a CHILD_SA."""
        which = ["--ike-id", number] if number else ["--ike", ike] if ike else ["--child", child]
        self._swanctl("--rekey", *which)

    def reauthenticate(self, connection: str = "ikelb") -> None:
        """A new IKE_SA_INIT and IKE_AUTH beside the old SA, which goes afterwards."""
        self._swanctl("--rekey", "--ike", connection, "--reauth")

    def sas(self) -> list[dict]:
        """Present IKE_SAs (see vici.parse_sas); empty when the daemon is down."""
        done = self._swanctl("--list-sas", "--raw", check=False)
        return vici.parse_sas(done.stdout) if done.returncode == 0 else []

    def established(self) -> list[dict]:
        """IKE_SAs that are up and carry an installed CHILD_SA."""
        return [
            sa
            for sa in self.sas()
            if sa.get("state") == "ESTABLISHED"
            and any(child.get("state") == "INSTALLED" for child in sa.get("child-sas", {}).values())
        ]

    def kill(self) -> None:
        """Ends the daemon without a word to its peers, as a crash does."""
        if self.process is not None:
            stop_process(self.process, first=signal.SIGKILL)

    def stop(self) -> None:
        if self.process is not None:
            stop_process(self.process)
