# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The ikelb authors
"""What of a build directory a suite needs, as Meson knows it."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path


def _introspect(folder: Path, what: str) -> list[dict]:
    done = subprocess.run(
        ["meson", "introspect", what, str(folder)], capture_output=True, text=True, check=True
    )
    return json.loads(done.stdout)


def _files(folder: Path, target: dict) -> list[str]:
    """As Ninja names them."""
    return [str(Path(name).relative_to(folder)) for name in target["filename"]]


def of_suites(folder: Path, suites: set[str]) -> list[str]:
    """The programs that the tests of these Meson suites run."""
    ids = {
        wanted
        for test in _introspect(folder, "--tests")
        if {name.partition(":")[2] for name in test["suite"]} & suites
        for wanted in test["depends"]
    }
    return sorted(
        name
        for target in _introspect(folder, "--targets")
        if target["id"] in ids
        for name in _files(folder, target)
    )


def made_in(folder: Path, part: str) -> list[str]:
    """The programs of a folder of the source tree."""
    return sorted(
        name
        for target in _introspect(folder, "--targets")
        if target["type"] == "executable" and Path(target["defined_in"]).parent.match(part)
        for name in _files(folder, target)
    )
