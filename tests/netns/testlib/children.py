# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The ikelb authors
"""Runs each scenario in a process of its own, several at a time, each with a time limit."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from lab import session

TIME_LIMIT = 180.0  # seconds for one scenario with its twins; a slow machine needs a fraction of it


def single(name: str, outcome: dict, begun: float) -> list[dict]:
    """What came of a file: of its scenario, or of each of its tests."""
    if "tests" in outcome:
        return [{"file": name, **test} for test in outcome["tests"]]
    seconds = round(time.monotonic() - begun, 1)
    return [{"name": name, "file": name, "seconds": seconds, **outcome}]


class Child:
    """The process of one scenario, or of the tests of a file."""

    def __init__(self, name: str, command: list[str], logs: Path):
        self.name = name
        self.begun = time.monotonic()
        self.ending = 0.0
        self.log = logs / f"{name}.log"
        self.result = tempfile.NamedTemporaryFile("r", suffix=".json")
        with open(self.log, "wb") as output:
            self.process = subprocess.Popen(
                [*command, "--child", self.result.name],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
            )

    def is_running(self) -> bool:
        """Also sees to the time limit."""
        if self.process.poll() is not None:
            return False
        now = time.monotonic()
        if not self.ending and now > self.begun + TIME_LIMIT:
            self.ending = now
            self.process.terminate()
        if self.ending and now > self.ending + 20:
            self.process.kill()
        return True

    def outcomes(self) -> list[dict]:
        """Of a process that has ended: the scenario's, or one for each test of the file."""
        text = self.result.read()
        self.result.close()
        outcome = json.loads(text) if text else self._lost()
        if outcome["result"] != "failed":
            self.log.unlink()
        return single(self.name, outcome, self.begun)

    def _lost(self) -> dict:
        detail = (
            f"no end within {TIME_LIMIT:g} s"
            if self.ending
            else f"died with status {self.process.returncode}"
        )
        return {"result": "failed", "notes": [], "detail": detail}


def run_all(commands: dict[str, list[str]], jobs: int, logs: Path) -> Iterator[dict]:
    """The outcomes of {name: command}, as they come; at most `jobs` processes at a time."""
    waiting = list(commands)
    running: list[Child] = []
    try:
        while waiting or running:
            while waiting and len(running) < jobs:
                name = waiting.pop(0)
                running.append(Child(name, [sys.executable, *commands[name]], logs))
            ended = [child for child in running if not child.is_running()]
            if not ended:
                time.sleep(0.1)
            for child in ended:
                running.remove(child)
                session.sweep()
                yield from child.outcomes()
    finally:
        for child in running:
            child.process.terminate()
        for child in running:
            child.process.wait()
