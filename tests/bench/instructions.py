#!/usr/bin/python3 -B
# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The ikelb authors
"""Counts the packet path's instructions for each packet with callgrind, and compares them with
instructions.json, which lies beside: unlike times they depend on no other load. More than the
tolerance above is an error. --write puts down what has been counted as the numbers to hold.

The numbers are of one compiler and one -march; with others there is nothing to compare (status 77).
"""

import argparse
import json
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

NUMBERS = Path(__file__).resolve().parent / "instructions.json"
TOLERANCE = 0.03
SKIPPED = 77
CASES = {
    "to_server": ["--direction", "to_server", "--stream", "esp"],
    "to_client": ["--direction", "to_client", "--stream", "esp"],
    "to_server_mixed": ["--direction", "to_server", "--stream", "mixed"],
    "to_client_mixed": ["--direction", "to_client", "--stream", "mixed"],
    "logins": ["--stream", "logins"],
    "strangers": ["--stream", "strangers"],
}


def build_of(bench_core: str) -> str:
    run = subprocess.run([bench_core, "environment"], stdout=subprocess.PIPE, check=True)
    environment = json.loads(run.stdout)["environment"]
    return f"{environment['compiler']}, -march={environment['march']}"


def count(bench_core: str, words: list[str]) -> float:
    with tempfile.TemporaryDirectory() as folder:
        run = subprocess.run(
            ["valgrind", "--tool=callgrind", f"--callgrind-out-file={folder}/out",
             "--collect-atstart=no", "--toggle-collect=*measured_bursts*",
             bench_core, "instructions", *words],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
    collected = re.search(r"Collected\s*:\s*(\d+)", run.stderr)
    if run.returncode != 0 or collected is None:
        sys.exit(f"{' '.join(words)}: callgrind has no count\n{run.stderr[-2000:]}")
    return int(collected[1]) / json.loads(run.stdout)["instructions"]["packets"]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("bench_core")
    parser.add_argument("case", nargs="*", help=f"of {', '.join(CASES)}; default: all")
    parser.add_argument("--count", action="store_true", help="print the count of a case, no more")
    parser.add_argument("--write", action="store_true", help="put the counts down")
    options = parser.parse_args()
    if shutil.which("valgrind") is None:
        print("valgrind is not installed")
        return SKIPPED
    if options.count:
        print(*(count(options.bench_core, CASES[case]) for case in options.case))
        return 0
    build = build_of(options.bench_core)
    known = json.loads(NUMBERS.read_text("utf-8")) if NUMBERS.exists() else {}
    if known.get("build") != build and not options.write:
        print(f"the numbers on file are of {known.get('build')}; this is {build}")
        return SKIPPED
    per_packet = known.get("per_packet", {}) if known.get("build") == build else {}
    above = 0
    for case in options.case or CASES:
        counted = count(options.bench_core, CASES[case])
        allowed = per_packet.get(case, 0) * (1 + TOLERANCE)
        print(f"{case}: {counted:.1f} instructions per packet, {per_packet.get(case)} on file")
        above += counted > allowed
        if options.write:
            per_packet[case] = round(counted, 1)
    if options.write:
        NUMBERS.write_text(
            json.dumps({"build": build, "per_packet": per_packet}, indent=2) + "\n", "utf-8"
        )
        return 0
    if above:
        print(f"{above} above by more than {TOLERANCE:.0%}: find out why, or run with --write")
    return 1 if above else 0


if __name__ == "__main__":
    sys.exit(main())
