# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The ikelb authors
"""A throw-away certificate authority, one server certificate, as a Windows client would check it,
and certificates of clients."""

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


def client(folder: Path, name: str) -> tuple[Path, Path]:
    """(certificate, key) of a client, from the authority of `create`. A long comment makes it as
    large as those of a company's authority: IKE_AUTH with it does not fit into one packet."""
    request, extensions = folder / f"{name}.csr", folder / f"{name}.ext"
    made, key = folder / name / "client.pem", folder / name / "client.key"
    made.parent.mkdir(exist_ok=True)
    new_key = ["openssl", "req", "-newkey", "rsa:2048", "-nodes", "-subj", f"/CN={name}"]
    run([*new_key, "-keyout", str(key), "-out", str(request)])
    extensions.write_text(
        f"subjectAltName=DNS:{name}.lab.example\nnsComment={'large ' * 200}\n", "ascii"
    )
    authority = ["-CA", str(folder / "ca.pem"), "-CAkey", str(folder / "ca.key")]
    files = ["-in", str(request), "-out", str(made), "-extfile", str(extensions)]
    run(["openssl", "x509", "-req", "-days", "2", "-CAcreateserial", *authority, *files])
    return made, key
