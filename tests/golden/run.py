#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The ikelb authors
"""run.py IKELB_REPLAY [CASE...]: runs the golden cases and compares every frame that leaves, its
port, its time and the verdicts with captures/."""

import json
import pathlib
import subprocess
import sys
import tempfile

from scapy.layers.l2 import Ether
from scapy.utils import rdpcap

import case as cases


def frames_of(path):
    if not path.exists():
        return []
    return [(float(packet.time), bytes(packet)) for packet in rdpcap(str(path))]


def describe(frame):
    return "nothing" if frame is None else f"{frame[0] % 100:.6f} {Ether(frame[1]).command()}"


def compare_port(name, wanted, got):
    problems = []
    for number in range(max(len(wanted), len(got))):
        want = wanted[number] if number < len(wanted) else None
        have = got[number] if number < len(got) else None
        if want != have:
            problems.append(f"{name}, frame {number + 1}:\n  wanted {describe(want)}\n"
                            f"  got    {describe(have)}")
    return problems


def replay(program, case, out):
    arguments = [program, "--config", str(cases.HERE / "configs" / case.config), "--out", out,
                 "--json", *case.options]
    for port in case.arriving:
        arguments += ["--in", f"{port}={case.folder / f'in-{port}.pcap'}"]
    done = subprocess.run(arguments, capture_output=True, text=True, timeout=60, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"ikelb-replay ended with {done.returncode}: {done.stderr}")
    return json.loads(done.stdout)


def run(program, case):
    with tempfile.TemporaryDirectory() as out:
        counts = replay(program, case, out)
        problems = []
        wanted_counts = json.loads((case.folder / "counters.json").read_text(encoding="utf-8"))
        if counts != wanted_counts:
            problems.append(f"verdicts: wanted {wanted_counts}, got {counts}")
        for path in sorted(pathlib.Path(out).glob("*.pcap")):
            problems += compare_port(path.stem, frames_of(case.folder / f"out-{path.name}"),
                                     frames_of(path))
        return problems


def main():
    if len(sys.argv) < 2:
        print("usage: run.py IKELB_REPLAY [CASE...]", file=sys.stderr)
        return 2
    chosen = [case for case in cases.all_cases()
              if not sys.argv[2:] or case.name in sys.argv[2:]]
    if not chosen:
        print("no such case", file=sys.stderr)
        return 2
    failed = 0
    for case in chosen:
        problems = run(sys.argv[1], case)
        print(f"{'FAILED' if problems else 'ok':6} {case.name.replace('-', ' ')}")
        for problem in problems:
            print(problem)
        failed += bool(problems)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
