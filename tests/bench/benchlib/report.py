# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The ikelb authors
"""The results as tables for people."""

from __future__ import annotations

from typing import Callable, Sequence

from lab.terminal import paint, table

SOURCE = "testpmd_rxonly"  # the source by itself
KERNEL = "nftables_dnat"  # what ikelb on veth is compared with


def _number(value, digits: int = 1) -> str:
    if value is None:
        return "-"
    return f"{value:,.{digits}f}" if isinstance(value, (int, float)) else str(value)


def _share(value) -> str:
    return "-" if value is None else f"{value:.1%}"


def _ratio(value) -> str:
    return "" if value is None else f"{value:.2f} x"


def _plain(found: dict, indent: str = "") -> str:
    """Key and value, a line each."""
    lines = []
    for key, value in found.items():
        if isinstance(value, dict):
            lines.append(f"{indent}{key}:")
            lines.append(_plain(value, indent + "  "))
        else:
            shown = value if not isinstance(value, float) else f"{value:,.4g}"
            lines.append(f"{indent}{key.ljust(26 - len(indent))} {shown}")
    return "\n".join(lines)


def _rows(head: Sequence[str], found: list[dict], cells: Callable[[dict], Sequence[str]]) -> str:
    return table(head, [[str(cell) for cell in cells(one)] for one in found])


def _pipeline(found: list[dict]) -> str:
    head = ("direction", "IPv", "flows", "burst", "frame", "stream", "headers", "pages",
            "cycles/packet", "of all pieces", "of rte_hash", "spread", "disturbed")  # fmt: skip

    def cells(one: dict) -> Sequence[str]:
        words = [str(one.get(key, "")) for key in ("stream", "headers", "pages")]
        return (
            one["direction"], one["family"], f"{one['flows']:,}", one["burst"], one["frame"],
            *words, _number(one["cycles_per_packet"]), _number(one.get("unfiltered")),
            _ratio(one.get("of_reference")), _share(one["spread"]), _share(one.get("disturbed")),
        )  # fmt: skip

    return _rows(head, found, cells)


def _reference(found: list[dict]) -> str:
    head = ("name", "flows", "pages", "cycles/packet", "of all pieces", "spread", "disturbed")
    return _rows(head, found, lambda one: (
        one["name"], f"{one['flows']:,}", one["pages"], _number(one["cycles_per_packet"]),
        _number(one["unfiltered"]), _share(one["spread"]), _share(one["disturbed"]),
    ))  # fmt: skip


def _quiet_replies(found: list[dict]) -> str:
    head = ("silent for", "flows", "first replies", "cycles/packet", "of all pieces", "of fresh",
            "spread")  # fmt: skip
    return _rows(head, found, lambda one: (
        f"{one['quiet_seconds']} s", f"{one['flows']:,}", _share(one["first_share"]),
        _number(one["cycles_per_packet"]), _number(one["unfiltered"]), _ratio(one["of_fresh"]),
        _share(one["spread"]),
    ))  # fmt: skip


def _lines(found: list[dict]) -> str:
    head = ("MiB", "pages", "two lines anywhere", "two on a page of 4 KiB")
    return _rows(head, found, lambda one: (
        f"{one['mebibytes']:,}", one["pages"], _number(one["two_random_lines"]),
        _number(one["two_on_one_page"]),
    ))  # fmt: skip


def _peers(found: list[dict]) -> str:
    """Beside each figure the quotient of ikelb's and it, on the same source: with the source's own
    cost in both, and without."""
    costs = {(one["name"], one["source"], one["flows"]): one["cycles_per_packet"] for one in found}

    def cells(one: dict) -> Sequence[str]:
        cost, on = one["cycles_per_packet"], (one["source"], one["flows"])
        own, bare = costs.get(("ikelb", *on)), costs.get((SOURCE, *on))
        net = cost - bare if cost and bare and one["name"] != SOURCE else None
        ratio = ""
        if cost and own and one["name"] not in ("ikelb", SOURCE):
            ratio = f"{own / cost:.2f} x"
            if net and net > 0:
                ratio += f", without source {(own - bare) / net:.2f} x"
        return (
            one["source"], f"{one['flows']:,}", one["name"], _number(cost),
            _share(one.get("spread")), _number(net), one.get("missing", ratio),
        )  # fmt: skip

    order = sorted(found, key=lambda one: (one["source"] != "pcap", one["flows"]))
    head = ("source", "flows", "program", "cycles/packet", "spread", "less source", "ikelb takes")
    return _rows(head, order, cells)


def _veth(found: list[dict]) -> str:
    head = ("path", "kpps", "spread", "CPU s/Mpkt", f"of {KERNEL}", "at equal load",
            "loss at equal load", "+p50 us", "+p99", "+p99.9", "one way p50")  # fmt: skip
    kernel = next((one["cpu_seconds_per_mpkt"] for one in found if one["path"] == KERNEL), None)

    def cells(one: dict) -> Sequence[str]:
        cpu = one["cpu_seconds_per_mpkt"]
        return (
            one["path"], _number(one["pps"] / 1e3, 0), _share(one["pps_spread"]), _number(cpu, 2),
            f"{cpu / kernel:.2f} x" if kernel else "",
            _number(one["cpu_seconds_per_mpkt_at_equal_load"], 2), _share(one["loss"]),
            *(_number(one[key]) for key in ("p50_us", "p99_us", "p999_us", "one_way_p50_us")),
        )  # fmt: skip

    return _rows(head, found, cells) + "\nLatencies with + are added to those of the cable alone."


_TABLES = {"pipeline": _pipeline, "reference": _reference, "quiet_replies": _quiet_replies,
           "lines": _lines, "peers": _peers, "veth": _veth}  # fmt: skip
# In other tables already.
_NOT_SHOWN = ("unfiltered",)


def text(results: dict) -> str:
    parts = []
    for name, found in results.items():
        if name in _NOT_SHOWN:
            continue
        shown = _TABLES[name](found) if name in _TABLES else _plain(found)
        parts.append(f"{paint(name, 'bold')}\n{shown}")
    return "\n\n".join(parts)
