// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

#include <random>
#include <span>
#include <string>

#include "config/text/address.h"
#include "controlplane/state/state_file.h"

namespace ikelb::state::testlib {

/// States as ikelbd could write them, the same ones for the same seed.
class RandomState {
public:
    explicit RandomState(std::uint64_t seed) : random_{seed} {}

    State make(std::size_t most_records) {
        State state;
        make_facts(state.facts);
        for (std::size_t i = below(most_records + 1); i > 0; --i)
            state.ike_sas.push_back(
                {.initiator_spi = random_() | 1,
                 .responder_spi = random_(),
                 .record = record(state.facts),
                 .state = static_cast<sessions::SaState>(below(4)),
                 .service = static_cast<std::uint8_t>(below(state.facts.services.size())),
                 .peer = random_(),
                 .began = random_()});
        for (std::size_t i = below(most_records + 1); i > 0; --i) {
            state.flows.push_back(
                {.client = client(),
                 .client_port = static_cast<std::uint16_t>(random_()),
                 .frontend = static_cast<std::uint16_t>(below(state.facts.frontends.size())),
                 .record = record(state.facts),
                 .standing = standing(),
                 .gateway = gateway(state.facts),
                 .rivals = static_cast<std::uint8_t>(
                     below(4) != 0 ? 0 : below(sessions::Rivals::most + 1))});
            for (std::uint8_t rival = 0; rival < state.flows.back().rivals; ++rival)
                state.rivals.push_back({.record = record(state.facts), .standing = standing()});
        }
        for (std::size_t i = below(most_records + 1); i > 0; --i)
            state.persistences.push_back(
                {.client = client(),
                 .service = static_cast<std::uint16_t>(below(state.facts.services.size())),
                 .record = record(state.facts)});
        for (std::size_t i = below(most_records + 1); i > 0; --i)
            state.esp.push_back({.client = client(),
                                 .spi = static_cast<std::uint32_t>(random_()) | 0x100,
                                 .record = record(state.facts),
                                 .rank = static_cast<std::uint8_t>(below(8)),
                                 .tag = static_cast<std::uint8_t>(random_())});
        for (std::size_t i = below(most_records + 1); i > 0; --i)
            state.transit.push_back(transit());
        return state;
    }
    net::IpAddress client() {
        if (below(2) == 0) return net::IpAddress::from_halves(random_(), random_());
        return net::IpAddress::from_v4_host(static_cast<std::uint32_t>(random_()));
    }

private:
    std::size_t below(std::size_t limit) { return static_cast<std::size_t>(random_() % limit); }
    std::string text() {
        std::string made(1 + below(63), ' ');
        for (char& c : made) c = static_cast<char>('a' + below(26));
        return made;
    }
    net::IpAddress address() {
        return net::IpAddress::from_v4_host(static_cast<std::uint32_t>(random_()));
    }
    SavedRecord record(const Facts& facts) {
        return {.age = static_cast<std::uint32_t>(random_()),
                .backend = static_cast<std::uint16_t>(below(facts.backends.size()))};
    }
    sessions::Standing standing() { return static_cast<sessions::Standing>(below(4)); }
    SavedTransit transit() {
        SavedTransit made{.left = static_cast<std::uint32_t>(random_()),
                          .progress = static_cast<wall::Progress>(below(3))};
        made.key.inside = client();
        do {
            made.key.outside = client();
        } while (made.key.outside.is_v4() != made.key.inside.is_v4());
        made.key.inside_port = static_cast<std::uint16_t>(random_());
        made.key.outside_port = static_cast<std::uint16_t>(random_());
        made.key.protocol = static_cast<std::uint8_t>(random_());
        return made;
    }
    std::uint8_t gateway(const Facts& facts) {
        const std::size_t chosen = below(facts.gateways.size() + 2);
        return chosen > facts.gateways.size() ? SavedFlow::on_link
                                              : static_cast<std::uint8_t>(chosen);
    }
    void make_facts(Facts& facts) {
        facts.saved_at = std::chrono::sys_seconds{std::chrono::seconds{below(1ULL << 33)}};
        facts.hash_key = {.k0 = random_(), .k1 = random_()};
        for (std::size_t i = 1 + below(40); i > 0; --i)
            facts.backends.push_back({.name = text(),
                                      .address = address(),
                                      .mode = static_cast<forwarding::Mode>(below(4))});
        for (std::size_t i = 1 + below(9); i > 0; --i)
            facts.frontends.push_back(
                {.vip = address(), .port = static_cast<std::uint16_t>(random_())});
        for (std::size_t i = 1 + below(9); i > 0; --i) facts.services.push_back(text());
        for (std::size_t i = below(9); i > 0; --i)
            facts.gateways.push_back({.interface = text(), .address = address()});
    }

    std::mt19937_64 random_;
};

/// One record of each kind that files of version 2 have, and names of several lengths: some 300
/// bytes.
inline State old_state() {
    State state;
    state.facts = {
        .saved_at = std::chrono::sys_seconds{std::chrono::seconds{1'700'000'000}},
        .hash_key = {.k0 = 0x1122334455667788, .k1 = 0x99aabbccddeeff00},
        .backends = {{.name = "rras1",
                      .address = *text::parse_address("10.20.0.11"),
                      .mode = forwarding::Mode::enabled},
                     {.name = "b",
                      .address = *text::parse_address("10.20.0.12"),
                      .mode = forwarding::Mode::drain_keep}},
        .frontends = {{.vip = *text::parse_address("203.0.113.10"), .port = 4500}},
        .services = {"aovpn"},
        .gateways = {{.interface = "ext", .address = *text::parse_address("198.51.100.254")}}};
    state.ike_sas = {{.initiator_spi = 0x0102030405060708,
                      .responder_spi = 0xa1a2a3a4a5a6a7a8,
                      .record = {.age = 5, .backend = 1},
                      .state = sessions::SaState::established,
                      .service = 0}};
    state.flows = {{.client = net::IpAddress::from_v4_host(0xc6336407),
                    .client_port = 4500,
                    .frontend = 0,
                    .record = {.age = 7, .backend = 0},
                    .standing = sessions::Standing::nominated,
                    .gateway = 1}};
    state.persistences = {{.client = net::IpAddress::from_v4_host(0xc6336407),
                           .service = 0,
                           .record = {.age = 9, .backend = 1}}};
    state.esp = {{.client = net::IpAddress::from_halves(0x20010db800000000, 7),
                  .spi = 0xc0ffee01,
                  .record = {.age = 3, .backend = 1}}};
    return state;
}

/// One record of each kind, as full as it can be.
inline State small_state() {
    State state = old_state();
    state.transit = {{.key = {.inside = *text::parse_address("10.20.0.11"),
                              .outside = *text::parse_address("192.0.2.80"),
                              .inside_port = 50'000,
                              .outside_port = 443,
                              .protocol = 6},
                      .left = 11,
                      .progress = wall::Progress::answered}};
    state.ike_sas[0].peer = 0xc633640711940801;
    state.ike_sas[0].began = 0xc633640700000002;
    state.flows[0].rivals = 2;
    state.rivals = {{.record = {.age = 8, .backend = 1}, .standing = sessions::Standing::strong},
                    {.record = {.age = 6, .backend = 0}, .standing = sessions::Standing::spoke}};
    state.esp[0].rank = 1;
    state.esp[0].tag = 0x9e;
    return state;
}

}  // namespace ikelb::state::testlib
