#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The ikelb authors
"""The hook lets a good commit pass and stops one with faults, in a repository made of this tree.

Both commits have a fault, or its mending, in the file alone: what is staged counts.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
GIT = {
    "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull,
    **{f"GIT_{who}_{what}": "nobody@example.net" for who in ("AUTHOR", "COMMITTER")
       for what in ("NAME", "EMAIL")},
}  # fmt: skip
# {file: text behind its own, what the hook says of it}
PLANTED = {
    "deploy/lab/ping.py": ("#\tx\n", "deploy/lab/ping.py:131: tab"),
    "notes.txt": ("mine\n", "notes.txt: does not belong into the root"),
    "dataplane/net/checksum.h": (
        '#include "config/parse.h"\n', "dataplane/net must not include config/parse.h"
    ),
    "docs/lab.md": ("\nSee `tests/netns/gone.py`.\n", "there is no tests/netns/gone.py"),
    "docs/metrics.md": ("\n    tests/run unheard-of\n", "`tests/run unheard-of` is in neither"),
    "dataplane/net/ipv6_chain.cc": ("int  x ;\n", "-int  x ;"),
}  # fmt: skip


class Clone:
    def __init__(self, folder: str):
        self.folder = Path(folder, "ikelb")
        self.environment = {k: v for k, v in os.environ.items() if not k.startswith("GIT_")} | GIT
        left_out = shutil.ignore_patterns("build*", ".git", "__pycache__")
        shutil.copytree(
            ROOT, self.folder, symlinks=True,
            ignore=lambda where, names: left_out(where, names) if where == str(ROOT)
            else {"__pycache__"} & set(names),
        )  # fmt: skip
        self.git("init", "-q")
        self.git("add", "-A")
        self.git("commit", "-qm", "all")
        command = re.search(r"(?m)^    (ln -s .*)$", (ROOT / "CONTRIBUTING.md").read_text("utf-8"))
        subprocess.run(["bash", "-c", command[1]], cwd=self.folder, check=True)

    def git(self, *words: str, check: bool = True) -> subprocess.CompletedProcess:
        return subprocess.run(
            ["git", *words], cwd=self.folder, env=self.environment, check=check,
            capture_output=True, text=True,
        )  # fmt: skip

    def append(self, name: str, text: str) -> None:
        with open(self.folder / name, "a", encoding="utf-8") as file:
            file.write(text)


def faults(clone: Clone) -> list[str]:
    clone.append("README.md", "One more line.\n")
    clone.git("add", "-A")
    clone.append("deploy/lab/ping.py", "#\tx\n")
    done = clone.git("commit", "-m", "good", check=False)
    found = [] if done.returncode == 0 else [f"a good commit is stopped: {done.stderr}"]
    clone.git("checkout", "--", ".")

    for name, (text, _) in PLANTED.items():
        clone.append(name, text)
    clone.git("add", "-A")
    mended = [name for name in PLANTED if (ROOT / name).exists()]
    clone.git("restore", "--source", "HEAD", "--worktree", *mended)
    done = clone.git("commit", "-m", "bad", check=False)
    if done.returncode == 0:
        found.append("a bad commit passes")
    found += [f"not said: {said}" for _, said in PLANTED.values() if said not in done.stderr]
    return found if not found else [*found, done.stderr]


def main() -> int:
    with tempfile.TemporaryDirectory() as folder:
        found = faults(Clone(folder))
    print("\n".join(found) or f"{len(PLANTED)} planted faults are found")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
