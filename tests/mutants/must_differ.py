#!/usr/bin/python3 -B
# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The ikelb authors
"""must_differ.py MUTANT SOUND OPTION...: in a world of MUTANT, a two_worlds that gets the options,
an attacker must change what a user meets with, and in the same world of SOUND he must not."""

import re
import subprocess
import sys


def run(program: str, *options: str) -> subprocess.CompletedProcess:
    command = [program, *options, "--failures", "1"]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def main() -> int:
    mutant, sound, *options = sys.argv[1:]
    found = run(mutant, *options)
    print(found.stdout)
    seed = re.search(r"^seed (\d+): an attacker", found.stdout, re.M)
    # The last line comes only if all is well in the worlds without the attacker.
    if seed is None or ", 1 worlds with a difference" not in found.stdout:
        return 1
    same = run(sound, *options, "--seed", seed[1], "--steps", "1")
    print(same.stdout)
    return same.returncode


if __name__ == "__main__":
    sys.exit(main())
