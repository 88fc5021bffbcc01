# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The ikelb authors
"""The swanctl configurations of the lab's servers and clients.

Two kinds of client: `psk`, and `windows`, which offers what the Windows client offers (server
certificate, EAP-MSCHAPv2, AES-256 / SHA-256 / MODP-2048, ESP AES-256 / SHA-1).
"""

from __future__ import annotations

from .pki import SERVER_NAME

_SECRET = "lab-shared-secret"
_PASSWORD = "lab-password"
_IKE = "aes128gcm16-prfsha256-x25519,aes256-sha256-modp2048"
_ESP = "aes128gcm16,aes256-sha1"
INSIDE_NET = "192.168.70.0/24"

_SERVER = """\
connections {{
  psk {{
    version = 2
    proposals = {ike}
    pools = clients
    dpd_delay = 30s
    send_cert = always
    local {{
      auth = psk
      id = {name}
    }}
    remote {{
      auth = psk
    }}
    children {{
      inside {{
        local_ts = {inside_net}
        esp_proposals = {esp}
      }}
    }}
  }}
  windows {{
    version = 2
    proposals = {ike}
    pools = clients
    send_cert = always
    local {{
      auth = pubkey
      certs = server.pem
      id = {name}
    }}
    remote {{
      auth = eap-mschapv2
      eap_id = %any
    }}
    children {{
      inside {{
        local_ts = {inside_net}
        esp_proposals = {esp}
      }}
    }}
  }}
}}
pools {{
  clients {{
    addrs = 10.99.{number}.0/24
  }}
}}
secrets {{
  ike-lab {{
    secret = {secret}
  }}
{eap}}}
"""

_CLIENT = """\
connections {{
  ikelb {{
    version = 2
    remote_addrs = {vip}
    vips = 0.0.0.0
    proposals = {ike}
    mobike = yes
    fragmentation = {fragmentation}
    dpd_delay = 1s
    keyingtries = 0
    local {{
      {local}
    }}
    remote {{
      auth = {remote_auth}
      id = {name}
    }}
    children {{
      inside {{
        remote_ts = {inside_net}
        esp_proposals = {esp}
        dpd_action = restart
        close_action = start
      }}
    }}
  }}
}}
secrets {{
  {secret}
}}
"""


def server(number: int, windows_users: list[str]) -> str:
    """swanctl.conf of server `number` (1..254): accepts every PSK client and the named EAP
    users."""
    eap = "".join(
        f"  eap-{user} {{\n    id = {user}\n    secret = {_PASSWORD}\n  }}\n"
        for user in windows_users
    )
    return _SERVER.format(
        ike=_IKE,
        esp=_ESP,
        name=SERVER_NAME,
        inside_net=INSIDE_NET,
        number=number,
        secret=_SECRET,
        eap=eap,
    )


# Networks that a client asks for in vain: with them its IKE_AUTH is larger than 1500 bytes.
_MANY_NETS = "".join(f",172.16.{n}.0/24" for n in range(100))


def psk_client(name: str, vip: str, *, fragmentation: bool = True) -> str:
    return _CLIENT.format(
        vip=vip,
        ike="aes128gcm16-prfsha256-x25519",
        esp="aes128gcm16",
        name=SERVER_NAME,
        inside_net=INSIDE_NET if fragmentation else INSIDE_NET + _MANY_NETS,
        fragmentation="yes" if fragmentation else "no",
        local=f"auth = psk\n      id = {name}@lab.example",
        remote_auth="psk",
        secret=f"ike-lab {{\n    secret = {_SECRET}\n  }}",
    )


def windows_client(name: str, vip: str, *, fragmentation: bool = True) -> str:
    return _CLIENT.format(
        vip=vip,
        ike="aes256-sha256-modp2048",
        esp="aes256-sha1",
        name=SERVER_NAME,
        inside_net=INSIDE_NET if fragmentation else INSIDE_NET + _MANY_NETS,
        fragmentation="yes" if fragmentation else "no",
        local=f"auth = eap-mschapv2\n      id = {name}\n      eap_id = {name}",
        remote_auth="pubkey",
        secret=f"eap-{name} {{\n    id = {name}\n    secret = {_PASSWORD}\n  }}",
    )
