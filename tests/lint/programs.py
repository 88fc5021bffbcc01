#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The ikelb authors
"""Every program that the tree calls comes with a package on the lists.

The lists are those of deploy/packages.sh and tests/run, which a fresh Debian gets installed; what
that has of itself (essential and required packages, apt) needs no list. That a program happens to
be on this machine is no proof: its package's name is compared.

In Python a program is the first word of a list or of what a call that runs programs is given; in
shell scripts any word outside quotes and comments that no variable has for a name; in C++ what a
string begins with that is given to a shell. Words that are no program's name say nothing, except in
a list that is run: there it has to exist.
"""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Iterator

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/lint"))
from lint import files, is_shell, name  # noqa: E402

FOLDERS = ["/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"]
LISTS = ["deploy/packages.sh", "tests/run"]
LIST = re.compile(r"(?ms)^\w+_packages=\((.*?)\)$")
WORD = re.compile(r"[a-z][\w.+-]*")
# Their first argument is a program, or a list that begins with one.
CALLS = {"run", "popen", "Popen", "check_output", "check_call", "needs", "which", "installed"}
# What a shell is itself able to do.
BUILT_IN = {"kill"}
# .ci/run installs these itself, before there is a root with the lists' packages.
OF_CI = {"debootstrap", "git"}


def listed() -> set[str]:
    text = "\n".join((ROOT / path).read_text("utf-8") for path in LISTS)
    return {word for words in LIST.findall(text) for word in words.split()}


def of_itself() -> set[str]:
    form = "${Package} ${Essential} ${Priority}\n"
    done = subprocess.run(["dpkg-query", "-W", "-f", form], capture_output=True, text=True)
    rows = (line.split(" ") for line in done.stdout.splitlines())
    return {"apt"} | {row[0] for row in rows if row[1] == "yes" or row[2] == "required"}


def first_text(node: ast.AST) -> str:
    """What a string begins with."""
    if isinstance(node, ast.JoinedStr) and node.values:
        node = node.values[0]
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""


def called_in_python(path: Path) -> Iterator[tuple[str, bool]]:
    """Words, and whether each can only be a program."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Call) and node.args:
            function = node.func
            title = getattr(function, "attr", getattr(function, "id", ""))
            first = node.args[0]
            if title in CALLS and isinstance(first, (ast.List, ast.Tuple)) and first.elts:
                yield first_text(first.elts[0]), True
            if title in CALLS:
                for argument in node.args if title == "needs" else [first]:
                    yield (first_text(argument).split() or [""])[0], False
        elif isinstance(node, (ast.List, ast.Tuple)) and node.elts:
            yield first_text(node.elts[0]), False


def called_in_shell(path: Path) -> Iterator[tuple[str, bool]]:
    text = path.read_text("utf-8")
    text = LIST.sub("", text)
    text = re.sub(r"(?s)<<'?(\w+)'?\n.*?\n\1\n", "\n", text)  # here documents
    text = re.sub(r"'[^']*'", "''", re.sub(r"(?m)(^|\s)#.*$", "", text))
    # Inside double quotes only what is run for its output.
    text = re.sub(r'"([^"$]|\$(?!\())*"', '""', text)
    names = set(re.findall(r"\b(\w+)=|\bfor (\w+) in\b", text))
    for word in re.findall(r"(?<![\w./$=-])[a-z][\w.+-]*(?![\w=])", text):
        if not any(word in pair for pair in names):
            yield word, False


def called_in_cpp(path: Path) -> Iterator[tuple[str, bool]]:
    text = path.read_text("utf-8")
    for word in re.findall(r'\b(?:run|output_of|popen|system)\(\s*"([a-z][\w.+-]*)', text):
        yield word, False


def program(word: str) -> Path | None:
    for folder in FOLDERS:
        path = Path(folder, word)
        if path.is_file() and os.access(path, os.X_OK):
            return path
    return None


def owners(paths: set[Path]) -> dict[Path, str]:
    """{file: package}. A file may be known by its place before /usr was merged, or be a link that
    the system of alternatives made."""
    found: dict[Path, str] = {}
    todo = {path: path for path in paths}
    while todo:
        spelled = {str(path): wanted for wanted, path in todo.items()}
        spelled |= {text.removeprefix("/usr"): wanted for text, wanted in spelled.items()}
        done = subprocess.run(["dpkg-query", "-S", *spelled], capture_output=True, text=True)
        for line in done.stdout.splitlines():
            packages, _, text = line.partition(": ")
            if text in spelled and not line.startswith("diversion "):
                found[spelled[text]] = packages.split(",")[0].partition(":")[0]
        todo = {
            wanted: path.parent / os.readlink(path)
            for wanted, path in todo.items()
            if wanted not in found and path.is_symlink()
        }
    return found


def main() -> int:
    uses: dict[str, set[str]] = {}
    needed: set[str] = set()
    for path in files():
        is_python = path.suffix == ".py" or path.read_bytes()[:20] == b"#!/usr/bin/python3\n"
        if is_python:
            called = called_in_python(path)
        elif path.suffix in (".cc", ".h"):
            called = called_in_cpp(path)
        elif is_shell(path):
            called = called_in_shell(path)
        else:
            continue
        for word, only_program in called:
            if WORD.fullmatch(word) and not (word in BUILT_IN and not is_python):
                uses.setdefault(word, set()).add(name(path))
                needed |= {word} if only_program else set()
    places = {word: place for word in uses if (place := program(word))}
    owner = owners(set(places.values()))
    there = listed() | of_itself()
    ours = {path.name for path in files("") if os.access(path, os.X_OK)} | {"ikelbd", "ikelbctl"}
    faults = []
    for word, users in sorted(uses.items()):
        where = ", ".join(sorted(users))
        if word in places:
            package = owner.get(places[word])
            of_ci = OF_CI if all(user.startswith(".ci/") for user in users) else set()
            if package and package not in there | of_ci:
                faults.append(f"{word} is in package {package}, which is on no list: {where}")
        elif word in needed and word not in ours:
            faults.append(f"{word} is nowhere, and on no list: {where}")
    print(f"{len(places)} programs, {len(listed())} packages on {' and '.join(LISTS)}")
    for fault in faults:
        print(fault)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
