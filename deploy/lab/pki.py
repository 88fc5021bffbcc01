# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The ikelb authors
"""A throw-away certificate authority and one server certificate, as a Windows client would check
them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from .shell import run

SERVER_NAME = "vpn.lab.example"


@dataclass(frozen=True)
class Pki:
    authority: Path
    certificate: Path
    key: Path


def create(folder: Path) -> Pki:
    """Writes RSA-2048 keys and certificates, valid two days, into `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    pki = Pki(folder / "ca.pem", folder / "server.pem", folder / "server.key")
    ca_key, request, extensions = folder / "ca.key", folder / "server.csr", folder / "server.ext"
    new_key = ["openssl", "req", "-newkey", "rsa:2048", "-nodes"]
    run(
        [
            *new_key,
            "-x509",
            "-days",
            "2",
            "-subj",
            "/CN=ikelb lab CA",
            "-keyout",
            str(ca_key),
            "-out",
            str(pki.authority),
        ]
    )
    run([*new_key, "-subj", f"/CN={SERVER_NAME}", "-keyout", str(pki.key), "-out", str(request)])
    extensions.write_text(
        f"subjectAltName=DNS:{SERVER_NAME}\nextendedKeyUsage=serverAuth\n", "ascii"
    )
    run(
        [
            "openssl",
            "x509",
            "-req",
            "-days",
            "2",
            "-in",
            str(request),
            "-CA",
            str(pki.authority),
            "-CAkey",
            str(ca_key),
            "-CAcreateserial",
            "-extfile",
            str(extensions),
            "-out",
            str(pki.certificate),
        ]
    )
    return pki
