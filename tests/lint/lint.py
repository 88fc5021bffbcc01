#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The ikelb authors
"""Rules of the source tree that no compiler checks. Each is a function; its name is its command."""

from __future__ import annotations

import argparse
import ast
import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

TOP_LEVEL = set(
    "meson.build meson_options.txt README.md CONTRIBUTING.md LICENSE dataplane controlplane config"
    " deploy tests docs .ci .clang-format .clang-tidy .editorconfig .gitignore .git".split()
)

# Which folder includes which: docs/architecture.md says the same. A folder may include itself. What
# is allowed here and not done is a fault as well, so that the list stays as narrow as the tree.
MAY_INCLUDE = {
    "dataplane/net": [],
    "dataplane/ike": ["dataplane/net"],
    "dataplane/wall": ["dataplane/net"],
    "dataplane/forwarding": ["dataplane/net", "dataplane/wall"],
    "dataplane/sessions": [
        "dataplane/net", "dataplane/ike", "dataplane/wall", "dataplane/forwarding"
    ],
    "dataplane/packet": [
        "dataplane/net", "dataplane/ike", "dataplane/forwarding", "dataplane/sessions"
    ],
    "dataplane/affinity": [
        "dataplane/ike", "dataplane/forwarding", "dataplane/sessions", "dataplane/packet"
    ],
    "dataplane/pipeline": [
        "dataplane/net", "dataplane/wall", "dataplane/packet", "dataplane/affinity"
    ],
    "dataplane/dpdk": ["dataplane/net", "dataplane/wall"],
    "dataplane/worker": [
        "dataplane/forwarding", "dataplane/sessions", "dataplane/packet", "dataplane/pipeline",
        "dataplane/dpdk",
    ],
    "config/text": ["dataplane/net"],
    "config": ["dataplane/net", "config/text"],
    "controlplane/posix": [],
    "controlplane/kernel/netlink": ["dataplane/net", "config/text", "controlplane/posix"],
    "controlplane/kernel/tap": [
        "dataplane/net", "config/text", "controlplane/posix", "controlplane/kernel/netlink"
    ],
    "controlplane/health": ["dataplane/net"],
    "controlplane/api": ["controlplane/posix"],
    "controlplane/metrics": [],
    "controlplane/ctl": ["controlplane/api", "config"],
    "controlplane/table": [
        "dataplane/net", "dataplane/forwarding", "config", "controlplane/kernel/netlink"
    ],
    "controlplane/state": [
        "dataplane/net", "dataplane/wall", "dataplane/forwarding", "dataplane/sessions", "config",
        "controlplane/posix", "controlplane/table",
    ],
    "controlplane/inspect": [
        "dataplane/net", "dataplane/forwarding", "dataplane/sessions", "dataplane/packet",
        "dataplane/affinity", "config/text",
    ],
    "controlplane/replay": [
        "dataplane/wall", "dataplane/pipeline", "config", "controlplane/kernel/netlink",
        "controlplane/table",
    ],
    "controlplane/lcores": [
        "dataplane/net", "dataplane/dpdk", "dataplane/worker", "controlplane/posix"
    ],
    "controlplane/daemon": ["controlplane", "config", "dataplane"],
}  # fmt: skip
# Only these know DPDK.
MAY_USE_DPDK = ("dataplane/dpdk/", "dataplane/worker/", "controlplane/lcores/")

LINES_ALLOWED = 600
LINES_REPORTED = 400
# Lines of the boxes, with little room: who needs more makes another thing shorter. The wall is the
# rules for what may pass that is no service's.
WALL = ("dataplane/wall/", "dataplane/pipeline/wall_", "dataplane/dpdk/acl_rules.")
ROOMS = {"dataplane/": 8300, "the wall": 955, "config/": 5250, "controlplane/": 17250}

UNFINISHED = re.compile(r"\b(TO" r"DO|FIX" r"ME|X" r"XX|HA" r"CK)\b")
CODE = {".cc", ".h", ".py", ".sh", ".build", ".in"}


def files(*suffixes: str) -> list[Path]:
    """Files of the tree with one of the suffixes (all without), build directories left out."""
    found = []
    for top in sorted(ROOT.iterdir()):
        if top.name == ".git" or top.name.startswith("build") and top.is_dir():
            continue
        for path in [top] if top.is_file() else sorted(top.rglob("*")):
            if path.is_file() and "__pycache__" not in path.parts:
                if not suffixes or path.suffix in suffixes:
                    found.append(path)
    return found


def name(path: Path) -> str:
    return str(path.relative_to(ROOT))


def is_shell(path: Path) -> bool:
    if path.suffix == ".sh":
        return True
    with open(path, "rb") as file:
        first = file.readline()
    return first.startswith(b"#!") and re.search(rb"\b(ba)?sh\b", first) is not None


def top_level() -> list[str]:
    """The root holds what the README names and nothing else."""
    there = {path.name for path in ROOT.iterdir() if not path.name.startswith("build")}
    return [f"{extra}: does not belong into the root" for extra in sorted(there - TOP_LEVEL)] + [
        f"{missing}: missing" for missing in sorted(TOP_LEVEL - there - {".git"})
    ]


def folder_of(path: str) -> str:
    """The box of the architecture that a file or include path belongs to: three deep or two."""
    folders = path.split("/")[:-1]
    deep = "/".join(folders[:3])
    return deep if deep in MAY_INCLUDE else "/".join(folders[:2])


def cpp_sources() -> dict[str, str]:
    """The tree's C++, by path from the root."""
    return {name(path): path.read_text("utf-8") for path in files(".cc", ".h")}


def includes(sources: dict[str, str] | None = None) -> list[str]:
    """Includes follow the arrows of docs/architecture.md, from the root, and exist."""
    faults = []
    unused = {(own, one) for own, allowed in MAY_INCLUDE.items() for one in allowed}
    for path, text in (cpp_sources() if sources is None else sources).items():
        own = folder_of(path)
        for number, line in enumerate(text.splitlines(), 1):
            where = f"{path}:{number}"
            if re.match(r"\s*#\s*include\s*<rte_", line):
                if not path.startswith(MAY_USE_DPDK + ("tests/",)):
                    faults.append(f"{where}: DPDK outside {' and '.join(MAY_USE_DPDK)}")
            match = re.match(r'\s*#\s*include\s*"([^"]+)"', line)
            if not match:
                continue
            target = match[1]
            is_generated = (ROOT / (target + ".in")).exists()
            if not (ROOT / target).exists() and not is_generated:
                faults.append(f"{where}: {target} is not a path from the root")
            if own.startswith("tests/") or folder_of(target) == own:
                continue
            if own not in MAY_INCLUDE:
                faults.append(f"{where}: {own} is unknown to {name(Path(__file__).resolve())}")
            allowed = [one for one in MAY_INCLUDE.get(own, []) if target.startswith(one + "/")]
            unused -= {(own, one) for one in allowed}
            if own in MAY_INCLUDE and not allowed:
                faults.append(f"{where}: {own} must not include {target}")
    if sources is None:
        faults += [f"{own} may include {one} and does not" for own, one in sorted(unused)]
    return faults


# Folders that know the rules and not the product, with what joins the two.
BLIND = {
    "tests/oracle": {"arena.h", "arena.cc", "driver.cc"},
    "tests/village": {"product.h", "product.cc", "two_worlds.cc", "village_test.cc"},
}
# What a model may see of another one.
SEEN = {"tests/village/by_oracle.cc": {"tests/oracle/oracle.h"}}


def oracle(sources: dict[str, str] | None = None) -> list[str]:
    """Models of the affinity rules, and their peers, see nothing of the product but the wire."""
    faults = []
    adapters = {f"{folder}/{one}" for folder, those in BLIND.items() for one in those}
    for path, text in (cpp_sources() if sources is None else sources).items():
        own = folder_of(path)
        if own not in BLIND or path in adapters:
            continue
        for number, line in enumerate(text.splitlines(), 1):
            match = re.match(r'\s*#\s*include\s*"([^"]+)"', line)
            seen = {"tests/oracle/event.h"} | SEEN.get(path, set())
            if not match or match[1] in seen:
                continue
            if str(Path(match[1]).parent) != own or match[1] in adapters:
                faults.append(f"{path}:{number}: the model must not include {match[1]}")
    return faults


def village() -> list[str]:
    """The scenarios of tests/village, each once, are those of its model in Python."""
    folder = ROOT / "tests/village"
    text = "".join(path.read_text("utf-8") for path in sorted(folder.glob("*_scenarios.cc")))
    ours = re.findall(r'Scenario\{"(\w+)"', text)
    command = [sys.executable, "-B", str(folder / "model/run.py"), "--names"]
    theirs = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
    return (
        [f"tests/village: {one} is twice there" for one in sorted(set(ours)) if ours.count(one) > 1]
        + [f"tests/village: no scenario {one}" for one in sorted(set(theirs) - set(ours))]
        + [f"tests/village/model: no scenario {one}" for one in sorted(set(ours) - set(theirs))]
    )


# Who changes what workers learn: what a backend teaches, what a client's datagram leaves behind,
# claims, fragments, transit; the call that some of these share; a flow that is renewed where it
# stands; and a restart's restore.
WRITERS = {
    "dataplane/affinity/claims.cc", "dataplane/affinity/commit.cc", "dataplane/affinity/commit.h",
    "dataplane/affinity/teach.cc", "dataplane/pipeline/fragment.cc",
    "dataplane/pipeline/wall_transit.cc", "dataplane/packet/context.h",
    "dataplane/pipeline/fast_path.cc", "controlplane/state/restore.cc",
}  # fmt: skip
WRITE = r"(?:write|refresh|erase)\s*\("
TABLES = "flows|bindings|pairs|claims|choices|rivals|pending|candidates|logins|fragments|transit"
# In the packet path whatever has such a member is a table, but for three lists of a burst's;
# elsewhere its name tells.
WRITES = {
    "dataplane/": r"(?<!\bstanders_)(?<!\bcopies)(?<!\bheld_)"
    rf"(?:\.|->)\s*{WRITE}|\b(?:keep(?:_choice)?|write_to)\s*\(|\bSlots::exchange\s*\(",
    "controlplane/": rf"\b(?:{TABLES})(?:\[[^\]]*\])?\s*\.\s*{WRITE}",
}


def writers(sources: dict[str, str] | None = None) -> list[str]:
    """The learned tables are changed where affinity.md lets somebody learn, and nowhere else."""
    faults = []
    for path, text in (cpp_sources() if sources is None else sources).items():
        if path in WRITERS or path.startswith("dataplane/sessions/"):
            continue
        code = re.sub(r"//[^\n]*", "", text)
        for folder, writes in WRITES.items():
            if path.startswith(folder):
                faults += [
                    f"{path}:{code.count(chr(10), 0, match.start()) + 1}: changes a learned table"
                    for match in re.finditer(writes, code)
                ]
    return faults


# Trees that break a rule, and where.
RED = {
    includes: (
        {
            "dataplane/net/hash.h": '#include "dataplane/net/byte_order.h"\n'
            '#include "dataplane/sessions/keys.h"\n',
            "dataplane/affinity/decide.cc": "#include <rte_mbuf.h>\n",
            "dataplane/worker/frame.h": "#include <rte_mbuf.h>\n",
            "config/parse.cc": '#include "controlplane/state/snapshot.h"\n',
            "config/load.cc": '#include "config/no_such_file.h"\n',
            "controlplane/nowhere/one.cc": '#include "config/parse.h"\n',
            "controlplane/kernel/tap/tap.cc": '#include "controlplane/kernel/netlink/parse.h"\n',
            "controlplane/kernel/netlink/parse.cc": '#include "controlplane/kernel/tap/tap.h"\n',
        },
        {
            "dataplane/net/hash.h:2", "dataplane/affinity/decide.cc:1", "config/parse.cc:1",
            "config/load.cc:1", "controlplane/nowhere/one.cc:1",
            "controlplane/kernel/netlink/parse.cc:1",
        },
    ),
    oracle: (
        {
            "tests/oracle/oracle.cc": '#include "tests/oracle/event.h"\n'
            '#include "dataplane/affinity/standing.h"\n',
            "tests/oracle/peers.cc": '#include "tests/oracle/arena.h"\n',
            "tests/oracle/driver.cc": '#include "dataplane/net/address.h"\n',
            "tests/village/client.cc": '#include "tests/oracle/oracle.h"\n',
            "tests/village/by_oracle.cc": '#include "tests/oracle/oracle.h"\n',
            "tests/unit/one_test.cc": '#include "dataplane/affinity/standing.h"\n',
        },
        {"tests/oracle/oracle.cc:2", "tests/oracle/peers.cc:1", "tests/village/client.cc:1"},
    ),
    writers: (
        {
            "dataplane/affinity/learn.cc": "auto& pairs = context.directory.pairs;\n"
            "if (notes != known.notes) pairs.refresh(key, one, other);\n",
            "dataplane/affinity/rules.cc": "\ncontext.directory.flows\n"
            "    .refresh(key, flow, next);\n",
            "dataplane/affinity/found.cc": "// claims.erase(key) is not its own.\n"
            "context.directory.claims.erase(key);\n",
            "dataplane/pipeline/steer.cc": "keep_choice(packet, 0, context);\n",
            "dataplane/affinity/admit.cc": "write_to(pairs, key, record, evict, context);\n",
            "dataplane/affinity/standing.cc": "standers_.erase(worst);\n",
            "dataplane/worker/frame.h": "\nauto& records = of(key);\nrecords.erase(key);\n",
            "dataplane/pipeline/route.cc": "V4::Flows::Slots::exchange(slot, word, next);\n",
            "controlplane/inspect/sessions.cc": "directory.transit[share].write(key, one);\n",
            "controlplane/daemon/daemon.cc": "interfaces_down_.erase(name);\n",
            "dataplane/affinity/teach.cc": "directory.logins.erase(key);\n",
            "dataplane/worker/worker.cc": "write(fd, &one, sizeof one);\n",
        },
        {
            "dataplane/affinity/learn.cc:2", "dataplane/affinity/rules.cc:3",
            "dataplane/affinity/found.cc:2", "dataplane/pipeline/steer.cc:1",
            "dataplane/affinity/admit.cc:1", "dataplane/worker/frame.h:3",
            "dataplane/pipeline/route.cc:1", "controlplane/inspect/sessions.cc:1",
        },
    )
}  # fmt: skip


def red(rule) -> list[str]:
    """What the rule does not find in the tree that breaks it, or finds too much."""
    sources, expected = RED[rule]
    found = {fault.partition(": ")[0] for fault in rule(sources)}
    print(f"{len(found & expected)} of {len(expected)} planted faults found")
    return [f"not found: {one}" for one in sorted(expected - found)] + [
        f"no fault: {one}" for one in sorted(found - expected)
    ]


def headers() -> list[str]:
    """Every source begins with licence and owner, every header is included once."""
    faults = []
    for path in files():
        if path.suffix not in CODE and not is_shell(path) and path.parent.name != "lint":
            continue
        if path.suffix == ".in" and path.parent.name != "daemon" and "systemd" not in path.parts:
            continue
        head = path.read_text("utf-8").splitlines()[:3]
        text = "\n".join(head)
        if "SPDX-License-Identifier: BSD-3-Clause" not in text:
            faults.append(f"{name(path)}: no SPDX line on top")
        if not re.search(r"Copyright \(c\) \d{4} The ikelb authors", text):
            faults.append(f"{name(path)}: no copyright line on top")
        if path.suffix == ".h" and "#pragma once" not in path.read_text("utf-8"):
            faults.append(f"{name(path)}: no #pragma once")
    return faults


def sizes() -> list[str]:
    """A file has one job: at most 600 lines, and above 400 it is named."""
    faults = []
    rooms = dict.fromkeys(ROOMS, 0)
    for path in files(".cc", ".h", ".py"):
        lines = len(path.read_text("utf-8").splitlines())
        room = "the wall" if name(path).startswith(WALL) else name(path).split("/")[0] + "/"
        if room in rooms:
            rooms[room] += lines
        if lines > LINES_ALLOWED:
            faults.append(f"{name(path)}: {lines} lines, {LINES_ALLOWED} are allowed")
        elif lines > LINES_REPORTED:
            print(f"note: {name(path)} has {lines} lines")
    for room, lines in rooms.items():
        print(f"note: {room} has {lines} lines of {ROOMS[room]}")
        if lines > ROOMS[room]:
            faults.append(f"{room}: {lines} lines, {ROOMS[room]} are allowed")
    return faults


def unfinished() -> list[str]:
    """What is in the tree is done: work to do has no marks in the source."""
    return [
        f"{name(path)}:{number}: {line.strip()}"
        for path in files(".cc", ".h", ".py", ".sh", ".build", ".md", ".yaml", "")
        for number, line in enumerate(path.read_text("utf-8", "replace").splitlines(), 1)
        if UNFINISHED.search(re.sub(r"iklXXXX", "", line))
    ]


def text_form() -> list[str]:
    """At most 100 columns, no tab, no blank at a line's end, one newline at the file's."""
    faults = []
    for path in files(".cc", ".h", ".py", ".sh", ".build"):
        text = path.read_text("utf-8")
        if not text.endswith("\n") or text.endswith("\n\n"):
            faults.append(f"{name(path)}: does not end with one newline")
        for number, line in enumerate(text.splitlines(), 1):
            if "\t" in line or line.rstrip() != line:
                faults.append(f"{name(path)}:{number}: tab, or blanks at the end")
            if len(line) > 100 and "https://" not in line and not VERDICT.match(line):
                faults.append(f"{name(path)}:{number}: {len(line)} columns")
    return faults


def python() -> list[str]:
    """Python compiles."""
    faults = []
    for path in files(".py"):
        try:
            ast.parse(path.read_text("utf-8"), name(path))
        except SyntaxError as error:
            faults.append(f"{name(path)}:{error.lineno}: {error.msg}")
    return faults


def shell() -> list[str]:
    """Shell scripts parse; where shellcheck is installed, it is content."""
    faults = []
    has_checker = shutil.which("shellcheck") is not None
    for path in (path for path in files() if is_shell(path)):
        for command in [["bash", "-n"]] + [["shellcheck", "-x", "-P", "SCRIPTDIR"]] * has_checker:
            done = subprocess.run([*command, name(path)], cwd=ROOT, capture_output=True, text=True)
            if done.returncode != 0:
                faults.append((done.stderr + done.stdout).strip())
    return faults


def executables() -> list[str]:
    """What begins with #! is executable, and nothing else is."""
    faults = []
    for path in files():
        with open(path, "rb") as file:
            is_program = file.read(2) == b"#!"
        if is_program != bool(path.stat().st_mode & 0o100):
            faults.append(f"{name(path)}: {'not executable' if is_program else 'executable'}")
    return faults


def registered() -> list[str]:
    """Each source is in its folder's meson.build: a test that nobody runs is none."""
    faults = []
    for path in files(".cc"):
        builds = [folder / "meson.build" for folder in path.parents if folder.is_relative_to(ROOT)]
        if not any(
            build.exists() and f"'{path.relative_to(build.parent)}'" in build.read_text("utf-8")
            for build in builds
        ):
            faults.append(f"{name(path)}: in no meson.build")
    for path in files(".patch"):
        if f"'{path.stem}': {{" not in (path.parent / "meson.build").read_text("utf-8"):
            faults.append(f"{name(path)}: in no meson.build")
    return faults


VERDICT = re.compile(r'\s*X\((\w+),\s*(forward|punt|hold|drop),\s*"([^"]*)"\)')


def verdicts() -> list[tuple[str, str, str]]:
    text = (ROOT / "dataplane/packet/verdict.h").read_text("utf-8")
    return [match.groups() for line in text.splitlines() if (match := VERDICT.match(line))]


def verdict_page() -> str:
    """docs/verdicts.md as it has to be."""
    titles = {
        "drop": (
            "Dropped",
            "Counted by `ikelb_dropped_packets_total{reason}`; `ikelbctl drops` shows them.",
        ),
        "punt": (
            "Handed to the kernel",
            "Counted by `ikelb_punted_packets_total{class}`. Each class has a rate limit of its"
            " own.",
        ),
        "hold": (
            "Held for a moment",
            "Tried again each millisecond, for 200 ms at most; the end is one of the other"
            " verdicts.",
        ),
        "forward": ("Forwarded", "Counted per worker and, for services, per backend."),
    }
    page = [
        "# Verdicts",
        "",
        "Every packet ends with exactly one verdict. This page is generated from",
        "`dataplane/packet/verdict.h` by `tests/lint/lint.py verdict_docs --write`; a test"
        " compares the two.",
    ]
    for fate, (title, text) in titles.items():
        page += ["", f"## {title}", "", text, "", "| verdict | meaning |", "|---|---|"]
        page += [f"| `{verdict}` | {help} |" for verdict, its, help in verdicts() if its == fate]
    return "\n".join(page) + "\n"


def verdict_docs(write: bool = False) -> list[str]:
    """docs/verdicts.md lists exactly the verdicts that there are."""
    path = ROOT / "docs/verdicts.md"
    if write:
        path.write_text(verdict_page(), "utf-8")
    text = (ROOT / "dataplane/packet/verdict.h").read_text("utf-8")
    count = text.count("    X(") - len(re.findall(r'    X\(\w+, +"', text))  # those are rules
    faults = [] if count == len(verdicts()) else [f"{count} verdicts, {len(verdicts())} understood"]
    if not path.exists() or path.read_text("utf-8") != verdict_page():
        faults.append("docs/verdicts.md differs: run tests/lint/lint.py verdict_docs --write")
    return faults


RULE_ROW = re.compile(r"RuleRow\{Rule::(\w+), When::(\w+),")
DATAGRAMS = {
    "new_sa": "new SA: SPIr = 0", "ike": "IKE of an SA", "esp": "ESP", "keepalive": "keepalive"
}  # fmt: skip
WHEN = {
    "always": "",
    "by_source": ", by source",
    "nat_t_or_by_source": ", on 4500 or by source",
    "request_by_source": ", a request by source",
}


def rule_tables() -> str:
    """Of docs/life-of-a-packet.md: the rules in their order, and what each of them says."""
    source = (ROOT / "dataplane/affinity/rules.cc").read_text("utf-8")
    columns = [
        [f"`{rule}`{WHEN[when]}" for rule, when in RULE_ROW.findall(rows[1])]
        for kind in DATAGRAMS
        if (rows := re.search(rf"{kind}_rules\{{\n(.*?)\n\}};", source, re.S))
    ]
    page = ["| | " + " | ".join(DATAGRAMS.values()) + " |", "|---" * (len(columns) + 1) + "|"]
    for place in range(max(map(len, columns))):
        cells = [column[place] if place < len(column) else "" for column in columns]
        page.append(f"| {place + 1} | " + " | ".join(cells) + " |")
    page += ["", "| rule | goes by |", "|---|---|"]
    helps = (ROOT / "dataplane/packet/verdict.h").read_text("utf-8")
    said = re.findall(r'X\((\w+), +"(.*)"\)', helps)
    page += [f"| `{rule}` | {text} |" for rule, text in said]
    return "\n".join(page) + "\n"


def rule_docs(write: bool = False) -> list[str]:
    """docs/life-of-a-packet.md has the rules of dataplane/affinity/rules.cc in their order."""
    path = ROOT / "docs/life-of-a-packet.md"
    marked = re.compile(r"(?<=<!-- rules: begin -->\n).*?(?=<!-- rules: end -->)", re.S)
    text = path.read_text("utf-8")
    if len(there := marked.findall(text)) != 1:
        return ["docs/life-of-a-packet.md: no place between <!-- rules: begin --> and end"]
    tables = rule_tables()
    rows = (ROOT / "dataplane/affinity/rules.cc").read_text("utf-8").count("RuleRow{")
    shown = sum(line.count("`") // 2 for line in re.findall(r"(?m)^\| \d.*", tables))
    if write:
        path.write_text(marked.sub(lambda _: tables, text), "utf-8")
    elif there != [tables]:
        return ["docs/life-of-a-packet.md differs: run tests/lint/lint.py rule_docs --write"]
    return [] if rows == shown else [f"{rows} rows of rules, {shown} understood"]


def links() -> list[str]:
    """What a document of ours points at exists: links, and paths in `code`."""
    faults = []
    folders = "dataplane controlplane config deploy tests docs".split()
    for path in files(".md"):
        for number, line in enumerate(path.read_text("utf-8").splitlines(), 1):
            targets = [path.parent / target for target in re.findall(r"\]\(([^)#:]+)\)", line)]
            for target in re.findall(r"`([\w./-]+)`", line):
                if target.split("/")[0] in folders and "/" in target.rstrip("/"):
                    targets.append(ROOT / target)
            for target in targets:
                stem = target.with_suffix("")
                if not target.exists() and not any(stem.parent.glob(stem.name + ".*")):
                    faults.append(f"{name(path)}:{number}: there is no {target.relative_to(ROOT)}")
    return faults


def scenarios() -> list[str]:
    """The table of scenarios in docs/lab.md names each file of tests/netns once."""
    there = {path.stem for path in (ROOT / "tests/netns").glob("*.py")} - {"run"}
    _, _, section = (ROOT / "docs/lab.md").read_text("utf-8").partition("\n## The scenarios\n")
    cells = re.findall(r"(?m)^\| (`[^|]*) \|", section.partition("\n## ")[0])
    named = re.findall(r"`(\w+)`", " ".join(cells))
    return (
        [f"docs/lab.md: the scenarios lack {one}" for one in sorted(there - set(named))]
        + [f"docs/lab.md: there is no scenario {one}" for one in sorted(set(named) - there)]
        + [f"docs/lab.md: {one} twice" for one in sorted(set(named)) if named.count(one) > 1]
    )


RULES = [
    top_level, includes, headers, sizes, unfinished, text_form, python, shell, executables,
    registered, verdict_docs, rule_docs, links, scenarios, oracle, village, writers,
]  # fmt: skip


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("rule", choices=["all", *(rule.__name__ for rule in RULES)])
    parser.add_argument("--write", action="store_true", help="verdict_docs, rule_docs: to the page")
    parser.add_argument("--red", action="store_true", help="of some: by a tree that breaks it")
    options = parser.parse_args()
    chosen = [rule for rule in RULES if options.rule in ("all", rule.__name__)]
    faults = []
    for rule in chosen:
        faults += red(rule) if options.red else rule(write=True) if options.write else rule()
    for fault in faults:
        print(fault)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
