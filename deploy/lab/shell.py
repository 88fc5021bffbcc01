# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The ikelb authors
"""Running commands and waiting for events, always with a deadline."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from typing import Callable, Sequence, TypeVar

T = TypeVar("T")


class LabError(RuntimeError):
    """Something the lab itself needed did not work; never a verdict about ikelb."""


def run(
    argv: Sequence[str],
    *,
    stdin: str | None = None,
    timeout: float = 30.0,
    check: bool = True,
    env: dict[str, str] | None = None,
) -> subprocess.CompletedProcess[str]:
    """Runs a command to its end; raises LabError with its output when it fails and `check` is
    set."""
    full_env = {**os.environ, **env} if env else None
    try:
        done = subprocess.run(
            argv,
            input=stdin,
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
            env=full_env,
        )
    except subprocess.TimeoutExpired as error:
        raise LabError(f"{' '.join(argv)}: no end within {timeout} s") from error
    except FileNotFoundError as error:
        raise LabError(f"{argv[0]}: not installed") from error
    if check and done.returncode != 0:
        raise LabError(
            f"{' '.join(argv)}: exit {done.returncode}\n{done.stdout}{done.stderr}{stdin or ''}"
        )
    return done


def wait_until(
    condition: Callable[[], T], timeout: float, what: str, *, interval: float = 0.02
) -> T:
    """Polls `condition` until it is truthy and returns its value; LabError names `what` at the
    deadline."""
    deadline = time.monotonic() + timeout
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() >= deadline:
            raise LabError(f"waited {timeout:g} s for {what}")
        time.sleep(interval)


def holds_for(condition: Callable[[], bool], seconds: float, *, interval: float = 0.05) -> bool:
    """True when `condition` stays true for `seconds`; ends at its first false."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if not condition():
            return False
        time.sleep(interval)
    return True


def stop_process(
    process: subprocess.Popen, *, first: int = signal.SIGTERM, grace: float = 5.0
) -> int:
    """Ends a process of ours: `first`, then SIGKILL after `grace` seconds. Returns its exit
    status."""
    if process.poll() is None:
        process.send_signal(first)
        try:
            process.wait(grace)
        except subprocess.TimeoutExpired:
            process.kill()
    return process.wait()
