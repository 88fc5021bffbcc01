#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The ikelb authors
"""Runs the fuzzers, each from its corpus and for a counted number of executions.

Each has its corpus in tests/fuzz/corpus: few inputs that reach all that was ever reached, and every
input that was once a finding. With --long each runs by time, and what reaches more is merged back
into the tree. Inputs in tests/fuzz/known are findings that are still to be settled (README.md
there); each has to be one still.
"""

from __future__ import annotations

import argparse
import concurrent.futures
import json
import os
import re
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CORPUS = ROOT / "tests/fuzz/corpus"
KNOWN = ROOT / "tests/fuzz/known"
HEARTBEAT = 15.0  # seconds between signs of life
FIRST_COMPLETED = concurrent.futures.FIRST_COMPLETED
LONG_HOURS = 1.0  # of each fuzzer
# Fuzzers with a build that lacks a rule, and what their corpus has to show in it.
TWINS = {"client": "flow-other"}
OF_FINDINGS = "found-"  # what the name of an input begins with that was once a finding

# Executions of a run, and the most bytes of an input, which it may have at once: what matters takes
# more than one step. All take 2 cores about two minutes. The longest come first, so that the cores
# end together.
EXECUTIONS = {
    "pipeline": 300_000,
    "client": 20_000,
    "parse": 5_000_000,
    "restore": 30_000,
    "config": 20_000,
    "state": 500_000,
}
MOST_BYTES = {
    "pipeline": 4096,
    "client": 130,
    "parse": 4096,
    "restore": 4096,
    "config": 8192,
    "state": 4096,
}

# Entropic scheduling takes most of the time of short runs, and finds no more in them.
OPTIONS = [
    "-entropic=0", "-len_control=0", "-timeout=10", "-rss_limit_mb=2048", "-print_final_stats=1",
]  # fmt: skip
# By what is reached, not how often as well, which would keep thousands of inputs.
MERGE_OPTIONS = ["-set_cover_merge=1", "-use_counters=0"]
SANITIZERS = {
    # The default quarantine of 256 MB costs a quarter of the time; an input allocates 1 MB at most.
    "ASAN_OPTIONS": "detect_stack_use_after_return=1:strict_string_checks=1:quarantine_size_mb=16",
    "UBSAN_OPTIONS": "halt_on_error=1:print_stacktrace=1",
}


@dataclass
class Run:
    """What became of one fuzzer."""

    name: str
    seconds: float
    status: int
    output: str

    def number(self, pattern: str) -> int:
        """The last that the fuzzer told; 0: none."""
        found = re.findall(pattern, self.output)
        return int(found[-1]) if found else 0

    def executions(self) -> int:
        return self.number(r"stat::number_of_executed_units: *(\d+)")

    def branches(self) -> int:
        return self.number(r" cov: (\d+)")

    def __str__(self) -> str:
        return (
            f"{self.name}: {self.executions():,} executions in {self.seconds:.0f} s, "
            f"{self.branches():,} branches reached"
        )


def known_findings(name: str) -> list[Path]:
    """Each file is named KIND.NUMBER."""
    return sorted((KNOWN / name).iterdir()) if (KNOWN / name).is_dir() else []


def kind_of(known: Path) -> str:
    return known.name.partition(".")[0]


def known_kinds(name: str) -> set[str]:
    return {kind_of(known) for known in known_findings(name)}


def environment(kinds: set[str]) -> dict[str, str]:
    """Findings of these kinds are let pass, so that fuzzing goes on past them."""
    return {**SANITIZERS, "IKELB_FUZZ_KNOWN": ",".join(sorted(kinds))}


def run(program: Path, *arguments, kinds: set[str]) -> subprocess.CompletedProcess:
    return subprocess.run(
        [program, *arguments], env={**os.environ, **environment(kinds)}, check=False, text=True,
        errors="replace", stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )  # fmt: skip


class Fuzzers:
    def __init__(self, build: Path, logs: Path):
        self.programs = build / "tests/fuzz"
        self.work = build / "corpus"
        self.logs = logs
        logs.mkdir(parents=True, exist_ok=True)

    def program(self, name: str) -> Path:
        return self.programs / f"fuzz_{name}"

    def not_built(self, names: list[str]) -> Path | None:
        wanted = [self.programs / "fuzz_seeds", *map(self.program, names)]
        return next((program for program in wanted if not program.exists()), None)

    def prepare(self) -> None:
        """What is found goes to a directory of its own, never into the tree by itself."""
        shutil.rmtree(self.work, ignore_errors=True)
        for name in EXECUTIONS:
            (self.work / name).mkdir(parents=True)
        (self.work / "seeds/config").mkdir(parents=True)
        for example in [*ROOT.glob("config/examples/*.yaml"), ROOT / "config/reference.yaml"]:
            shutil.copy(example, self.work / "seeds/config")
        subprocess.run([self.programs / "fuzz_seeds", self.work / "seeds"], check=True)

    def sources(self, name: str) -> list[Path]:
        return [path for path in (CORPUS / name, self.work / "seeds" / name) if path.is_dir()]

    def run(self, name: str, limits: list[str]) -> Run:
        begun = time.monotonic()
        done = run(
            self.program(name), *OPTIONS, *limits, f"-max_len={MOST_BYTES[name]}",
            f"-artifact_prefix={self.logs}/{name}-", self.work / name, *self.sources(name),
            kinds=known_kinds(name),
        )  # fmt: skip
        (self.logs / f"{name}.log").write_text(done.stdout, "utf-8")
        return Run(name, time.monotonic() - begun, done.returncode, done.stdout)

    def report(self, run: Run, least: int) -> bool:
        is_enough = run.executions() >= least
        is_good = run.status == 0 and is_enough
        print(f"{run}{'' if is_good else ': FAILED'}", flush=True)
        if run.status == 0 and not is_enough:
            print(f"  it ended before {least:,} executions")
        if run.status == 0:
            return is_good
        shown = r"finding:|ERROR:|runtime error|SUMMARY:|ALARM|^    #\d+ |Base64"
        for text in run.output.splitlines():
            if re.search(shown, text):
                print(f"  | {text[:200]}")
        known = ",".join(sorted(known_kinds(run.name)))
        for artifact in re.findall(r"Test unit written to (\S+)", run.output):
            passes = f"IKELB_FUZZ_KNOWN={known} " if known else ""
            print(f"  again: {passes}{self.program(run.name)} {artifact}")
            print(f"  once mended: cp {artifact} {CORPUS / run.name}/{OF_FINDINGS}...")
        return False

    def check_known(self, name: str) -> bool:
        """Each is a finding still, of the kind that its name says, and README.md tells the kind."""
        told = set(re.findall(r"(?m)^\| `([a-z-]+)` \|", (KNOWN / "README.md").read_text("utf-8")))
        is_good = True
        for known in known_findings(name):
            kind = kind_of(known)
            done = run(self.program(name), known, kinds=known_kinds(name) - {kind})
            if done.returncode == 0 or f"finding: {kind}\n" not in done.stdout:
                print(f"{name}: FAILED, {known} is no finding any more: move it to {CORPUS / name}")
                is_good = False
            elif kind not in told:
                print(f"{name}: FAILED, {KNOWN}/README.md does not tell of {kind}")
                is_good = False
            else:
                print(f"{name}: known, and a finding still: {known.name}", flush=True)
        return is_good

    def check_twin(self, name: str) -> bool:
        """A build that lacks what the fuzzer checks: the corpus alone has to show it."""
        twin = self.programs / f"twin_{name}"
        if not twin.exists():
            print(f"{name}: FAILED, its twin was not built: {twin}")
            return False
        done = run(
            twin, "-runs=0", f"-artifact_prefix={self.work}/twin-",
            CORPUS / name, kinds=known_kinds(name),
        )  # fmt: skip
        is_red = done.returncode != 0 and f"finding: {TWINS[name]}\n" in done.stdout
        print(f"{name}: its twin is {'red, as it has to be' if is_red else 'green: FAILED'}")
        return is_red

    def merge(self, name: str) -> None:
        """The tree's corpus anew: what was once a finding, and few inputs that reach the rest."""
        fresh = self.work / f"{name}-merged"
        fresh.mkdir()
        kept = sorted((CORPUS / name).glob(OF_FINDINGS + "*"))
        for path in kept:
            shutil.copy(path, fresh)
        done = run(
            self.program(name), *MERGE_OPTIONS, f"-max_len={MOST_BYTES[name]}", fresh,
            *self.sources(name), self.work / name, kinds=known_kinds(name),
        )  # fmt: skip
        if done.returncode != 0:
            print(f"{name}: not merged\n{done.stdout[-2000:]}")
            return
        shutil.rmtree(CORPUS / name, ignore_errors=True)
        shutil.copytree(fresh, CORPUS / name)
        sizes = [path.stat().st_size for path in fresh.iterdir()]
        print(f"{name}: {len(sizes)} inputs of {sum(sizes):,} bytes now", flush=True)


def fuzz(
    fuzzers: Fuzzers, names: list[str], limits: dict[str, list[str]], least: dict[str, int]
) -> int:
    """As many at once as there are cores; how many were good."""
    good = 0
    begun = time.monotonic()
    with concurrent.futures.ThreadPoolExecutor(max(1, len(os.sched_getaffinity(0)))) as pool:
        left = {pool.submit(fuzzers.run, name, limits[name]) for name in names}
        while left:
            done, left = concurrent.futures.wait(left, HEARTBEAT, FIRST_COMPLETED)
            good += sum(fuzzers.report(one.result(), least[one.result().name]) for one in done)
            if not done:
                print(f"... {time.monotonic() - begun:.0f} s, {len(left)} left", flush=True)
    return good


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("name", nargs="*", help=f"default: all of {', '.join(EXECUTIONS)}")
    parser.add_argument("--build", type=Path, default=ROOT / "build-asan")
    parser.add_argument("--logs", type=Path, default=ROOT / "build/test-logs/fuzz")
    parser.add_argument("--long", action="store_true", help="by time, and merge into the tree")
    parser.add_argument("--hours", type=float, default=LONG_HOURS, help="of each, with --long")
    parser.add_argument("--json", type=Path, help="write how many passed and failed")
    options = parser.parse_args()
    names = [name for name in EXECUTIONS if name in (options.name or EXECUTIONS)]
    if unknown := sorted(set(options.name) - set(EXECUTIONS)):
        parser.error(f"no such fuzzer: {', '.join(unknown)}")
    fuzzers = Fuzzers(options.build.resolve(), options.logs.resolve())
    if lacking := fuzzers.not_built(names):
        print(f"{lacking} is not built; type: tests/run build-clang", file=sys.stderr)
        return 2
    fuzzers.prepare()
    if options.long:
        limits = {name: [f"-max_total_time={options.hours * 3600:.0f}"] for name in names}
        good = fuzz(fuzzers, names, limits, dict.fromkeys(names, 1))
    else:
        # A change is judged by the same inputs each time; --long looks for new ones.
        limits = {name: [f"-runs={EXECUTIONS[name]}", "-seed=1"] for name in names}
        good = fuzz(fuzzers, names, limits, EXECUTIONS)
    checks = []
    for name in names:
        if known_findings(name):
            checks.append(fuzzers.check_known(name))
        if name in TWINS:
            checks.append(fuzzers.check_twin(name))
    if options.long:
        for name in names:
            fuzzers.merge(name)
        print(f"{CORPUS.relative_to(ROOT)} has what was found: look at it and commit it")
    total = len(names) + len(checks)
    good += sum(checks)
    if options.json:
        options.json.write_text(json.dumps({"passed": good, "failed": total - good}), "utf-8")
    return 0 if good == total else 1


if __name__ == "__main__":
    sys.exit(main())
