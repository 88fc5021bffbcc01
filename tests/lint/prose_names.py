#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The ikelb authors
"""What prose names is in the tree: files, folders, functions, types and other names of the code.

  prose_names.py              documents, and comments and docstrings of code; faults, a line each
  prose_names.py --red        a small tree with false mentions: each must be found, and no other

Prose is README.md and docs/, and the comments of everything else. A name is what is written as one:
`in_code_marks`, path/of/a.file, file.cc, call(), Two::parts, CamelCase, and in documents "`name` in
`path`" and "`name` (`path`)", which is to hold the name. Names that are others' stand in
foreign_names.txt, each with its reason; one that nothing mentions any more is a fault too.
"""

from __future__ import annotations

import ast
import fnmatch
import io
import re
import sys
import tokenize
from pathlib import Path
from typing import Iterator, NamedTuple

ROOT = Path(__file__).resolve().parents[2]
FOREIGN = Path(__file__).resolve().parent / "foreign_names.txt"
FUZZED = ("tests/fuzz/corpus/", "tests/fuzz/known/client/")  # no words of ours

FOLDERS = "dataplane|controlplane|config|deploy|tests|docs"
FILE = r"[\w-]+\.(?:cc|h|py|sh|md|build|txt|yaml|json|service|conf|in)"
CXX = {".cc", ".h", ".in"}
# Words here are the tree's own data, and speak of anybody's names: golden cases, numbers.
DATA = {".txt", ".json", ".pcap"}


CXX_TOKEN = re.compile(
    r"""//[^\n]*|/\*.*?\*/|R"\(.*?\)"|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])'""", re.S
)
TYPE = re.compile(r"(?<![\w/.:@`-])[A-Z][a-z0-9]+(?:[A-Z][a-z0-9]+)+(?![\w/:.-]\w)")
SNAKE = re.compile(r"(?<![\w/.:<$%=@-])[a-z]\w*_\w*[a-z0-9](?![\w/(=-]|[.:]\w)")


class Mention(NamedTuple):
    where: str
    kind: str  # path, file, call, type, word, name in a path
    name: str
    path: str = ""  # where the name is said to be


# --- prose and code -----------------------------------------------------------------------------


def split_cxx(text: str) -> tuple[list[tuple[int, str]], str]:
    """Comments with their lines, and the code without them; literals are code."""
    comments, code, position = [], [], 0
    for match in CXX_TOKEN.finditer(text):
        code.append(text[position : match.start()])
        position = match.end()
        if match[0].startswith("/"):
            first = text.count("\n", 0, match.start()) + 1
            comments += [(first + i, line) for i, line in enumerate(match[0].splitlines())]
        else:
            code.append(match[0])
    return comments, "".join([*code, text[position:]])


def split_python(text: str) -> tuple[list[tuple[int, str]], str]:
    comments: list[tuple[int, str]] = []
    lines = text.splitlines()
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.COMMENT:
            row, column = token.start
            comments.append((row, token.string))
            lines[row - 1] = lines[row - 1][:column]
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef)) and node.body:
            first = node.body[0]
            if ast.get_docstring(node) is not None:
                for row in range(first.lineno, first.end_lineno + 1):
                    comments.append((row, lines[row - 1]))
                    lines[row - 1] = ""
    return comments, "\n".join(lines)


def split_hash(text: str) -> tuple[list[tuple[int, str]], str]:
    """Shell, YAML, Meson, systemd: # begins a comment at a word's beginning."""
    comments, code = [], []
    for number, line in enumerate(text.splitlines(), 1):
        match = re.search(r"(?:^|\s)#(?!!).*", line)
        comments += [(number, match[0])] if match else []
        code.append(line[: match.start()] if match else line)
    return comments, "\n".join(code)


def split(path: str, text: str) -> tuple[list[tuple[int, str]], str]:
    suffix = Path(path).suffix
    if suffix == ".md":
        return list(enumerate(text.splitlines(), 1)), ""
    if suffix in CXX and not path.endswith(".service.in"):
        return split_cxx(text)
    if suffix == ".py" or text.startswith(("#!/usr/bin/python3", "#!/usr/bin/env python3")):
        return split_python(text)
    if suffix in DATA:
        return [], text
    return split_hash(text)


# --- mentions -----------------------------------------------------------------------------------


def mentions_in(where: str, line: str, is_document: bool) -> Iterator[Mention]:
    line = re.sub(r"https?://\S+|\]\([^)]*\)", " ", line)
    for match in re.finditer(rf"(?<![\w/.$~-])(?:{FOLDERS})/[\w./*{{}},-]*[\w*}}/]", line):
        yield Mention(where, "path", match[0].rstrip("/"))
    for match in re.finditer(rf"(?<![\w/.*$<-]){FILE}(?![\w/])", line):
        yield Mention(where, "file", match[0])
    for match in re.finditer(r"(?<![\w.\"'`/-])((?:\w+(?:::|\.|->))*)([a-z_]\w{2,})\(\)", line):
        yield Mention(where, "call", match[2])
    for match in re.finditer(r"(?<![\w/.:-])[A-Za-z]\w*(?:::\w+)+", line):
        if not match[0].startswith("std::"):
            for part in match[0].split("::"):
                yield Mention(where, "word", part)
    for match in TYPE.finditer(line):
        yield Mention(where, "type", match[0])
    for match in re.finditer(r"`([^`\s]+)`", line):
        word = match[1].removesuffix("()")
        if re.fullmatch(r"[A-Za-z_]\w*", word):
            yield Mention(where, "word", word)
    if not is_document:
        for match in SNAKE.finditer(line):
            yield Mention(where, "word", match[0])


def places_in(path: str, text: str) -> Iterator[Mention]:
    """What a document says to be in a file."""
    names = r"((?:`[\w:]+`(?:,\s+|\s+and\s+))*`[\w:]+`)"
    for match in re.finditer(rf"{names}\s+(?:in\s+|\()`((?:{FOLDERS})/[\w./-]+)`", text):
        where = f"{path}:{text.count(chr(10), 0, match.start()) + 1}"
        for name in re.findall(r"`([\w:]+)`", match[1]):
            yield Mention(where, "name", name.split("::")[-1], match[2])


def braces(path: str) -> list[str]:
    """dir/{a,b}.h: what the shell makes of it."""
    match = re.search(r"\{([^}]*)\}", path)
    if not match:
        return [path]
    return [
        one
        for part in match[1].split(",")
        for one in braces(path[: match.start()] + part + path[match.end() :])
    ]


class Tree:
    """Files by path, and what their code calls things."""

    def __init__(self, texts: dict[str, str], other_files: set[str], foreign: dict[str, str]):
        self.paths = set(texts) | other_files
        self.folders = {str(parent) for path in self.paths for parent in Path(path).parents}
        self.names = {Path(path).name for path in self.paths}
        self.foreign = foreign
        self.mentions: list[Mention] = []
        code = []
        for path, text in sorted(texts.items()):
            comments, rest = split(path, text)
            code.append(rest)
            is_document = path.endswith(".md")
            if is_document:
                self.mentions += places_in(path, text)
            for number, line in comments:
                self.mentions += mentions_in(f"{path}:{number}", line, is_document)
        whole = "\n".join(code)
        self.words = set(re.findall(r"\w+", whole)) | {Path(path).stem for path in self.paths}
        self.words |= {part for path in self.paths for part in Path(path).parts}
        self.calls = set(re.findall(r"(\w+)\s*(?:<[^;(){}]*>)?\(", whole))
        self.texts = texts
        self.code = whole

    def has_path(self, path: str) -> bool:
        for one in braces(path):
            known = self.paths | self.folders
            # A module, a fuzzer: named without the suffix. A folder's files by a pattern.
            if one not in known and not any(
                fnmatch.fnmatch(other, one) or other.startswith(one + ".") for other in known
            ):
                return False
        return True

    def is_known(self, mention: Mention) -> bool:
        if mention.name in self.foreign:
            return True
        if mention.kind == "path":
            return self.has_path(mention.name)
        if mention.kind == "file":
            # Made by the build from one with .in, or by a program that names it.
            return bool({mention.name, mention.name + ".in"} & self.names) or (
                mention.name in self.code
            )
        if mention.path:
            holds = self.texts.get(mention.path, "")
            return bool(re.search(rf"\b{mention.name}\b", holds)) or mention.path in self.folders
        return mention.name in (self.calls if mention.kind == "call" else self.words)

    def faults(self) -> list[str]:
        found = [
            f"{mention.where}: {mention.name} is no {mention.kind} of {mention.path or 'the tree'}"
            for mention in dict.fromkeys(self.mentions)
            if not self.is_known(mention)
        ]
        stale = set(self.foreign) - {mention.name for mention in self.mentions}
        return found + [f"{FOREIGN.name}: nothing mentions {name}" for name in sorted(stale)]


def foreign_names() -> dict[str, str]:
    names = {}
    for line in FOREIGN.read_text("utf-8").splitlines():
        name, _, reason = line.partition("  ")
        if name and not name.startswith("#"):
            if not reason.strip():
                raise SystemExit(f"{FOREIGN.name}: {name} has no reason")
            names[name] = reason.strip()
    return names


def read_tree() -> Tree:
    texts, others = {}, set()
    for top in sorted(ROOT.iterdir()):
        if top.name == ".git" or top.name.startswith("build") and top.is_dir():
            continue
        for path in [top] if top.is_file() else sorted(top.rglob("*")):
            if not path.is_file() or "__pycache__" in path.parts:
                continue
            name = str(path.relative_to(ROOT))
            is_others = path in (FOREIGN, Path(__file__).resolve()) or name == "LICENSE"
            if is_others or name.startswith(FUZZED):
                others.add(name)
                continue
            try:
                texts[name] = path.read_text("utf-8")
            except UnicodeDecodeError:
                others.add(name)
    return Tree(texts, others, foreign_names())


# --- the red twin -------------------------------------------------------------------------------

TRUE = {
    "docs/true.md": "`Real` is in `dataplane/a/real.h`; see `real_word`, tests/t*.py and"
    " dataplane/a/{real.h,real.cc}. Two::parts() are called by compute(). `--flag`, `x y`."
    " OpenThing is others'.\n",
    "dataplane/a/real.h": "#pragma once\n/// compute() of Real, see real.cc and real_word.\n"
    "struct Real { int compute(); int Two; };\n",
    "dataplane/a/real.cc": 'int parts() { return real_word; } // an a/b or e.g. this\n',
    "tests/t1.py": '"""What real.h does."""\n\n\ndef check():  # as compute() wants it\n    pass\n',
}
FALSE = {
    "docs/gone.md": "`GoneType` is in `dataplane/a/gone.h`.\nThere is (`Real`, `parts` in\n"
    "`dataplane/a/real.h`), and `parts` (`dataplane/a/real.cc`).\n",
    "dataplane/a/gone_comment.h": "#pragma once\n// overdue() tells, and so does tests/gone.py.\n"
    "int f(int overdue);\n",
    "controlplane/b/gone.cc": "int g; // where old.cc had OldName and an old_word\n",
    "tests/t2.py": '"""Calls vanish() as check() does."""\n',
    "tests/meson.build": "# like gone.sh\nx = 1  # of Real::lost\n",
}
EXPECTED = {
    ("docs/gone.md:1", "GoneType"),
    ("docs/gone.md:1", "dataplane/a/gone.h"),
    ("docs/gone.md:2", "parts"),
    ("dataplane/a/gone_comment.h:2", "overdue"),
    ("dataplane/a/gone_comment.h:2", "tests/gone.py"),
    ("controlplane/b/gone.cc:1", "old.cc"),
    ("controlplane/b/gone.cc:1", "OldName"),
    ("controlplane/b/gone.cc:1", "old_word"),
    ("tests/t2.py:1", "vanish"),
    ("tests/meson.build:1", "gone.sh"),
    ("tests/meson.build:2", "lost"),
    (FOREIGN.name, "nothing mentions StaleName"),
}


def red() -> int:
    foreign = {"OpenThing": "a library", "StaleName": "left over"}
    found = set()
    for fault in Tree({**TRUE, **FALSE}, set(), foreign).faults():
        where, _, what = fault.partition(": ")
        found.add((where, what.partition(" is no ")[0]))
    for missing in sorted(EXPECTED - found):
        print(f"not found: {missing}")
    for extra in sorted(found - EXPECTED):
        print(f"no fault: {extra}")
    print(f"{len(EXPECTED & found)} of {len(EXPECTED)} false mentions found")
    return 0 if found == EXPECTED else 1


def main() -> int:
    if sys.argv[1:] == ["--red"]:
        return red()
    if sys.argv[1:]:
        print(__doc__, file=sys.stderr)
        return 2
    faults = read_tree().faults()
    for fault in faults:
        print(fault)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
