#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The ikelb authors
"""Runs the network-namespace scenarios, each in a process of its own. Needs root.

A scenario is a file here with a function `run(case)`. Its TWINS, {fault: text}, name falsification
twins: the same function with `case.broken` set must fail, and its message must contain the text.

A scenario with ALONE, a reason, runs while no other does.

A file may instead hold several tests that share a lab: `build(case)` makes what they work with, and
each function of TESTS, called with it, is a test of its own name.
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import shutil
import signal
import sys
import time
import traceback
from collections.abc import Iterator
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.dont_write_bytecode = True
sys.path[:0] = [str(HERE), str(HERE.parents[1] / "deploy")]

from lab import session  # noqa: E402
from lab.ikelbd import build_directory  # noqa: E402
from lab.session import Lab  # noqa: E402
from testlib import children, results  # noqa: E402
from testlib.case import Case, CheckFailed, NoBasis  # noqa: E402
from testlib.hold import hold  # noqa: E402


def scenario_names() -> list[str]:
    return sorted(path.stem for path in HERE.glob("*.py") if path.name != "run.py")


def tests_of(name: str) -> list[str]:
    """The tests that a file holds: TESTS, or the one scenario."""
    module = importlib.import_module(name)
    return [test.__name__ for test in getattr(module, "TESTS", ())] or [name]


def files_of(names: list[str]) -> dict[str, list[str]]:
    """{file: tests of it to run}, for names of files and of tests; all for none."""
    chosen: dict[str, list[str]] = {}
    for name in scenario_names():
        tests = tests_of(name)
        wanted = tests if not names or name in names else [t for t in tests if t in names]
        if wanted:
            chosen[name] = wanted
    return chosen


def not_built() -> str:
    """Which file the scenarios lack in the build directory, and what to type; empty: none."""
    build = build_directory()
    programs = ["controlplane/ikelbd", "controlplane/ctl/ikelbctl"]
    preloads = [f"tests/netns/lib{path.stem}.so" for path in (HERE / "preload").glob("*.cc")]
    missing = [name for name in [*programs, *preloads] if not (build / name).exists()]
    if not missing:
        return ""
    setup = "" if (build / "build.ninja").exists() else f"meson setup {build} && "
    return f"{build / missing[0]} is not built; type: {setup}ninja -C {build} scenarios"


# --- in the scenario's process --------------------------------------------------------------------


def make_case(lab: Lab, options: argparse.Namespace, broken: str = "") -> Case:
    return Case(
        lab,
        balancer=options.balancer,
        driver=options.driver,
        broken=broken,
        long=options.long,
        one_server=options.one_server,
    )


def _attempt(module, options: argparse.Namespace, broken: str, notes: list[str]) -> str:
    """Runs once; the text of what failed, or an empty one. Logs of a run that ends wrong are
    kept."""
    with Lab() as lab:
        case = make_case(lab, options, broken)
        try:
            module.run(case)
            failure = ""
        except CheckFailed as error:
            failure = str(error)
        except BaseException as error:
            _keep_logs(case, options, module.__name__, broken)
            _hold_at(case, options, error)
            raise
        if bool(failure) != bool(broken):
            _keep_logs(case, options, module.__name__, broken)
        if options.hold:
            hold(case, f"failed: {failure}" if failure else "passed")
        if not broken:
            notes += case.notes
        return failure


def _keep_logs(case: Case, options: argparse.Namespace, name: str, broken: str) -> None:
    target = Path(options.logs) / (f"{name}-{broken}" if broken else name)
    shutil.rmtree(target, ignore_errors=True)
    case.write_down()
    shutil.copytree(
        case.lab.directory,
        target,
        ignore=lambda folder, names: [
            n for n in names if not (Path(folder, n).is_file() or Path(folder, n).is_dir())
        ],
    )


def _hold_at(case: Case, options: argparse.Namespace, error: BaseException) -> None:
    """Trouble of the lab's own is looked at as well; who interrupts wants to see nothing."""
    if options.hold and isinstance(error, Exception):
        hold(case, f"failed: {type(error).__name__}: {error}")


def _run_test(test, stage, case: Case) -> dict:
    """One of the tests that share a lab."""
    begun = time.monotonic()
    case.notes = []
    outcome = {"name": test.__name__, "result": "passed", "detail": ""}
    try:
        stage.begin(test.__name__)
        test(stage)
        stage.end()
        outcome["event"] = stage.row()
    except CheckFailed as error:
        outcome |= {"result": "failed", "detail": str(error)}
    except NoBasis as error:
        outcome |= {"result": "skipped", "detail": str(error)}
    except Exception as error:  # the lab's own trouble, as below
        traceback.print_exc()
        outcome |= {"result": "failed", "detail": f"{type(error).__name__}: {error}"}
    return outcome | {"notes": case.notes, "seconds": round(time.monotonic() - begun, 1)}


def _failed(outcomes: list[dict]) -> bool:
    return any(outcome["result"] == "failed" for outcome in outcomes)


def run_tests(module, options: argparse.Namespace) -> dict:
    """The tests of a file that share a lab; a failed one does not keep the others from running."""
    with Lab() as lab:
        case = make_case(lab, options)
        try:
            stage = module.build(case)
            outcomes: list[dict] = []
            for test in module.TESTS:
                if test.__name__ in options.scenario and not (options.hold and _failed(outcomes)):
                    outcomes.append(_run_test(test, stage, case))
        except BaseException as error:
            _keep_logs(case, options, module.__name__, "")
            _hold_at(case, options, error)
            raise
        failed = _failed(outcomes)
        if failed:
            _keep_logs(case, options, module.__name__, "")
        if options.hold:
            last = outcomes[-1]
            hold(case, f"{last['name']} {last['result']} {last['detail']}".rstrip())
    word = "failed" if failed else "passed"
    return {"result": word, "detail": "", "notes": [], "tests": outcomes}


def run_here(name: str, options: argparse.Namespace) -> dict:
    """The scenario and its twins, or the tests of a file, in this process."""
    module = importlib.import_module(name)
    if options.balancer == "kernel" and not getattr(module, "FOR_CONTROL", False):
        return {"result": "skipped", "detail": "needs ikelbd", "notes": []}
    if options.driver != "af_xdp" and hasattr(module, "TESTS"):
        return {"result": "skipped", "detail": "needs af_xdp", "notes": []}
    notes: list[str] = []
    try:
        if hasattr(module, "TESTS"):
            return run_tests(module, options)
        if failure := _attempt(module, options, "", notes):
            return {"result": "failed", "detail": failure, "notes": notes}
        twins = {} if options.hold else getattr(module, "TWINS", {})
        for broken, text in twins.items():
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
        if twins:
            notes.append(f"red when broken: {', '.join(twins)}")
        return {"result": "passed", "detail": "", "notes": notes}
    except Exception as error:  # the lab's own trouble is a failure too, told apart by its text
        traceback.print_exc()
        return {"result": "failed", "detail": f"{type(error).__name__}: {error}", "notes": notes}


# --- in the runner --------------------------------------------------------------------------------


def command_of(name: str, tests: list[str], options: argparse.Namespace) -> list[str]:
    """Words that run the scenario, or these tests of a file, in a process of its own."""
    return [
        str(Path(__file__).resolve()),
        *("--balancer", options.balancer, "--driver", options.driver, "--logs", options.logs),
        *(["--long"] if options.long else []),
        *(["--one-server"] if options.one_server else []),
        *("--file", name, *tests),
    ]


def run_chosen(options: argparse.Namespace) -> Iterator[dict]:
    """The outcomes as they come: of those that share the machine, then of those that need it."""
    chosen = files_of(options.scenario)
    if options.hold:
        yield from run_held(*chosen.popitem(), options)
    needy = [name for name in chosen if hasattr(importlib.import_module(name), "ALONE")]
    for jobs, names in ((options.jobs, [n for n in chosen if n not in needy]), (1, needy)):
        commands = {name: command_of(name, chosen[name], options) for name in names}
        yield from children.run_all(commands, jobs, Path(options.logs))


def run_held(name: str, tests: list[str], options: argparse.Namespace) -> list[dict]:
    """In this process, which has the terminal, and without a time limit."""
    begun = time.monotonic()
    options.scenario = tests
    return children.single(name, run_here(name, options), begun)


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
            + (f"\n     logs: {logs}/{outcome['file']}*" if word == "FAIL" else ""),
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
    parser.add_argument(
        "--jobs", type=int, default=1, metavar="N", help="as many at a time; default: 1"
    )
    parser.add_argument("--json", metavar="FILE", help="write the results there too")
    parser.add_argument(
        "--logs", default="/run/ikelb-lab/failed", metavar="DIR", help="logs of failing scenarios"
    )
    parser.add_argument(
        "--events",
        metavar="FILE",
        help="take the rows of event tests in there; default: event-results.jsonl of the build",
    )
    parser.add_argument(
        "--hold",
        action="store_true",
        help="keep the lab of one scenario up where it ends or fails, until Enter or Ctrl-C",
    )
    parser.add_argument("--long", action="store_true", help="real times where they are scaled down")
    parser.add_argument(
        "--one-server",
        action="store_true",
        help="the control of event tests has one server: the pings that a move costs anyway",
    )
    parser.add_argument("--child", metavar="FILE", help=argparse.SUPPRESS)
    parser.add_argument("--file", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        return options
    if options.jobs < 1:
        parser.error(f"--jobs {options.jobs}: at least one at a time, as in --jobs 2")
    known = {*scenario_names(), *(test for name in scenario_names() for test in tests_of(name))}
    if unknown := sorted(set(options.scenario) - known):
        parser.error(f"no such scenario: {', '.join(unknown)}; --list shows them")
    if options.hold and len(files_of(options.scenario)) != 1:
        parser.error("--hold takes the name of one scenario, as in --hold drain")
    return options


def main() -> int:
    session.end_at_first_signal()
    options = parse_arguments()
    if options.child:
        outcome = run_here(options.file, options)
        Path(options.child).write_text(json.dumps(outcome), "utf-8")
        return 0
    if options.list:
        signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # as `head` leaves it
        for name in scenario_names():
            module = importlib.import_module(name)
            for one in [module, *getattr(module, "TESTS", ())]:
                text = " ".join((one.__doc__ or "").split("\n\n")[0].split())
                indent = "" if one is module else "  "
                print(f"{indent + one.__name__:<32} {text}")
        return 0
    if options.balancer == "ikelbd" and (lacking := not_built()):
        print(lacking, file=sys.stderr)
        return 2
    if os.geteuid() != 0:
        print("network namespaces need root", file=sys.stderr)
        return 2
    Path(options.logs).mkdir(parents=True, exist_ok=True)
    session.sweep()
    outcomes = []
    for outcome in run_chosen(options):
        outcomes.append(outcome)
        show(outcome, options.logs)
    rows = [outcome["event"] for outcome in outcomes if outcome.get("event")]
    if rows:
        file = results.default_file(one_server=options.one_server)
        results.merge(Path(options.events) if options.events else file, rows)
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
