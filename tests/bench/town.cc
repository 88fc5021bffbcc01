// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include "tests/bench/town.h"

#include <algorithm>
#include <future>
#include <stdexcept>
#include <string>
#include <vector>

#include "dataplane/forwarding/forwarding_table.h"
#include "tests/bench/arrival.h"

namespace ikelb::bench {

namespace {

using forwarding::BackendIndex;
using sessions::Evict;

constexpr std::size_t servers = 4;
constexpr BackendIndex first_of_v6 = servers;
constexpr std::size_t shipped_maglev_size = 65537;

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

constexpr std::size_t prefetched_clients = 12;

sessions::IkeSaKey pair_of(const Client& c) noexcept {
    return {net::be64::from_host(c.spi_i).wire(), net::be64::from_host(c.spi_r).wire()};
}

/// Clients from which on two threads write them: what fewer leave in the tables is always the same.
constexpr std::size_t many_clients = std::size_t{1} << 19;

/// Again while another thread holds the shard.
template <typename Write>
void must_write(Write&& write) {
    sessions::WriteOutcome outcome;
    do outcome = write();
    while (outcome == sessions::WriteOutcome::busy);
    if (outcome != sessions::WriteOutcome::written)
        throw std::runtime_error{"a table of the town has no room"};
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

Town::Town(const TownOptions& options)
    : options_{options},
      table_{std::make_unique<forwarding::ForwardingTable>(testlib::build_table(farm()))},
      limits_{.flows = options.clients,
              .persistences = options.clients,
              .ike_sas = options.clients,
              .esp_spis = options.clients * 2,
              .half_open = options.half_open},
      sessions_{std::make_unique<sessions::SessionTables>(limits_, table_->hash_key)} {}

BackendIndex Town::backend_of(const Client& client) const noexcept {
    const std::uint64_t hash =
        net::keyed_hash(client.address.low(), client.address.high(), table_->hash_key);
    const auto& maglev = table_->services[service()].maglev;
    return maglev[forwarding::maglev_index(hash, maglev.size())];
}

FrameMaker Town::frames(std::size_t esp_frame) const {
    using namespace testlib;
    return {options_.family,
            {.from_gateway = gateway_mac(options_.family),
             .to_gateway_side = place::ext_mac(),
             .from_server = server_mac(0),
             .to_server_side = place::srv_mac(),
             .vip = address(options_.family == Family::v4 ? place::vip : place::vip6)},
            esp_frame};
}

void Town::establish_by_packets(std::size_t first, std::size_t count) {
    Arrival arrival{*this};
    for (std::size_t done = 0; done < count; done += Arrival::at_once) {
        arrival.live(first + done, std::min(Arrival::at_once, count - done));
        if (done / logins_per_second != (done + Arrival::at_once) / logins_per_second)
            advance(second);
    }
}

void Town::establish_in_bulk(std::size_t first, std::size_t count) {
    establish_in_bulk(first, count, *sessions_);
}

void Town::establish_in_bulk(std::size_t first, std::size_t count, sessions::SessionTables& into) {
    if (count < many_clients) return establish_in_turn(first, count, into);
    const std::size_t half = count / 2;
    auto other = std::async(std::launch::async,
                            [&] { establish_in_turn(first + half, count - half, into); });
    establish_in_turn(first, half, into);
    other.get();
}

void Town::establish_in_turn(std::size_t first, std::size_t count, sessions::SessionTables& d) {
    for (std::size_t number = first; number < first + count; ++number) {
        prefetch_client(number + prefetched_clients, d);
        write_client(number, d);
    }
}

/// Where write_client() and refresh() will write: of 16 million clients no line is in a cache.
void Town::prefetch_client(std::size_t number, const sessions::SessionTables& d) const {
    const Client c = client(number);
    const auto ask = [](const auto& table, const auto& key) { table.prefetch(key); };
    ask(d.flows, flow_of(c));
    ask(d.persistences, sessions::persistence_key(c.address, service()));
    ask(d.ike_sas, pair_of(c));
    for (const std::uint32_t spi : c.esp_up)
        ask(d.claims, sessions::esp_key(c.address, net::be32::from_host(spi)));
}

void Town::refresh(std::size_t first, std::size_t count) {
    sessions::SessionTables& d = *sessions_;
    const forwarding::Timeouts& lives = table_->timeouts;
    for (std::size_t number = first; number < first + count; ++number) {
        prefetch_client(number + prefetched_clients, d);
        const Client c = client(number);
        const sessions::Flow flow = flow_record(c);
        must_write([&] {
            return d.flows.write(flow_of(c), flow, lives, now(), Evict::oldest_by_half);
        });
        must_write([&] {
            return d.persistences.write(sessions::persistence_key(c.address, service()),
                                        {.backend = flow.backend, .last_seen = now()}, lives, now(),
                                        Evict::never);
        });
        for (const std::uint32_t spi : c.esp_up) write_claim(c, spi, now(), d);
    }
}

void Town::write_client(std::size_t number, sessions::SessionTables& d) {
    const Client c = client(number);
    write_flows(c, d);
    write_sa(c, d);
}

sessions::FlowKey Town::flow_of(const Client& client) const noexcept {
    return sessions::flow_key(client.address, net::be16::from_host(client.nat_t_port),
                              static_cast<forwarding::FrontendIndex>(2 * service() + 1));
}

/// The flow and the persistence.
void Town::write_flows(const Client& c, sessions::SessionTables& d) {
    const forwarding::Timeouts& lives = table_->timeouts;
    const sessions::Flow flow = flow_record(c);
    must_write([&] {
        return d.flows.write(flow_of(c), flow, lives, now(), Evict::oldest_by_half);
    });
    must_write([&] {
        return d.persistences.write(sessions::persistence_key(c.address, service()),
                                    {.backend = flow.backend, .last_seen = now() - login_ago},
                                    lives, now(), Evict::never);
    });
}

/// Of a client whose server has just spoken.
sessions::Flow Town::flow_record(const Client& c) const noexcept {
    return {.backend = {.index = backend_of(c)},
            .standing = sessions::Standing::spoke,
            .gateway = table_->frontends[2 * service()].uplink,
            .last_seen = now()};
}

/// The IKE SA, what is left of its beginning, and the ESP SPIs.
void Town::write_sa(const Client& c, sessions::SessionTables& d) {
    const forwarding::Timeouts& lives = table_->timeouts;
    const forwarding::BackendRef backend{.index = backend_of(c)};
    const std::uint64_t spi_i = net::be64::from_host(c.spi_i).wire();
    const forwarding::Seconds login = now() - login_ago;
    must_write([&] {
        return d.choices.write(
            sessions::half_open_key(net::be64::from_wire(spi_i), c.address, service(), d.secret),
            {.backend = backend, .is_answered = true, .last_seen = login}, lives, now(),
            Evict::oldest);
    });
    const std::uint32_t name = sessions::name_of(c.address);
    const sessions::Peer seen{.client = name,
                              .port = c.nat_t_port,
                              .created = sessions::Peer::created_at(login)};
    const sessions::Began began{.client = sessions::origin_of(c.address, table_->hash_key),
                                .next_id = 2};
    const std::array notes{seen.pack(), began.pack()};
    must_write([&] {
        return d.ike_sas.write(pair_of(c),
                               {.backend = backend,
                                .state = sessions::SaState::established,
                                .service = service(),
                                .last_seen = login},
                               lives, now(), Evict::oldest_by_half, &notes);
    });
    for (const std::uint32_t spi : c.esp_up)
        write_claim(c, spi, spi == c.esp_up.front() ? login : now(), d);
}

void Town::write_claim(const Client& c, std::uint32_t spi, forwarding::Seconds seen,
                       sessions::SessionTables& d) {
    const auto key = sessions::esp_key(c.address, net::be32::from_host(spi));
    const auto frontend = static_cast<forwarding::FrontendIndex>(2 * service() + 1);
    must_write([&] {
        return d.claims.write(
            key,
            {.backend = {.index = backend_of(c)},
             .tag = sessions::claim_tag(key.narrow(), net::be16::from_host(c.nat_t_port), frontend,
                                        table_->hash_key),
             .last_seen = seen},
            table_->timeouts, now(), Evict::never);
    });
}

}  // namespace ikelb::bench
