#!/usr/bin/python3 -B
# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The ikelb authors
"""must_differ.py MUTANT SOUND OPTION...: in a world of MUTANT, a two_worlds that gets the options,
an attacker must change what a user meets with, and in the same world of SOUND he must not."""

import re
import subprocess
import sys


def differing_seed(program: str, *options: str) -> str | None:
    """Of the first world with a difference; None: nothing differs, or without the attacker too."""
    is_peaceful = False
    command = [program, *options, "--failures", "1"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as running:
        for line in running.stdout:
            print(line, end="")
            is_peaceful |= "without the attacker: nothing differs" in line
            if seed := re.match(r"seed (\d+): an attacker", line):
                running.kill()  # the few events that it takes are for people
                return seed[1] if is_peaceful else None
    return None


def main() -> int:
    mutant, sound, *options = sys.argv[1:]
    seed = differing_seed(mutant, *options)
    if seed is None:
        return 1
    same = subprocess.run([sound, *options, "--seed", seed, "--steps", "1"], check=False)
    return same.returncode


if __name__ == "__main__":
    sys.exit(main())
