#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The ikelb authors
"""Writes a source of the packet path that lacks something, so that tests can show that they would
notice: mutate.py MUTANT SOURCE OUTPUT. Fails where the source no longer reads as expected."""

import sys
from pathlib import Path

RETURN_FALSE = "    return false;\n"
# What is added behind which text. Each text must be there exactly once.
MUTANTS = {
    # IKE SPIs steer nothing.
    "no_pair_table": {
        "bool by_pair(Packet& packet, const Context& context) noexcept {\n": RETURN_FALSE,
    },
    # ESP SPIs steer nothing.
    "no_esp_table": {
        "bool by_client_spi(Packet& packet, const std::optional<sessions::Noted>& flow,\n"
        "                   Context& context) noexcept {\n": RETURN_FALSE,
        "bool by_spi_alone(Packet& packet, Context& context) noexcept {\n": RETURN_FALSE,
    },
    # A client's request moves its flow, instead of the answer to it.
    "commit_on_request": {
        "    if (!is_move && gateway == forwarding::no_gateway) return;\n": """\
    if (is_move) {
        Record moved = *flow;
        moved.backend = ref;
        context.directory.flows.write(key, moved, table.timeouts.flow, context.now);
    }
""",
    },
}


def main() -> int:
    mutant, source, output = sys.argv[1:]
    text = Path(source).read_text("utf-8")
    for place, added in MUTANTS[mutant].items():
        if text.count(place) != 1:
            print(f"{source}: is there {text.count(place)} times, not once:\n{place}")
            return 1
        text = text.replace(place, place + added)
    Path(output).write_text(text, "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
