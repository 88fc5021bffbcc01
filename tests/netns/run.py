#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The ikelb authors
"""Runs the network-namespace scenarios, each in a process of its own. Needs root.

A scenario is a file here with a function `run(case)`. Its TWINS, {fault: text}, name falsification
twins: the same function with `case.broken` set must fail, and its message must contain the text.
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import traceback
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.dont_write_bytecode = True
sys.path[:0] = [str(HERE), str(HERE.parents[1] / "deploy")]

from lab import session  # noqa: E402
from lab.session import Lab  # noqa: E402
from testlib.case import Case, CheckFailed  # noqa: E402

TIME_LIMIT = 180.0  # seconds for one scenario with its twins; a slow machine needs a fraction of it


def scenario_names() -> list[str]:
    return sorted(path.stem for path in HERE.glob("*.py") if path.name != "run.py")


# --- in the scenario's process --------------------------------------------------------------------


def _attempt(module, options: argparse.Namespace, broken: str, notes: list[str]) -> str:
    """Runs once; the text of what failed, or an empty one. Logs of a run that ends wrong are
    kept."""
    with Lab() as lab:
        case = Case(lab, balancer=options.balancer, driver=options.driver, broken=broken)
        try:
            module.run(case)
            failure = ""
        except CheckFailed as error:
            failure = str(error)
        except BaseException:
            _keep_logs(lab, options, module.__name__, broken)
            raise
        if bool(failure) != bool(broken):
            _keep_logs(lab, options, module.__name__, broken)
        if not broken:
            notes += case.notes
        return failure


def _keep_logs(lab: Lab, options: argparse.Namespace, name: str, broken: str) -> None:
    target = Path(options.logs) / (f"{name}-{broken}" if broken else name)
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(
        lab.directory,
        target,
        ignore=lambda folder, names: [
            n for n in names if not (Path(folder, n).is_file() or Path(folder, n).is_dir())
        ],
    )


def run_here(name: str, options: argparse.Namespace) -> dict:
    """The scenario and its twins, in this process."""
    module = importlib.import_module(name)
    if options.balancer == "kernel" and not getattr(module, "FOR_CONTROL", False):
        return {"result": "skipped", "detail": "needs ikelbd", "notes": []}
    notes: list[str] = []
    try:
        if failure := _attempt(module, options, "", notes):
            return {"result": "failed", "detail": failure, "notes": notes}
        for broken, text in getattr(module, "TWINS", {}).items():
            failure = _attempt(module, options, broken, notes)
            if not failure:
                return {
                    "result": "failed",
                    "detail": f"twin {broken}: passes although broken",
                    "notes": notes,
                }
            if text not in failure:
                return {
                    "result": "failed",
                    "notes": notes,
                    "detail": f"twin {broken}: fails for another reason: {failure}",
                }
        twins = list(getattr(module, "TWINS", {}))
        if twins:
            notes.append(f"red when broken: {', '.join(twins)}")
        return {"result": "passed", "detail": "", "notes": notes}
    except Exception as error:  # the lab's own trouble is a failure too, told apart by its text
        traceback.print_exc()
        return {"result": "failed", "detail": f"{type(error).__name__}: {error}", "notes": notes}


# --- in the runner --------------------------------------------------------------------------------


def run_scenario(name: str, options: argparse.Namespace) -> dict:
    """The scenario in a child process, with a time limit."""
    begun = time.monotonic()
    log = Path(options.logs) / f"{name}.log"
    with tempfile.NamedTemporaryFile("r", suffix=".json") as result, open(log, "wb") as output:
        child = subprocess.Popen(
            [
                sys.executable,
                str(Path(__file__).resolve()),
                "--child",
                result.name,
                "--balancer",
                options.balancer,
                "--driver",
                options.driver,
                "--logs",
                options.logs,
                name,
            ],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
        )
        try:
            child.wait(TIME_LIMIT)
        except subprocess.TimeoutExpired:
            child.terminate()
            try:
                child.wait(20)
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()
        except BaseException:
            child.terminate()
            child.wait()
            raise
        text = result.read()
    session.sweep()
    seconds = time.monotonic() - begun
    outcome = (
        json.loads(text)
        if text
        else {
            "result": "failed",
            "notes": [],
            "detail": (
                f"no end within {TIME_LIMIT:g} s"
                if seconds >= TIME_LIMIT
                else f"died with status {child.returncode}"
            ),
        }
    )
    if outcome["result"] != "failed":
        log.unlink()
    return {"name": name, "seconds": round(seconds, 1), **outcome}


def show(outcome: dict, logs: str) -> None:
    word = {"passed": "PASS", "failed": "FAIL", "skipped": "SKIP"}[outcome["result"]]
    print(
        f"{word} {outcome['name']:<24} {outcome['seconds']:6.1f} s  {'; '.join(outcome['notes'])}",
        flush=True,
    )
    if outcome["detail"]:
        detail = outcome["detail"].strip().replace("\n", "\n       ")
        print(
            f"     {detail}"
            + (f"\n     logs: {logs}/{outcome['name']}*" if word == "FAIL" else ""),
            flush=True,
        )


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="runs the network-namespace scenarios")
    parser.add_argument("scenario", nargs="*", help="names; default: all")
    parser.add_argument(
        "--list", action="store_true", help="print each scenario's name and purpose"
    )
    parser.add_argument(
        "--balancer",
        choices=("ikelbd", "kernel"),
        default="ikelbd",
        help="kernel: the control, nftables instead of ikelbd",
    )
    parser.add_argument("--driver", choices=("af_packet", "af_xdp"), default="af_xdp")
    parser.add_argument("--json", metavar="FILE", help="write the results there too")
    parser.add_argument(
        "--logs", default="/run/ikelb-lab/failed", metavar="DIR", help="logs of failing scenarios"
    )
    parser.add_argument("--child", metavar="FILE", help=argparse.SUPPRESS)
    options = parser.parse_args()
    unknown = sorted(set(options.scenario) - set(scenario_names()))
    if unknown:
        parser.error(f"no such scenario: {', '.join(unknown)}; --list shows them")
    return options


def main() -> int:
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    options = parse_arguments()
    if options.child:
        outcome = run_here(options.scenario[0], options)
        Path(options.child).write_text(json.dumps(outcome), "utf-8")
        return 0
    if options.list:
        for name in scenario_names():
            text = (importlib.import_module(name).__doc__ or "").strip().splitlines()
            print(f"{name:<24} {text[0] if text else ''}")
        return 0
    if os.geteuid() != 0:
        print("network namespaces need root", file=sys.stderr)
        return 2
    Path(options.logs).mkdir(parents=True, exist_ok=True)
    session.sweep()
    outcomes = []
    for name in options.scenario or scenario_names():
        outcomes.append(run_scenario(name, options))
        show(outcomes[-1], options.logs)
    counts = {
        word: sum(o["result"] == word for o in outcomes) for word in ("passed", "failed", "skipped")
    }
    if options.json:
        Path(options.json).write_text(
            json.dumps({"scenarios": outcomes, **counts}, indent=1), "utf-8"
        )
    print(", ".join(f"{count} {word}" for word, count in counts.items()))
    return 1 if counts["failed"] or not counts["passed"] else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
