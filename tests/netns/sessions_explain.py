# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The ikelb authors
"""ikelbctl sessions and explain say what the servers know: SPIs, addresses, who is where.

    c1..c4 ── [isp] ── wan0 [lb] lan0 ──┬── s1
                                        └── s2

Then a client changes its address; its row names the new one and counts the move.
Twin still: the client keeps its address. Twin wrong: explain is asked with an SPI that is not so.
"""

TWINS = {"still": "the row of", "wrong": "rule for"}
NEW_ADDRESS = ".77"


def at_servers(farm):
    """{SPIi: (server, SPIr, client address, client port)} by the servers' own lists."""
    return {
        sa["initiator-spi"]: (
            server.name,
            sa["responder-spi"],
            sa["remote-host"],
            int(sa["remote-port"]),
        )
        for server in farm.servers
        for sa in server.charon.established()
    }


def esp_spis(farm):
    """{SPIi: the ESP SPI that the server has given the client to send with}."""
    return {
        sa["initiator-spi"]: child["spi-in"]
        for server in farm.servers
        for sa in server.charon.established()
        for child in sa["child-sas"].values()
        if child.get("state") == "INSTALLED"
    }


def listed(balancer, *filters):
    """The same as at_servers(), by ikelbctl. Closing is an SA with a delete hint: a rekeyed child's
    looks the same from outside."""
    rows = balancer.query("sessions", *filters)["sessions"]
    return {
        row["spi_i"]: (row["backend"], row["spi_r"], row["client"], row["port"])
        for row in rows
        if row["state"] in ("established", "closing")
    }


def explained(balancer, *arguments):
    """{datagram: (backend, rule)} of the VIP's port 4500."""
    answers = balancer.query("explain", *arguments)["answers"]
    return {
        answer["datagram"]: (answer["backend"], answer["rule"])
        for answer in answers
        if answer["vip_port"] == 4500
    }


def run(case):
    farm = case.farm(client_count=3 if case.broken else 4)
    balancer = case.balancer(farm)
    case.tunnels(farm)
    case.check_pings(farm, count=4)
    known = at_servers(farm)
    case.equal(len(known), len(farm.clients), "SAs at the servers")
    case.eventually(lambda: listed(balancer) == known, 10, "all SAs are listed as established")
    if not case.broken:
        filtered(case, farm, balancer, known)
    explain(case, farm, balancer, known)
    move(case, farm, balancer)
    memory = balancer.query("status")["memory"]["bytes_per_client"]
    case.check(0 < memory["established"] <= 192, f"bytes of a client: {memory}")
    case.note(f"{memory['established']} B per client, {memory['total']} B with what all share")


def filtered(case, farm, balancer, known):
    for spi_i, row in known.items():
        server, spi_r, address, port = row
        case.equal(listed(balancer, "--spi", spi_i), {spi_i: row}, f"rows with SPIi {spi_i}")
        case.equal(listed(balancer, "--spi", spi_r), {spi_i: row}, f"rows with SPIr {spi_r}")
        case.check(spi_i in listed(balancer, "--client", address), f"no row of {address}")
        case.equal(
            {spi for spi, other in known.items() if other[0] == server},
            set(listed(balancer, "--backend", server)),
            f"rows of {server}",
        )
    for spi_i, esp in esp_spis(farm).items():
        case.eventually(
            lambda wanted=spi_i, spi=esp: wanted in listed(balancer, "--spi", spi),
            5,
            f"the SA is found by its ESP SPI {esp}",
        )
    case.equal(listed(balancer, "--client", "192.0.2.0/24"), {}, "rows of nobody's network")
    case.equal(len(balancer.query("sessions", "--limit", "1")["sessions"]), 1, "rows with limit 1")
    text = balancer.control("sessions").stdout
    case.check(all(spi in text for spi in known), f"the table lacks an SPI:\n{text}")


def explain(case, farm, balancer, known):
    esp = esp_spis(farm)
    for spi_i, (server, spi_r, address, port) in known.items():
        client = f"{address}:{port}"
        pair = f"{spi_i}:{'1' * 16 if case.broken == 'wrong' else spi_r}"
        case.equal(
            explained(balancer, "--client", client, "--spi", pair).get("IKE"),
            (server, "pair"),
            f"backend and rule for {pair}",
        )
        # From anywhere, as after a move.
        case.equal(
            explained(balancer, "--client", "192.0.2.9:1", "--spi", pair).get("IKE"),
            (server, "pair"),
            f"backend and rule for {pair} from elsewhere",
        )
        case.equal(
            explained(balancer, "--client", "192.0.2.9:1", "--esp", esp[spi_i]).get("ESP"),
            (server, "esp_spi"),
            f"backend and rule for ESP {esp[spi_i]} from elsewhere",
        )
        answer = explained(balancer, "--client", client)
        case.equal(answer["new IKE SA"], (server, "binding"), f"a new SA of {client}")
        case.equal(answer["ESP"], (server, "flow"), f"unknown ESP of {client}")
    case.equal(explained(balancer, "--client", "192.0.2.9")["new IKE SA"][1], "schedule", "nobody")
    text = balancer.control("explain", "--client", "192.0.2.9").stdout
    case.check("hit, decides" in text, f"no rule decides:\n{text}")


def move(case, farm, balancer):
    client = next(c for c in farm.clients if not c.behind_nat and c.kind == "psk")
    spi = case.spis([client])[client.name]
    before = balancer.query("sessions", "--spi", spi)["sessions"][0]
    address = client.isp.client_net + NEW_ADDRESS
    if case.broken != "still":
        client.move(address)

    def has_moved():
        row = balancer.query("sessions", "--spi", spi)["sessions"][0]
        return (row["client"], row["moves"]) == (address, before["moves"] + 1)

    case.eventually(
        has_moved,
        5 if case.broken else 20,
        f"the row of {client.name} names {address} and counts the move",
    )
    known = at_servers(farm)
    case.equal(known[spi][2], address, f"address of {client.name} at its server")
    case.equal(listed(balancer, "--spi", spi), {spi: known[spi]}, f"row of {client.name}")
