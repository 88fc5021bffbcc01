// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include "tests/testlib/samples.h"

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

std::vector<Input> sample_frames(const Bench& bench) {
    std::vector<Input> frames;
    const Samples all = samples();
    for (const auto& packet : all.from_clients)
        frames.push_back({.bytes = bench.client_side(packet).build(), .port = wan});
    for (const auto& packet : all.from_servers)
        frames.push_back(
            {.bytes = bench.server_side(packet).build(), .port = bench.server_port()});
    return frames;
}

std::vector<TableSpec> sample_farms() {
    return {two_armed_farm(), farm_with_two_vips(), one_port_farm()};
}

}  // namespace ikelb::testlib
