# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The ikelb authors
"""A host that answers whatever reaches it, and counts it.

Every TCP port accepts (one listener, to which nftables leads all of them; with SYN cookies its
backlog is never full), and the kernel says of every UDP port and protocol that nobody is there,
without its usual limits. The scan's packets are counted before anything can drop them.
"""

from __future__ import annotations

import re
import socket

from lab.netns import Namespace
from testlib.scanner import DSCP

LISTENER = 7
COUNTERS = ("seen", "forwarded")
_IP_TRANSPARENT, _IPV6_TRANSPARENT = 19, 75
_WITHOUT_LIMITS = {
    "net/ipv4/tcp_syncookies": 2,
    "net/ipv4/icmp_ratemask": 0,
    "net/ipv4/icmp_echo_ignore_broadcasts": 0,
    "net/ipv6/icmp/ratelimit": 0,
    "net/ipv6/icmp/ratemask": 0,
}


class OpenHost:
    """`devices`: those that the scan can come by; default all."""

    def __init__(self, space: Namespace, devices: tuple[str, ...] = ()):
        self.space = space
        space.sysctl(_WITHOUT_LIMITS)
        self._listeners = [self._listen(f) for f in (socket.AF_INET, socket.AF_INET6)]
        # Counted before defragmentation, which is at -400.
        only = f"iifname {{ {', '.join(devices)} }} " if devices else ""
        space.nft(
            "table inet open {\n counter seen { }\n counter forwarded { }\n"
            " chain count {\n  type filter hook prerouting priority -450\n"
            f"  {only}ip dscp {DSCP} counter name seen\n"
            f"  {only}ip6 dscp {DSCP} counter name seen\n }}\n"
            " chain pass {\n  type filter hook forward priority filter\n"
            f"  {only}ip dscp {DSCP} counter name forwarded\n"
            f"  {only}ip6 dscp {DSCP} counter name forwarded\n }}\n"
            " chain lead {\n  type filter hook prerouting priority mangle\n"
            f"  {only}fib daddr type local meta l4proto tcp tproxy to :{LISTENER} accept\n }}\n}}\n"
        )

    def _listen(self, family: int) -> socket.socket:
        made = self.space.socket(family, socket.SOCK_STREAM)
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            made.setsockopt(socket.IPPROTO_IPV6, _IPV6_TRANSPARENT, 1)
            made.bind(("::", LISTENER))
        else:
            made.setsockopt(socket.IPPROTO_IP, _IP_TRANSPARENT, 1)
            made.bind(("0.0.0.0", LISTENER))
        made.listen(1024)
        return made

    def counts(self) -> tuple[int, int]:
        """The scan's packets that arrived, and those of them that the kernel here was going to send
        on."""
        shown = self.space.run(["nft", "list", "counters", "table", "inet", "open"]).stdout
        seen, forwarded = (
            re.search(rf"counter {name} {{\s+packets (\d+)", shown) for name in COUNTERS
        )
        return int(seen[1]), int(forwarded[1])

    def seen(self) -> int:
        return self.counts()[0]
