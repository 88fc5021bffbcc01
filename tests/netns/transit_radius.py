# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The ikelb authors
"""The servers' own HTTP, DNS and large RADIUS datagrams pass both ways, whole and untranslated.

    [out] 198.18.0.240 :80 :53 :1812 ── [isp] ── wan0 [lb] lan0 ──┬── s1
                                                                  └── s2 :1812

Datagrams of 3,000 bytes travel as IP fragments. What the outside host begins, a rule of
transit.allow lets in. Twin gateway: the servers have another default gateway. Twin unnamed: no rule
names RADIUS.
"""

import os
import selectors
import socket
import threading

from testlib import crafted

FOR_CONTROL = True
TWINS = {"gateway": "no answer", "unnamed": "no answer on port 1812 from 10.20.0.12"}
RADIUS = {"from": "198.18.0.240/32", "to": "10.20.0.0/24", "protocol": "udp", "ports": 1812}
BODY = os.urandom(300_000)


def serve_http(listener):
    while True:
        try:
            connection, _ = listener.accept()
        except OSError:
            return
        with connection:
            connection.recv(4096)
            connection.sendall(b"HTTP/1.0 200 OK\r\nContent-Length: %d\r\n\r\n" % len(BODY) + BODY)


def fetch(space, address):
    """The body that http://address/ gives; empty when there is no answer."""
    with space.socket(socket.AF_INET, socket.SOCK_STREAM) as one:
        one.settimeout(3)
        try:
            one.connect((address, 80))
            one.sendall(b"GET / HTTP/1.0\r\n\r\n")
            reply = b""
            while part := one.recv(65536):
                reply += part
        except OSError:
            return b""
    return reply.partition(b"\r\n\r\n")[2]


def ask(case, asker, asker_address, answerer, answerer_address, port, size):
    """One request and its answer of `size` bytes each; the answerer must see the asker's own
    address."""
    with crafted.udp_socket(asker, asker_address, 0) as request, crafted.udp_socket(
        answerer, answerer_address, port
    ) as serve:
        own_port, data = request.getsockname()[1], os.urandom(size)
        waiting = selectors.DefaultSelector()
        waiting.register(request, selectors.EVENT_READ)
        waiting.register(serve, selectors.EVENT_READ)
        for _ in range(6):  # the first one may wait for ARP
            request.sendto(data, (answerer_address, port))
            for _ in range(4):
                for key, _ in waiting.select(0.25):
                    payload, source = key.fileobj.recvfrom(65535)
                    case.equal(payload, data, f"{size} bytes on port {port}")
                    if key.fileobj is serve:
                        case.equal(source, (asker_address, own_port), f"source seen on port {port}")
                        serve.sendto(payload, source)
                    else:
                        case.equal(
                            source,
                            (answerer_address, port),
                            f"source of the answer from port {port}",
                        )
                        return
        case.check(False, f"no answer on port {port} from {answerer_address}")


def run(case):
    farm = case.farm(client_count=0)
    allow = [] if case.broken == "unnamed" else [RADIUS]
    case.balancer(farm, {**farm.config(), "transit": {"allow": allow}})
    outside, (first, second) = farm.outside_host(), farm.servers
    if case.broken == "gateway":
        first.default_gateway("10.20.0.250")
    with outside.socket(socket.AF_INET, socket.SOCK_STREAM) as listener:
        listener.bind(("198.18.0.240", 80))
        listener.listen()
        web = threading.Thread(target=serve_http, args=(listener,), daemon=True)
        web.start()
        case.check(
            fetch(first.space, "198.18.0.240") == BODY, "no answer, or another one, over HTTP"
        )
        listener.shutdown(socket.SHUT_RDWR)
        web.join()
    ask(case, first.space, first.address, outside, "198.18.0.240", 53, 60)
    ask(case, first.space, first.address, outside, "198.18.0.240", 1812, 3000)
    ask(case, outside, "198.18.0.240", second.space, second.address, 1812, 3000)
    ask(case, outside, "198.18.0.240", second.space, second.address, 1812, 1473)
    case.note(f"{len(BODY)} bytes of HTTP, DNS, 3,000-byte datagrams both ways")
