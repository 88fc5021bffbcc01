#!/usr/bin/python3 -B
# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The ikelb authors
"""same_packet_path.py IKELBD BENCH_CORE: what is measured is what is shipped. Both programs say the
hash of the packet path's machine code that they were linked with."""

import json
import re
import subprocess
import sys


def output(*command: str) -> str:
    return subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout


def main() -> int:
    ikelbd, bench_core = sys.argv[1:]
    version = output(ikelbd, "--version")
    shipped = re.search(r"packet path ([0-9a-f]{16})", version)
    measured = json.loads(output(bench_core, "environment"))["environment"]["packet_path"]
    print(f"{version.strip()}\nbench_core: packet path {measured}")
    return 0 if shipped is not None and shipped[1] == measured else 1


if __name__ == "__main__":
    sys.exit(main())
