# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The ikelb authors
"""IKE and ESP datagrams as a middlebox sees them: headers right (RFC 7296 section 3), contents
random."""

from __future__ import annotations

import os
import struct

IKE_SA_INIT, IKE_AUTH, INFORMATIONAL, IKE_INTERMEDIATE = 34, 35, 37, 43
PAYLOAD_SA, PAYLOAD_KE, PAYLOAD_NONCE, PAYLOAD_NOTIFY, PAYLOAD_SK = 33, 34, 40, 41, 46
PAYLOAD_DELETE = 42
NOTIFY_INVALID_KE, NOTIFY_COOKIE = 17, 16390
FLAG_INITIATOR, FLAG_RESPONSE = 0x08, 0x20
MARKER = b"\0\0\0\0"  # non-ESP marker, RFC 3948 section 2.2
_HEADER = struct.Struct("!8s8sBBBBII")

# One proposal: IKE, AES-CBC-128, HMAC-SHA2-256, PRF-HMAC-SHA2-256, curve 25519.
_SA = bytes.fromhex(
    "0000002c01010004"
    "0300000c0100000c800e0080"
    "030000080300000c"
    "0300000802000005"
    "000000080400001f"
)

# What the lab's servers accept: AES-GCM-128 with 16 octets of ICV in place of the first two and the
# integrity transform.
_SA_OF_LAB = bytes.fromhex(
    "0000002401010003"
    "0300000c01000014800e0080"
    "0300000802000005"
    "000000080400001f"
)


def _payload(following: int, body: bytes) -> bytes:
    return struct.pack("!BBH", following, 0, 4 + len(body)) + body


def _message(
    spi_i: bytes, spi_r: bytes, first: int, exchange: int, flags: int, number: int, payloads: bytes
) -> bytes:
    return (
        _HEADER.pack(spi_i, spi_r, first, 0x20, exchange, flags, number, 28 + len(payloads))
        + payloads
    )


def new_spi() -> bytes:
    return b"\x5a" + os.urandom(7)


def init_request(spi_i: bytes) -> bytes:
    return _init(spi_i, bytes(8), FLAG_INITIATOR)


def acceptable_init(spi_i: bytes) -> bytes:
    """A strongSwan server of the lab opens an SA for it, and keeps it half open for 30 s."""
    return _init(spi_i, bytes(8), FLAG_INITIATOR, _SA_OF_LAB)


def bare_init(spi_i: bytes) -> bytes:
    """An IKE_SA_INIT request without payloads: servers refuse it and keep nothing."""
    return _message(spi_i, bytes(8), 0, IKE_SA_INIT, FLAG_INITIATOR, 0, b"")


def cookie_retry(spi_i: bytes, cookie: bytes) -> bytes:
    """The request again, with the server's cookie in front."""
    return _init(spi_i, bytes(8), FLAG_INITIATOR, cookie=cookie)


def refusal(spi_i: bytes, kind: int, data: bytes) -> bytes:
    """A server's answer to IKE_SA_INIT that makes no SA: a notification of that kind alone."""
    body = struct.pack("!BBH", 0, 0, kind) + data
    return _message(
        *(spi_i, bytes(8), PAYLOAD_NOTIFY, IKE_SA_INIT, FLAG_RESPONSE, 0), _payload(0, body)
    )


def init_response(spi_i: bytes, spi_r: bytes) -> bytes:
    return _init(spi_i, spi_r, FLAG_RESPONSE)


def _init(
    spi_i: bytes, spi_r: bytes, flags: int, proposals: bytes = _SA, cookie: bytes = b""
) -> bytes:
    key_exchange = struct.pack("!HH", 31, 0) + os.urandom(32)
    payloads = (
        _payload(PAYLOAD_KE, proposals)
        + _payload(PAYLOAD_NONCE, key_exchange)
        + _payload(0, os.urandom(32))
    )
    first = PAYLOAD_SA
    if cookie:
        body = struct.pack("!BBH", 0, 0, NOTIFY_COOKIE) + cookie
        first, payloads = PAYLOAD_NOTIFY, _payload(PAYLOAD_SA, body) + payloads
    return _message(spi_i, spi_r, first, IKE_SA_INIT, flags, 0, payloads)


def main_mode(cookie_i: bytes, cookie_r: bytes = bytes(8)) -> bytes:
    """A message of IKEv1's Main Mode (RFC 2409); the first one has no CKY-R."""
    body = _payload(0, os.urandom(48))
    return _HEADER.pack(cookie_i, cookie_r, 1, 0x10, 2, 0, 0, 28 + len(body)) + body


def encrypted(
    spi_i: bytes,
    spi_r: bytes,
    exchange: int,
    number: int,
    *,
    response: bool,
    size: int = 200,
    inner: int = PAYLOAD_NOTIFY,
) -> bytes:
    """A message whose first payload is SK, without the marker; `inner` is the kind of the first
    payload within."""
    flags = FLAG_RESPONSE if response else FLAG_INITIATOR
    return _message(
        spi_i, spi_r, PAYLOAD_SK, exchange, flags, number, _payload(inner, os.urandom(size))
    )


def esp(spi: int, sequence: int, size: int = 96) -> bytes:
    return struct.pack("!II", spi, sequence) + os.urandom(size)


def parse(payload: bytes) -> tuple[bytes, bytes, int, int, int] | None:
    """(SPIi, SPIr, exchange, flags, message ID) of an IKE message without marker."""
    if len(payload) < 28:
        return None
    spi_i, spi_r, _, _, exchange, flags, number, _ = _HEADER.unpack_from(payload)
    return spi_i, spi_r, exchange, flags, number
