// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include "tests/oracle/arena.h"

#include <algorithm>
#include <array>
#include <cstdio>

#include "dataplane/forwarding/forwarding_table.h"
#include "dataplane/net/hash.h"
#include "tests/testlib/wire.h"

namespace ikelb::oracle {

namespace {

using testlib::Bytes;
using testlib::PacketBuilder;

constexpr std::array vips{testlib::place::vip, testlib::place::second_vip};
constexpr std::array v6_vips{testlib::place::vip6, "2001:db8:203::20"};

const char* vip_of(const World& world, std::size_t vip) {
    return world.is_v6 ? v6_vips.at(vip) : vips.at(vip);
}

/// In IPv6 as in IPv4 four consecutive numbers are one block.
std::string client_of(const World& world, const Address& address) {
    if (!world.is_v6) return "192.0.2." + std::to_string(20 + address.number);
    std::array<char, 32> text{};
    std::snprintf(text.data(), text.size(), "2001:db8:192::%x", 20u + address.number);
    return text.data();
}
constexpr std::uint8_t block_v4 = 30, block_v6 = 126;

/// The length of a prefix of zeros that no client is in.
constexpr std::uint8_t nowhere = 8;

testlib::TableSpec farm(const World& world) {
    testlib::TableSpec spec =
        world.is_v6 ? testlib::dual_stack_farm() : testlib::two_armed_farm();
    const std::size_t first = world.is_v6 ? testlib::place::first_v6_server : 0;
    spec.maglev_size = 251;
    spec.services.clear();
    if (world.is_v6) {
        spec.gateways[0].address = testlib::address("fe80::254");
        spec.gateways[1].address = testlib::address("fe80::253");
        spec.gateways.resize(2);
        spec.routes.back().gateway = testlib::place::second_gateway;
        spec.routes.push_back(spec.routes.back());
        spec.routes.back().gateway = testlib::place::first_gateway;
    }
    for (std::uint16_t number = 1; world.routers > 1 && number < 20; number += 2) {
        const net::IpAddress odd = testlib::address(client_of(world, {.number = number}).c_str());
        const std::uint8_t all_bits = world.is_v6 ? 128 : 32;
        spec.routes.push_back(
            {.prefix = {.address = odd, .length = all_bits},
             .kind = forwarding::RouteKind::gateway,
             .interface = testlib::place::ext,
             .gateway = testlib::place::second_gateway});
    }
    for (const Service& service : world.services) {
        testlib::ServiceSpec in{.vip = testlib::address(vip_of(world, spec.services.size())),
                                .scheduler = service.is_hashed
                                                 ? forwarding::Scheduler::maglev
                                                 : forwarding::Scheduler::weighted_round_robin};
        in.affinity = service.by_sa ? forwarding::Affinity::sa : forwarding::Affinity::source;
        in.ask_all_rate = service.ask_all_per_second;
        if (service.binds_blocks) {
            in.prefix_v4 = block_v4;
            in.prefix_v6 = block_v6;
        }
        for (const int member : service.members)
            in.members.push_back(
                static_cast<forwarding::BackendIndex>(first + static_cast<std::size_t>(member)));
        spec.services.push_back(in);
    }
    const Rate& logins = world.logins_per_source;
    spec.limits.logins_per_source = {.per_second = logins.per_second, .burst = logins.burst};
    for (std::size_t b = 0; b < world.flush_on_down.size(); ++b)
        spec.backends[first + b].flush_on_down = world.flush_on_down[b];
    for (std::size_t b = 0; b < world.labels.size(); ++b) {
        const Label& label = world.labels[b];
        spec.backends[first + b].label = {.ike_mask = label.ike_mask,
                                          .ike_value = label.ike_value,
                                          .esp_first = label.esp_first,
                                          .esp_last = label.esp_last};
    }
    return spec;
}

sessions::SessionLimits limits(const World& world) {
    sessions::SessionLimits limits = testlib::Bench::usual_limits;
    if (world.has_crowds) limits.flows = 1 << 14;
    return limits;
}

/// First byte behind all possible headers of a datagram: a later fragment may begin here.
constexpr std::size_t later_from = 536;

}  // namespace

Arena::Arena(const World& world, Cache cache)
    : world_{world},
      first_{world.is_v6 ? testlib::place::first_v6_server : 0},
      bench_{farm(world), static_cast<std::size_t>(world.workers), limits(world)} {
    bench_.takes_fast_path = cache == Cache::on;
}

Decision Arena::step(const Event& event) {
    if (event.what == What::time) {
        bench_.advance(event.seconds);
        return {};
    }
    if (event.what == What::pool) {
        change(event);
        return {};
    }
    if (event.what == What::router) {
        change_router(event);
        return {};
    }
    const bool from_client = event.what == What::from_client;
    PacketBuilder packet =
        from_client ? bench_.client_side(datagram(event)) : bench_.server_side(datagram(event));
    if (event.router != 0)
        packet.mac(testlib::place::second_gateway_mac(),
                   bench_.spec.interfaces[testlib::place::ext].mac);
    testlib::Input input{.port = from_client ? testlib::place::wan : bench_.server_port(),
                         .may_hold = event.may_hold};
    if (event.part == Part::whole) {
        input.bytes = packet.build();
    } else {
        const bool is_first = event.part == Part::first;
        packet.identification(event.fragment_id);
        input.bytes = testlib::fragments_of(packet, is_first ? 64 : later_from)[is_first ? 0 : 1];
    }
    return observe(event, input.bytes, bench_.run(input, event.worker));
}

PacketBuilder Arena::datagram(const Event& event) const {
    const Place& place = event.place;
    const std::uint16_t service_port = place.nat_t ? 4500 : 500;
    const std::string client = client_of(world_, place.client);
    const Bytes bytes = event.part == Part::later ? Bytes(later_from, 0xee)
                                                  : testlib::udp_payload(event.kind, place.nat_t,
                                                                         event.ike, event.esp);
    PacketBuilder packet =
        event.what == What::from_client
            ? testlib::to_vip(client.c_str(), place.port, service_port, bytes,
                              vip_of(world_, static_cast<std::size_t>(event.vip)))
            : testlib::reply(index_of(event.backend), service_port,
                             client.c_str(), place.port, bytes);
    if (event.kind == Kind::esp) packet.no_udp_checksum();
    return packet;
}

Decision Arena::observe(const Event& event, const Bytes& sent,
                        const testlib::Outcome& outcome) const {
    Decision decision{.verdict = testlib::name(outcome.verdict)};
    if (outcome.fate() != pipeline::Disposition::forward) return decision;
    const testlib::Dissected packet = outcome.packet();
    if (event.what == What::from_client) {
        decision.backend = server_at(packet.to);
        decision.copies = copies_of(outcome);
    } else {
        for (std::size_t vip = 0; vip < bench_.spec.services.size(); ++vip)
            if (packet.from == bench_.spec.services[vip].vip) decision.vip = static_cast<int>(vip);
        decision.router = packet.to_mac == testlib::place::first_gateway_mac() ? 0 : 1;
    }
    const auto is_same = [&](const Bytes& left) {
        return std::ranges::equal(testlib::content(sent), testlib::content(left));
    };
    if (!is_same(outcome.bytes) || !std::ranges::all_of(outcome.copies, is_same))
        decision.verdict += ", with other bytes";
    return decision;
}

int Arena::server_at(const net::IpAddress& address) const {
    for (std::size_t b = 0; b < bench_.spec.backends.size(); ++b)
        if (address == bench_.spec.backends[b].address) return static_cast<int>(b) - first_;
    return -1;
}

/// Further servers that the product sends the datagram to.
std::vector<int> Arena::copies_of(const testlib::Outcome& outcome) const {
    std::vector<int> servers;
    for (const Bytes& frame : outcome.copies)
        servers.push_back(server_at(testlib::dissect(frame).to));
    return servers;
}

void Arena::change(const Event& event) {
    const auto index = index_of(event.backend);
    testlib::BackendSpec& backend = bench_.spec.backends.at(index);
    switch (event.change) {
        case Change::down: backend.is_up = false; break;
        case Change::up: backend.is_up = true; break;
        case Change::enable: backend.mode = forwarding::Mode::enabled; break;
        case Change::drain_keep: backend.mode = forwarding::Mode::drain_keep; break;
        case Change::drain_refuse: backend.mode = forwarding::Mode::drain_refuse; break;
        case Change::remove:
            if (backend.is_present) ++backend.generation;
            backend.is_present = false;
            set_membership(index, false);
            break;
        case Change::add:
            backend.is_present = true;
            set_membership(index, true);
            break;
        case Change::flush: ++backend.generation; break;
    }
    bench_.apply();
}

void Arena::change_router(const Event& event) {
    auto& routers = bench_.spec.gateways;
    const auto route =
        std::ranges::find_if(bench_.spec.routes, [&](const testlib::RouteSpec& one) {
            return one.gateway == testlib::place::second_gateway && one.prefix.length <= nowhere &&
                   one.prefix.address.is_v4() != world_.is_v6;
        });
    const bool leads = !routers[1].mac.is_zero() && route->prefix.length == 0;
    switch (event.fate) {
        case Disposition::dies:
            if (event.router == 0 ? leads : !routers[0].mac.is_zero())
                routers[static_cast<std::size_t>(event.router)].mac = {};
            break;
        case Disposition::lives:
            routers[static_cast<std::size_t>(event.router)].mac =
                event.router == 0 ? testlib::place::first_gateway_mac()
                                  : testlib::place::second_gateway_mac();
            break;
        case Disposition::withdrawn:
            if (!routers[0].mac.is_zero()) route->prefix.length = nowhere;
            break;
        case Disposition::announced: route->prefix.length = 0; break;
    }
    bench_.apply();
}

void Arena::set_membership(forwarding::BackendIndex backend, bool is_member) {
    for (std::size_t vip = 0; vip < world_.services.size(); ++vip) {
        auto& members = bench_.spec.services[vip].members;
        std::erase(members, backend);
        if (!is_member || !std::ranges::count(world_.services[vip].members, backend - first_))
            continue;
        members.insert(std::ranges::lower_bound(members, backend), backend);
    }
}

int Arena::tag(const Event& event) const {
    const auto key = sessions::esp_key(
        testlib::address(client_of(world_, event.place.client).c_str()),
        net::be32::from_host(event.esp.spi));
    return sessions::claim_tag(key.narrow(), net::be16::from_host(event.place.port),
                               static_cast<forwarding::FrontendIndex>(2 * event.vip + 1),
                               bench_.table().hash_key);
}

int Arena::hash(const Event& event, Oracle::Table table) const {
    const forwarding::Service& service =
        bench_.table().services[static_cast<std::size_t>(event.vip)];
    const auto& list =
        table == Oracle::Table::current ? service.maglev : service.old_maglev;
    if (list.empty()) return -1;
    const net::IpAddress client =
        service.client_of(testlib::address(client_of(world_, event.place.client).c_str()));
    const net::HashKey key = bench_.table().hash_key;
    std::uint64_t hash = net::keyed_hash(client.low(), client.high(), key);
    if (service.affinity == forwarding::Affinity::sa && event.kind == Kind::ike &&
        event.ike.spi_r == 0)
        hash = net::keyed_hash(net::be64::from_host(event.ike.spi_i).wire(), hash, key);
    return list[forwarding::maglev_index(hash, list.size())] - first_;
}

}  // namespace ikelb::oracle
