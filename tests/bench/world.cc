// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include "tests/bench/world.h"

#include <algorithm>
#include <stdexcept>
#include <string>
#include <vector>

#include "dataplane/forwarding/forwarding_table.h"
#include "tests/bench/life.h"

namespace ikelb::bench {

namespace {

using forwarding::BackendIndex;
using sessions::Evict;
using sessions::Record;
using sessions::RecordState;

constexpr std::size_t servers = 4;
constexpr BackendIndex first_of_v6 = servers;
constexpr std::size_t shipped_maglev_size = 65537;
constexpr std::uint16_t ike = 500, nat_t = 4500;

net::MacAddress server_mac(BackendIndex backend) {
    net::MacAddress own = testlib::mac("02:00:00:00:02:10");
    own.bytes[5] = static_cast<std::uint8_t>(own.bytes[5] + backend);
    return own;
}

net::MacAddress gateway_mac(Family family) {
    return family == Family::v4 ? testlib::place::first_gateway_mac()
                                : testlib::mac("02:00:00:00:01:fc");
}

std::string server_address(BackendIndex backend) {
    return (backend < first_of_v6 ? "10.20.0." : "fd00:20::") + std::to_string(11 + backend);
}

void add_servers(testlib::TableSpec& spec) {
    for (BackendIndex b = 0; b < 2 * servers; ++b) {
        const net::IpAddress address = testlib::address(server_address(b).c_str());
        spec.backends.push_back({.address = address, .mac = server_mac(b), .interface = 1});
        spec.neighbours.push_back({.interface = 1, .address = address, .mac = server_mac(b)});
        spec.services[b < first_of_v6 ? 0 : 1].members.push_back(b);
    }
}

void must_be_written(sessions::WriteOutcome outcome) {
    if (outcome != sessions::WriteOutcome::written)
        throw std::runtime_error{"a table of the world has no room"};
}

}  // namespace

testlib::TableSpec farm() {
    testlib::TableSpec spec = testlib::dual_stack_farm();
    spec.backends.clear();
    spec.neighbours.clear();
    for (testlib::ServiceSpec& service : spec.services) service.members.clear();
    add_servers(spec);
    // Its own, so that one MAC address stands for one gateway.
    spec.gateways.back().mac = gateway_mac(Family::v6);
    spec.maglev_size = shipped_maglev_size;
    return spec;
}

World::World(const WorldOptions& options)
    : options_{options},
      table_{std::make_unique<forwarding::ForwardingTable>(testlib::build_table(farm()))},
      limits_{.flows = options.clients * (options.has_two_flows ? 2 : 1),
              .bindings = options.clients,
              .pairs = options.clients,
              .esp_spis = options.clients * 2,
              .half_open = options.half_open},
      directory_{std::make_unique<sessions::Directory>(limits_, table_->hash_key)} {}

BackendIndex World::backend_of(const Client& client) const noexcept {
    const std::uint64_t hash =
        net::keyed_hash(client.address.low(), client.address.high(), table_->hash_key);
    const auto& maglev = table_->services[service()].maglev;
    return maglev[forwarding::maglev_index(hash, maglev.size())];
}

FrameMaker World::frames(std::size_t esp_frame) const {
    using namespace testlib;
    return {options_.family,
            {.from_gateway = gateway_mac(options_.family),
             .to_gateway_side = place::ext_mac(),
             .from_server = server_mac(0),
             .to_server_side = place::srv_mac(),
             .vip = address(options_.family == Family::v4 ? place::vip : place::vip6)},
            esp_frame};
}

void World::establish_by_packets(std::size_t first, std::size_t count) {
    Life life{*this};
    for (std::size_t done = 0; done < count; done += Life::at_once) {
        life.live(first + done, std::min(Life::at_once, count - done));
        if (done / logins_per_second != (done + Life::at_once) / logins_per_second)
            advance(second);
    }
}

void World::establish_in_bulk(std::size_t first, std::size_t count) {
    establish_in_bulk(first, count, *directory_);
}

void World::establish_in_bulk(std::size_t first, std::size_t count, sessions::Directory& into) {
    for (std::size_t number = first; number < first + count; ++number) write_client(number, into);
}

void World::write_client(std::size_t number, sessions::Directory& d) {
    const Client c = client(number);
    write_flows(c, d);
    write_sa(c, d);
}

sessions::FlowKey World::flow_of(const Client& client, std::uint16_t port) const noexcept {
    const bool is_nat_t = port == nat_t;
    return sessions::flow_key(client.address,
                              net::be16::from_host(is_nat_t ? client.nat_t_port : client.ike_port),
                              static_cast<forwarding::FrontendIndex>(2 * service() + is_nat_t));
}

Record World::record_of(const Client& client, RecordState state,
                        forwarding::GatewayIndex gateway) const noexcept {
    return {.backend = {.index = backend_of(client)},
            .state = state,
            .gateway = gateway,
            .last_seen = now()};
}

/// The flow or both, and the binding.
void World::write_flows(const Client& c, sessions::Directory& d) {
    const auto& lives = table_->timeouts.flow;
    auto& flows = d.flows;
    const forwarding::GatewayIndex gateway = table_->frontends[2 * service()].uplink;
    const Record record = record_of(c, RecordState::established, gateway);
    if (options_.has_two_flows)
        must_be_written(flows.write(flow_of(c, ike), record, lives, now()));
    const sessions::FlowSpis spis{.latest = c.esp_up[1], .earlier = c.esp_up[0]};
    must_be_written(flows.write(flow_of(c, nat_t), record, lives, now()));
    must_be_written(flows.annotate(flow_of(c, nat_t), record, std::array{spis.pack()}));
    must_be_written(d.bindings.write(sessions::binding_key(c.address, service()),
                                     record_of(c, RecordState::established), lives, now()));
}

/// The IKE SA, what is left of its beginning, and the ESP SPIs.
void World::write_sa(const Client& c, sessions::Directory& d) {
    const forwarding::Timeouts& lives = table_->timeouts;
    const std::uint64_t spi_i = net::be64::from_host(c.spi_i).wire();
    must_be_written(
        d.half_open.write({.client = c.address, .initiator_spi = spi_i, .service = service()},
                          record_of(c, RecordState::answered),
                          forwarding::Lifetimes::of(lives.half_open), now(), Evict::oldest));
    const sessions::PairKey pair{spi_i, net::be64::from_host(c.spi_r).wire()};
    const Record sa =
        record_of(c, RecordState::established, static_cast<forwarding::GatewayIndex>(service()));
    const bool two = options_.has_two_flows;  // the answer on port 500 came last
    const sessions::PairNote seen{.client = sessions::PairNote::name_of(c.address),
                                  .port = two ? c.ike_port : c.nat_t_port,
                                  .moves = static_cast<std::uint8_t>(two ? 1 : 0),
                                  .created = sessions::PairNote::created_at(now())};
    must_be_written(d.pairs.write(pair, sa, lives.pair, now()));
    must_be_written(d.pairs.annotate(pair, sa, std::array{seen.pack()}));
    for (const std::uint32_t spi : c.esp_up)
        must_be_written(d.esp.write(sessions::esp_key(c.address, net::be32::from_host(spi)),
                                    record_of(c, RecordState::established), lives.flow, now(),
                                    Evict::never));
    // The flow's candidate has become an SPI, twice.
    must_be_written(d.candidates.write(flow_of(c, nat_t),
                                       record_of(c, RecordState::half_open, 2), lives.flow, now(),
                                       Evict::oldest));
}

}  // namespace ikelb::bench
