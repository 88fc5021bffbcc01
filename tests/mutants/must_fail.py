#!/usr/bin/python3 -B
# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The ikelb authors
"""must_fail.py MUTANT SOUND TEST...: each test, by itself, must fail in the program MUTANT and pass
in the program SOUND; a name that no test has is neither."""

import subprocess
import sys


def outcome(program: str, test: str) -> str:
    run = subprocess.run(
        [program, f"--gtest_filter={test}"], capture_output=True, text=True, check=False
    )
    if "[==========] Running 1 test" not in run.stdout:
        return "absent"
    return "passed" if run.returncode == 0 else "failed"


def main() -> int:
    mutant, sound, *tests = sys.argv[1:]
    wrong = 0
    for test in tests:
        found = (outcome(mutant, test), outcome(sound, test))
        print(f"{test}: {found[0]} in the mutant, {found[1]} in the product")
        wrong += found != ("failed", "passed")
    return 1 if wrong or not tests else 0


if __name__ == "__main__":
    sys.exit(main())
