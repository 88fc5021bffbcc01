// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include "tests/testlib/samples.h"

#include <algorithm>
#include <iterator>

namespace ikelb::testlib {

using namespace place;

Samples samples() {
    const Session session{.backend = rras1};
    const auto forwarded = [&] {
        PacketBuilder packet = session.esp_up();
        return packet.to_ip(address(server(rras1).c_str()));
    };
    return {
        .from_clients =
            {session.init(), session.auth(), session.dpd(), session.esp_up(),
             session.init().ttl(1), session.init().options({1, 1, 1, 0}),
             to_vip(client, 4500, 4500, keepalive()),
             to_vip(client, 500, 500, sa_init_with_cookie(9).bytes()),
             to_vip(client, 0, 0, Bytes(64, 1)).fragment(64, false),
             session.init().fragment(0, true).udp_length(3000),
             PacketBuilder{}.ip(client, vip).icmp(3, 3).payload(
                 PacketBuilder{}.ip(vip, client).udp(4500, 4500).build_ip()),
             PacketBuilder{}.ip(client, vip).icmp(8, 0).payload(Bytes(20, 1)),
             PacketBuilder{}.ip(client, vip).protocol(50).payload(Bytes(20, 1)),
             PacketBuilder{}.ip(client, own_wan).protocol(6).payload(Bytes(20, 1)),
             PacketBuilder{}.ip(client, "10.20.0.11").udp(4500, 4500).payload(esp(256)),
             PacketBuilder{}.ether_type(net::ether_type::arp).payload(Bytes(28, 0)),
             PacketBuilder{}.ether_type(net::ether_type::ipv6).payload(Bytes(60, 0))},
        .from_servers = {session.init_answer(), session.auth_answer(), session.dpd_answer(),
                         session.esp_down(), reply(rras1, 4500, client, 4500, keepalive()),
                         reply(rras1, 500, client, 500, notify_answer(1).bytes()),
                         reply(rras1, 4500, client, 4500, behind_marker(delete_request(1, 2))),
                         PacketBuilder{}.ip("10.20.0.11", client).icmp(3, 3).payload(
                             forwarded().build_ip()),
                         PacketBuilder{}.ip("10.20.0.11", own_lan).icmp(0, 0),
                         PacketBuilder{}.ip("10.20.0.50", client).protocol(6)},
    };
}

Samples ipv6_samples() {
    const Session session{.client = client6, .vip = vip6, .backend = first_v6_server};
    const std::string backend = server(first_v6_server);
    PacketBuilder forwarded = session.esp_up();
    forwarded.to_ip(address(backend.c_str()));
    return {
        .from_clients =
            {session.init(), session.auth(), session.dpd(), session.esp_up(),
             session.init().ttl(1), session.init().extension(60).extension(43, {0, 0}),
             session.init().extension(0).extension(43, {0, 1}),
             session.init().extension(44), session.init().fragment(0, true).udp_length(3000),
             session.init().extension(0).fragment(0, true).extension(60),
             to_vip(client6, 0, 0, Bytes(64, 1), vip6).fragment(64, false),
             to_vip(client6, 0, 0, Bytes(64, 1), vip6).fragment(8, true),
             to_vip(client6, 4500, 4500, keepalive(), vip6),
             PacketBuilder{}.ip(client6, vip6).icmp(2, 0, 1400).payload(
                 PacketBuilder{}.ip(vip6, client6).extension(60).udp(4500, 4500).build_ip()),
             PacketBuilder{}.ip(client6, vip6).icmp(128, 0).payload(Bytes(20, 1)),
             PacketBuilder{}.ip("fe80::1", "ff02::1:ff00:10").ttl(255).icmp(135, 0).payload(
                 Bytes(16, 1)),
             PacketBuilder{}.ip("fe80::1", own_wan6).ttl(255).icmp(136, 0).payload(Bytes(16, 1)),
             PacketBuilder{}.ip(client6, own_wan6).protocol(6).payload(Bytes(20, 1)),
             PacketBuilder{}.ip(client6, "::ffff:203.0.113.10").udp(500, 500)},
        .from_servers = {session.init_answer(), session.auth_answer(), session.dpd_answer(),
                         session.esp_down(), session.esp_down().ttl(1),
                         PacketBuilder{}.ip(backend.c_str(), client6).icmp(1, 4).payload(
                             forwarded.build_ip()),
                         PacketBuilder{}.ip(backend.c_str(), own_lan6).icmp(129, 0),
                         PacketBuilder{}.ip("fd00:20::50", client6).protocol(6)},
    };
}

std::vector<Input> sample_frames(const Bench& bench) {
    std::vector<Input> frames;
    Samples all = samples();
    const Samples more = ipv6_samples();
    std::ranges::copy(more.from_clients, std::back_inserter(all.from_clients));
    std::ranges::copy(more.from_servers, std::back_inserter(all.from_servers));
    for (const auto& packet : all.from_clients)
        frames.push_back({.bytes = bench.client_side(packet).build(), .port = wan});
    for (const auto& packet : all.from_servers)
        frames.push_back(
            {.bytes = bench.server_side(packet).build(), .port = bench.server_port()});
    return frames;
}

std::vector<TableSpec> sample_farms() {
    return {two_armed_farm(), farm_with_two_vips(), one_port_farm(), dual_stack_farm(),
            farm_with_aliases()};
}

}  // namespace ikelb::testlib
