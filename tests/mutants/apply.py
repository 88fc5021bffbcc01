#!/usr/bin/python3 -B
# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The ikelb authors
"""apply.py PATCH TREE OUTPUT SOURCE...: copies these sources of dataplane/ into TREE, applies the
patch to them there, and writes what became of the first one to OUTPUT, to be compiled with TREE
before the source tree. Fails where a source no longer reads as the patch expects."""

import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def main() -> int:
    patch, tree, output, *sources = map(Path, sys.argv[1:])
    shutil.rmtree(tree, ignore_errors=True)
    copies = [tree / source.resolve().relative_to(ROOT) for source in sources]
    for source, copy in zip(sources, copies):
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, copy)
    # No fuzz: what has changed beside a mutant's place is to be read again.
    done = subprocess.run(
        ["patch", "-s", "-p1", "-F0", "--no-backup-if-mismatch", "-r", "-", "-d", tree,
         "-i", patch.resolve()], check=False,
    )  # fmt: skip
    if done.returncode == 0:
        shutil.copyfile(copies[0], output)
    return done.returncode


if __name__ == "__main__":
    sys.exit(main())
