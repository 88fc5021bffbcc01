# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The ikelb authors
"""`python3 -m lab`: what deploy/quickstart calls."""

from __future__ import annotations

import argparse
import sys

from . import quickstart, session
from .terminal import say


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="lab", description="the ikelb lab")
    commands = parser.add_subparsers(dest="command", required=True)
    start = commands.add_parser("quickstart", help="run the demonstration")
    start.add_argument("--keep", action="store_true", help="leave the lab up")
    start.add_argument("--break", dest="broken", choices=sorted(quickstart.BREAKS), default="")
    start.add_argument("--driver", choices=("af_packet", "af_xdp"), default="af_xdp")
    commands.add_parser("down", help="remove labs left up")
    commands.add_parser("sweep", help="remove labs whose owner died")
    return parser.parse_args()


def main() -> int:
    arguments = _arguments()
    if arguments.command == "quickstart":
        session.end_at_first_signal()
        return quickstart.run(
            quickstart.Options(
                keep=arguments.keep, broken=arguments.broken, driver=arguments.driver
            )
        )
    removed = session.sweep(kept_too=arguments.command == "down")
    if arguments.command == "down":
        say(f"removed: {' '.join(removed)}" if removed else "no lab was up")
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
