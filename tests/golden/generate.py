#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The ikelb authors
"""Writes captures/ from cases/: in-PORT.pcap, out-PORT.pcap and counters.json of every case.
With --check it writes nothing and fails if a file is not what its description says."""

import json
import pathlib
import struct
import sys

import case as cases


def pcap(frames):
    """A classic pcap of microseconds and Ethernet, byte by byte the same on every machine."""
    out = struct.pack("<IHHiIII", 0xa1b2c3d4, 2, 4, 0, 0, 65535, 1)
    for frame in frames:
        seconds, micros = divmod(frame.micros, 1_000_000)
        out += struct.pack("<IIII", seconds, micros, len(frame.data), len(frame.data)) + frame.data
    return out


def files_of(case):
    files = {f"in-{port}.pcap": pcap(frames) for port, frames in case.arriving.items()}
    files |= {f"out-{port}.pcap": pcap(frames) for port, frames in case.leaving.items()}
    files["counters.json"] = (json.dumps(case.counts, indent=2, sort_keys=True) + "\n").encode()
    return {case.folder / name: data for name, data in files.items()}


def wanted_files():
    return {path: data for case in cases.all_cases() for path, data in files_of(case).items()}


def check():
    wanted = wanted_files()
    there = set((cases.HERE / "captures").glob("*/*"))
    wrong = [path for path, data in wanted.items()
             if path not in there or path.read_bytes() != data]
    wrong += sorted(there - set(wanted))
    for path in wrong:
        print(f"{path.relative_to(cases.HERE)}: not what cases/ says; run generate.py",
              file=sys.stderr)
    return 1 if wrong else 0


def main():
    if sys.argv[1:] == ["--check"]:
        return check()
    if sys.argv[1:]:
        print(f"usage: {pathlib.Path(sys.argv[0]).name} [--check]", file=sys.stderr)
        return 2
    for path, data in wanted_files().items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return 0


if __name__ == "__main__":
    sys.exit(main())
