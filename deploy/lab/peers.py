# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The ikelb authors
"""The swanctl configurations of the lab's servers and clients.

Three kinds of client: `psk`; `windows`, which offers what the Windows client offers (server
certificate, EAP-MSCHAPv2, AES-256 / SHA-256 / MODP-2048, ESP AES-256 / SHA-1); `certificate`, whose
IKE_AUTH is larger than a packet.
"""

from __future__ import annotations

from dataclasses import dataclass

from .pki import SERVER_NAME

_SECRET = "lab-shared-secret"
_PASSWORD = "lab-password"
_IKE = "aes128gcm16-prfsha256-x25519,aes256-sha256-modp2048"
_ESP = "aes128gcm16,aes256-sha1"
INSIDE_NET = "192.168.70.0/24"


@dataclass(frozen=True)
class Habits:
    """How a client of kind psk or certificate behaves. A lifetime is strongSwan's: empty means
    hours."""

    mobike: bool = True
    fragmentation: bool = True
    dpd: str = "1s"
    ike_lifetime: str = ""
    child_lifetime: str = ""
    proposals: str = "aes128gcm16-prfsha256-x25519"
    many_networks: bool = False  # asks for so many that its IKE_AUTH is larger than 1500 bytes
    domain: str = "lab.example"  # of its identity: the server's lifetimes depend on it
    secret: str = _SECRET  # with another one, psk logins fail


# A client of this domain has its SAs rekeyed by the server.
REKEYED = "rekeyed.example"
# All that a client of this domain sends goes through its tunnel.
FORCED = "forced.example"

_SERVER = """\
connections {{
  rekeyed {{
    version = 2
    proposals = {ike}
    pools = clients
    rekey_time = 4s
    over_time = 60s
    rand_time = 0s
    local {{
      auth = psk
      id = {name}
    }}
    remote {{
      auth = psk
      id = *@{rekeyed}
    }}
    children {{
      inside {{
        local_ts = {inside_net}
        esp_proposals = {esp}
        rekey_time = 3s
        life_time = 60s
        rand_time = 0s
      }}
    }}
  }}
  forced {{
    version = 2
    proposals = {ike}
    pools = clients
    local {{
      auth = psk
      id = {name}
    }}
    remote {{
      auth = psk
      id = *@{forced}
    }}
    children {{
      inside {{
        local_ts = 0.0.0.0/0
        esp_proposals = {esp}
      }}
    }}
  }}
  psk {{
    version = 2
    proposals = {ike}
    pools = clients
    dpd_delay = {dpd}
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
  certificate {{
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
      auth = pubkey
      cacerts = ca.pem
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
    mobike = {mobike}
    fragmentation = {fragmentation}
    dpd_delay = {dpd}
    keyingtries = 0
{ike_times}    local {{
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
{child_times}      }}
    }}
  }}
}}
secrets {{
  {secret}
}}
"""

_SITE = """\
connections {{
  {name} {{
    version = {version}
    remote_addrs = {remote}
    proposals = {ike}
    local {{
      auth = psk
      id = {own}
    }}
    remote {{
      auth = psk
      id = {other}
    }}
    children {{
      {name} {{
        local_ts = {own_net}
        remote_ts = {other_net}
        esp_proposals = {esp}
      }}
    }}
  }}
}}
"""


def site(name: str, remote: str, net: str, *, at_server: bool, version: int = 2) -> str:
    """One half of a site-to-site tunnel between a server and the network `net` of the client of
    that name. Either side may begin; `remote` is the other's address."""
    ids, nets = (f"{name}.site.example", SERVER_NAME), (net, INSIDE_NET)
    mine, theirs = (1, 0) if at_server else (0, 1)
    return _SITE.format(
        name=f"site-{name}",
        version=version,
        remote=remote,
        ike="aes128gcm16-prfsha256-x25519" if version == 2 else "aes256-sha256-modp2048",
        esp="aes128gcm16",
        own=ids[mine],
        other=ids[theirs],
        own_net=nets[mine],
        other_net=nets[theirs],
    )


def server(number: int, windows_users: list[str], *, dpd: str = "30s") -> str:
    """swanctl.conf of server `number` (1..254): accepts every PSK client, every one with a
    certificate of the lab's, and the named EAP users."""
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
        dpd=dpd,
        rekeyed=REKEYED,
        forced=FORCED,
    )


# Networks that a client asks for in vain: with them its IKE_AUTH is larger than 1500 bytes.
_MANY_NETS = "".join(f",172.16.{n}.0/24" for n in range(100))


def _times(soft: str, hard: str, lifetime: str, indent: int) -> str:
    lines = [f"{soft} = {lifetime}", f"{hard} = 60s", "rand_time = 0s"] if lifetime else []
    return "".join(" " * indent + line + "\n" for line in lines)


def _client(vip: str, habits: Habits, **fields: str) -> str:
    return _CLIENT.format(
        vip=vip,
        name=SERVER_NAME,
        inside_net="0.0.0.0/0"
        if habits.domain == FORCED
        else INSIDE_NET + (_MANY_NETS if habits.many_networks else ""),
        mobike="yes" if habits.mobike else "no",
        fragmentation="yes" if habits.fragmentation else "no",
        dpd=habits.dpd,
        ike_times=_times("rekey_time", "over_time", habits.ike_lifetime, 4),
        child_times=_times("rekey_time", "life_time", habits.child_lifetime, 8),
        **fields,
    )


def psk_client(name: str, vip: str, habits: Habits = Habits()) -> str:
    return _client(
        vip,
        habits,
        ike=habits.proposals,
        esp="aes128gcm16",
        local=f"auth = psk\n      id = {name}@{habits.domain}",
        remote_auth="psk",
        secret=f"ike-lab {{\n    secret = {habits.secret}\n  }}",
    )


def certificate_client(name: str, vip: str, habits: Habits = Habits()) -> str:
    """Its certificate is client.pem."""
    return _client(
        vip,
        habits,
        ike=habits.proposals,
        esp="aes128gcm16",
        local=f"auth = pubkey\n      certs = client.pem\n      id = {name}.lab.example",
        remote_auth="pubkey",
        secret="",
    )


def windows_client(name: str, vip: str, habits: Habits = Habits()) -> str:
    return _client(
        vip,
        habits,
        ike="aes256-sha256-modp2048",
        esp="aes256-sha1",
        local=f"auth = eap-mschapv2\n      id = {name}\n      eap_id = {name}",
        remote_auth="pubkey",
        secret=f"eap-{name} {{\n    id = {name}\n    secret = {_PASSWORD}\n  }}",
    )
