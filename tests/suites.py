#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The ikelb authors
"""The test suites in their order; tests/run has installed what they take.

Each suite has a time budget, which is printed, and a limit of three times that, which ends it. The
last line is the sum over all test cases.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
import xml.etree.ElementTree as ElementTree
from dataclasses import dataclass
from pathlib import Path

import targets

ROOT = Path(__file__).resolve().parents[1]
LOGS = ROOT / "build" / "test-logs"
IS_CI = os.environ.get("CI") == "true"
# Set by .ci/run, which did something before: its begin, in seconds since 1970.
BEGUN = int(os.environ.get("IKELB_TESTS_BEGUN", time.time()))
SECONDS_IN_CI = 70 * 60  # for all of it, on 2 cores
HEARTBEAT = 15.0  # seconds between signs of life
REPEATS = {False: 1, True: 25}  # of the suites that threads race in

# Not run with net_af_packet, which loses fragments: docs/decisions/0007-af-xdp-below-labs.md.
NOT_WITH_AF_PACKET = ("dnat_only_capture", "transit_radius")

# Warnings are errors in CI alone: whoever tries ikelb with another compiler shall have it. Of the
# directory `build`, which has no options, compile_in reads what the compiler said.
WERROR = ["-Dwerror=true"] if IS_CI else []
CLANG = "clang++"
ASAN = [
    "-Doptimization=1", "-Ddebug=true", "-Db_ndebug=false", "-Db_lundef=false",
    "-Db_sanitize=address,undefined", "-Dfuzzers=true",
]  # fmt: skip
# DPDK's x86 fast paths order memory by means that ThreadSanitizer cannot see; the C11 ones do not.
TSAN = [
    "-Doptimization=1", "-Ddebug=true", "-Db_lundef=false", "-Db_sanitize=thread",
    "-Dcpp_args=-DRTE_USE_C11_MEM_MODEL=1",
]  # fmt: skip
# Another way to build what is installed, by g++: as it links, it finds types that differ between
# files, and optimizes, which its warnings depend on. clang++ has no such check, and its warnings
# are those of its front end, which the suite build-clang sees.
RELEASE = ["--buildtype=release", "-Dtests=false", "-Db_lto=true", "-Dcpp_args=-Wodr"]
PROGRAMS = [
    "controlplane/ikelbd", "controlplane/ctl/ikelbctl", "controlplane/replay/ikelb-replay"
]  # fmt: skip
SANITIZER_ENVIRONMENT = {
    "ASAN_OPTIONS": "detect_stack_use_after_return=1:strict_string_checks=1",
    "UBSAN_OPTIONS": "halt_on_error=1:print_stacktrace=1",
    "TSAN_OPTIONS": "halt_on_error=1",
}


@dataclass
class Count:
    """Test cases."""

    passed: int = 0
    failed: int = 0
    skipped: int = 0

    def __add__(self, other: Count) -> Count:
        return Count(
            self.passed + other.passed, self.failed + other.failed, self.skipped + other.skipped
        )

    def __str__(self) -> str:
        return f"{self.passed} passed, {self.failed} failed, {self.skipped} skipped"


PASSED, FAILED = Count(passed=1), Count(failed=1)


class Runner:
    """Runs commands with their output in a log, signs of life, and an end in time."""

    def __init__(self, suite: str, limit: float):
        self.log = LOGS / f"{suite}.log"
        self.log.write_bytes(b"")
        self.deadline = time.monotonic() + limit
        self.child: subprocess.Popen | None = None

    def run(self, *command, environment: dict | None = None, what: str = "", echo=False) -> bool:
        """True: status 0. On anything else the end of the log is printed."""
        words = [str(word) for word in command]
        begun = shown = time.monotonic()
        with open(self.log, "ab") as log:
            log.write(f"$ {' '.join(words)}\n".encode())
            log.flush()
            start = read = log.tell()
            self.child = subprocess.Popen(
                words, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=ROOT,
                start_new_session=True, env={**os.environ, **(environment or {})},
            )  # fmt: skip
        while True:
            try:
                self.child.wait(0.5)
            except subprocess.TimeoutExpired:
                pass
            now = time.monotonic()
            if echo:
                read = self.pass_on(read)
            if self.child.returncode is not None:
                break
            if now > self.deadline:
                self.end()
                print(f"  {words[0]}: ended after {now - begun:.0f} s, over the suite's limit")
                break
            if not echo and now - shown >= HEARTBEAT:
                shown = now
                print(f"  ... {now - begun:.0f} s {what or Path(words[0]).name} {self.counter()}")
        if self.child.returncode == 0:
            return True
        if not echo:
            self.show_tail(start)
        print(f"  failed with status {self.child.returncode}; whole output: {self.log}")
        return False

    def end(self) -> None:
        """Ends the command and what it has started."""
        if self.child is None or self.child.poll() is not None:
            return
        for way in (signal.SIGTERM, signal.SIGKILL):
            try:
                os.killpg(self.child.pid, way)
                self.child.wait(20)
                return
            except subprocess.TimeoutExpired:
                continue
            except ProcessLookupError:
                return

    def pass_on(self, offset: int) -> int:
        with open(self.log, "rb") as log:
            log.seek(offset)
            text = log.read()
        for line in text.decode("utf-8", "replace").splitlines():
            print(f"  {line}")
        return offset + len(text)

    def counter(self) -> str:
        """Ninja's or Meson's [n/m], if there is one at the end of the log."""
        with open(self.log, "rb") as log:
            log.seek(max(0, log.seek(0, os.SEEK_END) - 2000))
            found = re.findall(rb"(?m)^\[?(\d+/\d+)", log.read())
        return found[-1].decode() if found else ""

    def grep(self, pattern: str, start: int) -> list[str]:
        with open(self.log, "rb") as log:
            log.seek(start)
            text = log.read().decode("utf-8", "replace")
        return [line for line in text.splitlines() if re.search(pattern, line)]

    def show_tail(self, start: int) -> None:
        with open(self.log, "rb") as log:
            log.seek(start)
            text = log.read().decode("utf-8", "replace")
        # Meson puts the output of a failed test between such lines.
        parts = re.findall("(?s)\u2015 \u2700 .*?\n(.*?)\u2015{20}", text)
        most = 400 if IS_CI else 40  # the log does not outlive CI
        lines = [line for part in parts for line in part.splitlines()[-most:]][: 5 * most]
        if not parts:
            lines = [line for line in text.splitlines() if re.search("error:|FAILED", line)][:20]
        for line in [*lines, "...", *text.splitlines()[-25:]]:
            print(f"  | {line[:200]}")


def configure(runner: Runner, folder: str, options: list, clang=False) -> bool:
    """Once for each directory. ccache is used where it is."""
    if not (ROOT / folder / "build.ninja").exists():
        environment = {}
        if clang:
            environment["CXX"] = f"ccache {CLANG}" if shutil.which("ccache") else CLANG
        if not runner.run("meson", "setup", *options, folder, environment=environment):
            shutil.rmtree(ROOT / folder / "meson-private", ignore_errors=True)
            return False
    return True


def compile_in(runner: Runner, folder: str, files: list) -> bool:
    """Builds these files, or all for none."""
    begun = runner.log.stat().st_size
    if not runner.run("ninja", "-C", folder, *files):
        return False
    warnings = runner.grep(r"^(?!ninja: |lto-wrapper: ).*\bwarning: ", begun) if IS_CI else []
    for line in warnings[:20]:
        print(f"  | {line[:200]}")
    return not warnings


def count_junit(path: Path) -> Count:
    count = Count()
    for case in ElementTree.parse(path).iter("testcase"):
        if case.find("failure") is not None or case.find("error") is not None:
            count += FAILED
        elif case.find("skipped") is not None or case.get("result") == "suppressed":
            count += Count(skipped=1)
        else:
            count += PASSED
    return count


def meson_test(runner: Runner, folder: str, *arguments, repeat: int = 1) -> Count:
    """Runs tests of a build and counts the cases in them."""
    name = runner.log.stem
    report = ROOT / folder / "meson-logs" / f"{name}.junit.xml"
    report.unlink(missing_ok=True)
    is_good = runner.run(
        "meson", "test", "-C", folder, "--no-rebuild", "--print-errorlogs", "--logbase", name,
        "--repeat", repeat, *arguments, environment=SANITIZER_ENVIRONMENT,
    )  # fmt: skip
    count = count_junit(report) if report.exists() else Count()
    if not is_good and not count.failed:
        count += FAILED
    return count


def show_kept(folder: Path) -> None:
    """The ends of the logs that a script kept of what failed: CI keeps none."""
    for path in sorted(folder.rglob("*.log"))[:40]:
        print(f"  == {path.relative_to(LOGS)}")
        for line in path.read_text("utf-8", "replace").splitlines()[-60:]:
            print(f"  | {line[:200]}")


def scripted(runner: Runner, command: list) -> Count:
    """Runs a script that says itself how its cases ended, by --json."""
    results = runner.log.with_suffix(".json")
    results.unlink(missing_ok=True)
    is_good = runner.run(
        *command, "--json", results, environment={"IKELB_BUILD": str(ROOT / "build")}, echo=True
    )
    if IS_CI and not is_good:
        show_kept(LOGS / runner.log.stem)
    found = json.loads(results.read_text("utf-8")) if results.exists() else {}
    count = Count(*(found.get(word, 0) for word in ("passed", "failed", "skipped")))
    return count if is_good or count.failed else count + FAILED


# --- the suites -----------------------------------------------------------------------------------


def build(runner: Runner, options) -> Count:
    """g++, as it is shipped: everything, or what the chosen suites use"""
    if not configure(runner, "build", []):
        return FAILED
    files = []
    if options.suite and "front_door" not in options.suite:
        files = targets.of_suites(ROOT / "build", set(options.suite))
        if "namespaces" in options.suite:
            files.append("scenarios")
    return PASSED if compile_in(runner, "build", files) else FAILED


def build_clang(runner: Runner, options) -> Count:
    """clang++, instrumented for sanitizers and fuzzing: what those suites use"""
    if not configure(runner, "build-asan", [*ASAN, *WERROR], clang=True):
        return FAILED
    folder = ROOT / "build-asan"
    files = targets.of_suites(folder, {"unit", "golden"}) + targets.made_in(folder, "tests/fuzz")
    return PASSED if compile_in(runner, "build-asan", files) else FAILED


def release(runner: Runner, options) -> Count:
    """all programs for release, with link-time optimization"""
    folder = "build-release"
    # g++ 12 takes a std::string's length for negative when it inlines over files (GCC bug 105329).
    quiet = "-Wno-stringop-overflow -Wno-restrict"
    link = [f"-Dcpp_link_args={quiet}{' -Werror=odr' if WERROR else ''}"]
    is_good = configure(runner, folder, [*RELEASE, *link, *WERROR]) and compile_in(
        runner, folder, PROGRAMS
    )
    shutil.rmtree(ROOT / folder, ignore_errors=True)
    return PASSED if is_good else FAILED


def front_door(runner: Runner, options) -> Count:
    """the commands that the documents tell, in a clean copy of the tree"""
    return scripted(runner, [ROOT / "tests/front_door/run.py"])


def unit(runner: Runner, options) -> Count:
    """unit tests"""
    return meson_test(runner, "build", "--suite", "unit")


def lint(runner: Runner, options) -> Count:
    """rules of the source tree; documents against the program; the systemd unit"""
    return meson_test(runner, "build", "--suite", "lint")


def golden(runner: Runner, options) -> Count:
    """captures through the whole packet path, byte for byte"""
    return meson_test(runner, "build", "--suite", "golden")


def bench(runner: Runner, options) -> Count:
    """ikelb-bench measures, and its JSON has the keys that it has to have"""
    return meson_test(runner, "build", "--suite", "bench")


def mutants(runner: Runner, options) -> Count:
    """a packet path that lacks a rule, for each of them: named tests must notice"""
    # Nobody else takes these programs, so that the build has none of them.
    if not compile_in(runner, "build", targets.of_suites(ROOT / "build", {"mutants"})):
        return FAILED
    return meson_test(runner, "build", "--suite", "mutants")


def property_suite(runner: Runner, options) -> Count:
    """random lives of small worlds: by the rules of affinity; with and without an attacker"""
    long = ["--test-args=--long", "--timeout-multiplier", "10"] if options.long else []
    return meson_test(runner, "build", "--suite", "property", *long)


def model(runner: Runner, options) -> Count:
    """Spin through each state of the tables under threads, and through planted bugs"""
    return meson_test(runner, "build", "--suite", "model")


def instructions(runner: Runner, options) -> Count:
    """instructions of the packet path, counted by callgrind, against the numbers on file"""
    return meson_test(runner, "build", "--suite", "instructions")


def sanitizers(runner: Runner, options) -> Count:
    """unit and golden tests under AddressSanitizer and UndefinedBehaviorSanitizer"""
    return meson_test(
        runner, "build-asan", "--suite", "unit", "--suite", "golden", "--timeout-multiplier", "4"
    )


def tsan(runner: Runner, options) -> Count:
    """what threads share, under ThreadSanitizer"""
    # Not unit_worker: its buffers change hands in DPDK's libraries, which are not instrumented.
    if not configure(runner, "build-tsan", [*TSAN, *WERROR], clang=True):
        return FAILED
    if not compile_in(runner, "build-tsan", ["tests/unit/unit_threads"]):
        return FAILED
    return meson_test(
        runner, "build-tsan", "--timeout-multiplier", "4", "threads", repeat=REPEATS[options.long]
    )


def fuzz(runner: Runner, options) -> Count:
    """each fuzzer from its corpus, for a counted number of executions"""
    return scripted(
        runner, [ROOT / "tests/fuzz/run.py", *(["--long"] if options.long else [])]
    )


def namespaces(runner: Runner, options) -> Count:
    """real IKEv2 peers through ikelbd in network namespaces"""
    count = Count()
    runs = [[]]
    if options.long:
        names = {path.stem for path in (ROOT / "tests/netns").glob("*.py")} - {"run"}
        few = sorted(
            name for name in names - set(NOT_WITH_AF_PACKET) if not name.startswith("events_")
        )
        runs = [["--driver", "af_packet", *few], ["--driver", "af_xdp", "--long"]]
        left_out = " and ".join(NOT_WITH_AF_PACKET)
        print(f"  left out with af_packet: {left_out}; net_af_packet loses IP fragments")
        print("  left out with af_packet: events_*; they choose the queue of each packet")
    for words in runs:
        count += scripted(runner, [
            ROOT / "tests/netns/run.py", "--jobs", "3", *words, "--logs", LOGS / "namespaces",
        ])  # fmt: skip
    return count


# Minutes on 2 cores, first run; a long run's in the second place.
SUITES = {
    "build": (build, 8, 8),
    "build-clang": (build_clang, 11, 11),
    "unit": (unit, 1, 1),
    "lint": (lint, 1, 1),
    "golden": (golden, 1, 1),
    "bench": (bench, 1, 1),
    "mutants": (mutants, 3, 3),
    "property": (property_suite, 2, 30),
    "model": (model, 2, 2),
    "instructions": (instructions, 1, 1),
    "sanitizers": (sanitizers, 4, 4),
    "tsan": (tsan, 3, 15),
    "fuzz": (fuzz, 4, 200),
    "namespaces": (namespaces, 12, 26),
    "front_door": (front_door, 6, 6),
    "release": (release, 7, 7),
}


def run_suite(name: str, options) -> tuple[Count, float]:
    function, short, long = SUITES[name]
    minutes = long if options.long else short
    print(f"== {name}: {function.__doc__} (budget {minutes} min)", flush=True)
    begun = time.monotonic()
    runner = Runner(name, minutes * 60 * 3)
    try:
        count = function(runner, options)
    except KeyboardInterrupt:
        runner.end()
        raise
    except Exception as error:  # one suite's trouble is that suite's failure
        runner.end()
        print(f"  {type(error).__name__}: {error}")
        count = FAILED
    seconds = time.monotonic() - begun
    late = "" if seconds <= minutes * 60 else f", over its budget of {minutes} min"
    print(f"== {name}: {count} ({seconds:.0f} s{late})", flush=True)
    return count, seconds


def print_times(results: dict, long: bool, before: float) -> None:
    print("\nsuite          seconds  budget  result")
    if before > 1:
        print(f"{'before them':<12} {before:9.0f}")
    for name, (count, seconds) in results.items():
        budget = 60 * SUITES[name][2 if long else 1]
        print(f"{name:<12} {seconds:9.0f}  {budget:6}  {count}")
    seconds = before + sum(seconds for _, seconds in results.values())
    print(f"all          {seconds:9.0f}  {SECONDS_IN_CI if IS_CI else '':6}")


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="tests/run", description="runs the tests")
    parser.add_argument("suite", nargs="*", help="default: all; `build` comes first where needed")
    parser.add_argument("--list", action="store_true", help="print the suites")
    parser.add_argument(
        "--long", action="store_true", help="fuzz for an hour each, repeat races, both drivers"
    )
    options = parser.parse_args()
    unknown = sorted(set(options.suite) - set(SUITES))
    if unknown:
        parser.error(f"no such suite: {', '.join(unknown)}; there are {', '.join(SUITES)}")
    return options


def chosen(suites: list[str]) -> list[str]:
    """The suites in their order, with the builds that they use."""
    wanted = set(suites or SUITES)
    of_build = {"unit", "lint", "golden", "bench", "mutants", "property", "model", "instructions"}
    if wanted & (of_build | {"namespaces", "front_door"}):
        wanted.add("build")
    if wanted & {"sanitizers", "fuzz"}:
        wanted.add("build-clang")
    return [name for name in SUITES if name in wanted]


def main() -> int:
    sys.stdout.reconfigure(line_buffering=True)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    options = parse_arguments()
    if options.list:
        signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # as `head` leaves it
        for name, (function, short, _) in SUITES.items():
            print(f"{name:<12} {short:>3} min  {function.__doc__}")
        return 0
    LOGS.mkdir(parents=True, exist_ok=True)
    before = time.time() - BEGUN
    results = {name: run_suite(name, options) for name in chosen(options.suite)}
    print_times(results, options.long, before)
    total = sum((count for count, _ in results.values()), Count())
    print(total)
    return 1 if total.failed or not total.passed else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        print("interrupted\n0 passed, 1 failed, 0 skipped")
        sys.exit(130)
