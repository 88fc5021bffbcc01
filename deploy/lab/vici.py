# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The ikelb authors
"""The output of `swanctl --list-sas --raw` as Python values."""

from __future__ import annotations

import re

_TOKEN = re.compile(r"[{}\[\]]|[^\s{}\[\]]+")


def _section(tokens: list[str], at: int) -> tuple[dict, int]:
    values: dict = {}
    while at < len(tokens) and tokens[at] != "}":
        name = tokens[at]
        after = tokens[at + 1] if at + 1 < len(tokens) else ""
        if after == "{":
            values[name], at = _section(tokens, at + 2)
        elif name.endswith("=") and after == "[":
            end = tokens.index("]", at)
            values[name[:-1]] = tokens[at + 2 : end]
            at = end
        else:
            key, _, value = name.partition("=")
            values[key] = value
        at += 1
    return values, at


def parse_sas(raw: str) -> list[dict]:
    """One dict for each IKE_SA, with `name` beside its own keys; CHILD_SAs under `child-sas`."""
    found = []
    for line in raw.splitlines():
        if not line.startswith("list-sa event"):
            continue
        values, _ = _section(_TOKEN.findall(line[len("list-sa event") :].strip())[1:], 0)
        found += [{"name": name, **sa} for name, sa in values.items() if isinstance(sa, dict)]
    return found
