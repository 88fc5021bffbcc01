// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include <gtest/gtest.h>

#include <random>
#include <set>
#include <sstream>

#include "config/text/address.h"
#include "tests/unit/table_testlib.h"

namespace ikelb::table {
namespace {

using namespace testlib;
using forwarding::Mode;

void write(std::ostream& out, const forwarding::LinkHeader& link) {
    for (const std::uint8_t byte : link.bytes) out << int{byte} << ':';
    out << int{link.length} << ' ' << link.port << ' ' << int{link.interface} << ' ' << link.mtu
        << ' ' << link.is_resolved;
}

template <class List>
void write_list(std::ostream& out, const List& list) {
    out << '[';
    for (const auto entry : list) out << entry << ' ';
    out << ']';
}

void write_network(std::ostream& out, const forwarding::ForwardingTable& table) {
    for (const forwarding::Interface& interface : table.interfaces)
        out << interface.port << ' ' << interface.vlan << ' ' << interface.mtu << ' '
            << interface.is_up << interface.faces_clients << interface.faces_servers << ' '
            << text::to_text(interface.mac) << ' ' << text::to_text(interface.address) << '\n';
    for (std::size_t i = 0; i < table.interface_of.size(); ++i)
        if (table.interface_of[i] != forwarding::no_interface)
            out << i << "->" << int{table.interface_of[i]} << '\n';
    for (const forwarding::Gateway& gateway : table.gateways) {
        out << "gateway " << int{gateway.interface} << ' ' << text::to_text(gateway.address) << ' ';
        write(out, gateway.link);
        out << '\n';
    }
}

void write_services(std::ostream& out, const forwarding::ForwardingTable& table) {
    for (const forwarding::Backend& backend : table.backends) {
        out << "backend " << int{backend.generation} << ' ' << to_string(backend.mode) << ' '
            << backend.is_present << backend.flush_on_down << ' ' << backend.weight;
        for (const forwarding::Home& home : backend.homes) {
            out << ' ' << text::to_text(home.address) << ' ' << home.is_up << ' ';
            write(out, home.link);
            for (const auto& frontends : home.frontends) write_list(out, frontends);
        }
        out << '\n';
    }
    for (const forwarding::Frontend& frontend : table.frontends)
        out << "frontend " << text::to_text(frontend.vip) << ' ' << frontend.port.to_host() << ' '
            << frontend.service << ' ' << frontend.is_served << ' ' << int{frontend.uplink} << '\n';
    for (const forwarding::Service& service : table.services) {
        out << "service " << service.is_present << ' ' << static_cast<int>(service.scheduler);
        write_list(out, service.members);
        write_list(out, service.maglev);
        write_list(out, service.round_robin);
        out << '\n';
    }
    for (std::size_t i = 0; i < table.members->size(); ++i) {
        if ((*table.members)[i] == forwarding::no_member) continue;
        const forwarding::Target& target =
            table.target(static_cast<forwarding::ServiceIndex>(i / forwarding::max_backends),
                         static_cast<forwarding::BackendIndex>(i % forwarding::max_backends));
        out << i << "->" << (*table.members)[i] << " at " << text::to_text(target.address) << ' ';
        write(out, target.link);
        out << '\n';
    }
}

/// Everything that a worker could ask of a table, the addresses of a few networks one by one.
std::string behaviour(const forwarding::ForwardingTable& table) {
    std::ostringstream out;
    write_network(out, table);
    write_services(out, table);
    for (const std::uint32_t network : {0x0a140000u, 0xcb007100u, 0xc6336400u, 0xc0000200u})
        for (std::uint32_t host = 0; host < 256; ++host) {
            const auto address = net::IpAddress::from_v4_host(network | host);
            out << '\n' << text::to_text(address) << ' ' << table.is_inside(address) << ' ';
            if (const auto index = table.route_table.lookup(address)) {
                const forwarding::Route& route = table.routes[*index];
                out << static_cast<int>(route.kind) << ' ' << int{route.interface} << ' '
                    << int{route.gateway};
            }
            if (const auto* entry = table.addresses.find(address)) {
                out << " role " << static_cast<int>(entry->role) << ' ' << entry->backend;
                write_list(out, entry->frontends);
            }
            for (forwarding::InterfaceIndex i = 0; i < 3; ++i)
                if (const auto* link = table.neighbours.find(forwarding::neighbour_key(i, address)))
                    write(out << " neighbour " << int{i} << ' ', *link);
        }
    for (int last = 0; last < 256; ++last)
        for (forwarding::InterfaceIndex i = 0; i < 3; ++i)
            if (const auto* gateway = table.gateway_of_mac.find(
                    forwarding::gateway_key(i, mac(static_cast<std::uint8_t>(last)))))
                out << "\nmac " << last << ' ' << int{i} << ' ' << int{*gateway};
    return out.str();
}

/// One thing that happens to a site: an edit of the file, an event of the kernel, an order.
void disturb(Site& site, std::mt19937& random) {
    auto& backends = site.config.pools[0].backends;
    const std::string name = "rras" + std::to_string(1 + random() % 5);
    switch (random() % 10) {
        case 0:
            if (backends.size() > 1)
                backends.erase(backends.begin() + static_cast<int>(random() % backends.size()));
            break;
        case 1:
            if (std::ranges::find(backends, name, &config::Backend::name) == backends.end())
                backends.push_back({.name = name, .address = ip("10.20.0.1" + name.substr(4))});
            break;
        case 2: backends.front().weight = static_cast<std::uint16_t>(random() % 200); break;
        case 3: site.down[name] = true; break;
        case 4: site.down.erase(name); break;
        case 5:
            site.modes.set(name, static_cast<Mode>(random() % 4), site.registry);
            break;
        case 6:
            add_neighbour(site.kernel, "10.20.0." + std::to_string(100 + random() % 100), farm,
                          static_cast<std::uint8_t>(random()));
            break;
        case 7:
            add_route(site.kernel, "0.0.0.0/0", "192.0.2." + std::to_string(2 + random() % 200),
                      ext2, static_cast<std::uint32_t>(random() % 300));
            break;
        case 8:
            site.kernel.routes.erase(site.kernel.routes.begin() +
                                     static_cast<int>(random() % site.kernel.routes.size()));
            break;
        case 9:
            site.config.services[0].scheduler = static_cast<config::Scheduler>(random() % 3);
            break;
    }
}

// What is shared with the table before must not be seen: built afresh, it is the same.
TEST(TableBuilder, PropertyATableDoesNotDependOnTheOneBefore) {
    for (unsigned seed = 0; seed < 8; ++seed) {
        std::mt19937 random{seed};
        Site site;
        site.config.maglev_table_size = 251;
        for (int step = 0; step < 40; ++step) {
            for (auto i = random() % 3; i > 0; --i) disturb(site, random);
            const std::string found = behaviour(site.build());
            ASSERT_EQ(site.table->version, static_cast<std::uint64_t>(step) + 1);
            const std::vector<std::string> remarks = site.remarks;
            auto kept = std::move(site.table);
            ASSERT_EQ(behaviour(site.build()), found) << "seed " << seed << " step " << step;
            ASSERT_EQ(site.remarks, remarks);
            site.table = std::move(kept);
        }
    }
}

// What a record may hold never leads anywhere else than where it meant to.
TEST(TableBuilder, PropertyNoReferenceEverChangesItsMeaning) {
    for (unsigned seed = 0; seed < 8; ++seed) {
        std::mt19937 random{100 + seed};
        Site site;
        site.config.maglev_table_size = 251;
        std::map<std::pair<int, int>, net::IpAddress> meant;
        std::map<int, std::pair<int, net::IpAddress>> gateways;
        for (int step = 0; step < 60; ++step) {
            disturb(site, random);
            const auto& table = site.build();
            for (std::size_t i = 0; i < table.backends.size(); ++i) {
                const forwarding::Backend& backend = table.backends[i];
                if (!backend.is_present) continue;
                const auto key = std::pair{static_cast<int>(i), int{backend.generation}};
                const net::IpAddress& address = backend.homes[0].address;
                ASSERT_EQ(meant.try_emplace(key, address).first->second, address);
            }
            for (std::size_t i = 1; i < table.gateways.size(); ++i) {
                const forwarding::Gateway& gateway = table.gateways[i];
                if (gateway.interface == forwarding::no_interface) continue;
                const std::pair name{int{gateway.interface}, gateway.address};
                ASSERT_EQ(gateways.try_emplace(static_cast<int>(i), name).first->second, name);
            }
        }
    }
}

// Every index that stands anywhere in a table leads somewhere.
TEST(TableBuilder, PropertyAllIndicesAreInRange) {
    std::mt19937 random{5};
    Site site;
    site.config.maglev_table_size = 251;
    for (int step = 0; step < 200; ++step) {
        disturb(site, random);
        const auto& table = site.build();
        for (const forwarding::Service& service : table.services)
            for (const auto* list : {&service.maglev, &service.old_maglev, &service.round_robin})
                for (const forwarding::BackendIndex index : *list)
                    ASSERT_LT(index, table.backends.size());
        for (const forwarding::Service& service : table.services)
            for (const forwarding::BackendIndex index : service.maglev)
                ASSERT_TRUE(table.backends[index].takes_new_clients(service.is_v6));
        for (const forwarding::Backend& backend : table.backends)
            for (const auto& frontends : backend.homes[0].frontends)
                for (const forwarding::FrontendIndex index : frontends)
                    ASSERT_LT(index, table.frontends.size());
        for (const forwarding::Route& route : table.routes) {
            ASSERT_LT(route.gateway, table.gateways.size());
            ASSERT_EQ(route.kind == forwarding::RouteKind::gateway,
                      route.gateway != forwarding::no_gateway);
        }
        for (const forwarding::Frontend& frontend : table.frontends) {
            ASSERT_LT(frontend.service, table.services.size());
            ASSERT_LT(frontend.uplink, table.gateways.size());
        }
    }
}

TEST(TableBuilder, TakesTheTimeoutsOver) {
    Site site;
    const forwarding::Timeouts& timeouts = site.build().timeouts;
    EXPECT_EQ(timeouts.flow, 2700u);
    EXPECT_EQ(timeouts.half_open, 30u);
    EXPECT_EQ(timeouts.half_open_answered, 75u);
    EXPECT_EQ(timeouts.answered, 300u);
    EXPECT_EQ(timeouts.established, 86400u);
    EXPECT_EQ(timeouts.closing, 180u);
    EXPECT_EQ(timeouts.pending, 10u);
    EXPECT_EQ(timeouts.fragment, 5u);

    using namespace std::chrono_literals;
    site.config.timeouts = {.flow = 10min,
                            .half_open = 1500ms,
                            .answered = 60s,
                            .ike_sa = 1h,
                            .pending = 1001ms,
                            .fragment = 1ms,
                            .delete_hint = 2min};
    const forwarding::Timeouts& others = site.build().timeouts;
    EXPECT_EQ(others.flow, 600u);
    EXPECT_EQ(others.half_open, 2u) << "rounded up";
    EXPECT_EQ(others.half_open_answered, 60u) << "no longer than answered";
    EXPECT_EQ(others.answered, 60u);
    EXPECT_EQ(others.established, 3600u);
    EXPECT_EQ(others.closing, 120u);
    EXPECT_EQ(others.pending, 2u);
    EXPECT_EQ(others.fragment, 1u) << "never nothing";
    site.config.timeouts = {.half_open = 2min};
    EXPECT_EQ(site.build().timeouts.half_open_answered, 120u) << "no answer shortens a life";
}

TEST(TableBuilder, SharesTheAbuseLimitsAmongTheWorkers) {
    Site site;
    const auto ike_sa = [](const forwarding::Rate& rate) {
        return std::pair{rate.per_second, rate.burst};
    };
    // With one worker: what is configured, whose defaults are those of the dataplane.
    const forwarding::AbuseLimits initial;
    const forwarding::AbuseLimits one = site.build().limits;
    EXPECT_EQ(ike_sa(one.requests_per_source), ike_sa(initial.requests_per_source));
    EXPECT_EQ(ike_sa(one.requests_per_backend), ike_sa(initial.requests_per_backend));
    EXPECT_EQ(ike_sa(one.logins_per_source), ike_sa(initial.logins_per_source));
    EXPECT_EQ(ike_sa(one.unknown_pairs_per_backend), ike_sa(initial.unknown_pairs_per_backend));
    EXPECT_EQ(ike_sa(one.opened_by_backends), ike_sa(initial.opened_by_backends));
    EXPECT_EQ(ike_sa(one.half_open_inserts), ike_sa(initial.half_open_inserts));
    EXPECT_EQ(ike_sa(one.fragments_per_source), ike_sa(initial.fragments_per_source));
    EXPECT_EQ(ike_sa(one.pending_per_source), ike_sa(initial.pending_per_source));

    site.config.workers.count = 3;
    site.config.abuse = {.requests_per_source = {10, 20},
                         .requests_per_backend = {30, 31},
                         .logins_per_source = {11, 21},
                         .unknown_pairs_per_backend = {1, 2},
                         .opened_by_backends = {9, 10},
                         .half_open_inserts = {300, 600},
                         .fragments_per_source = {40, 41},
                         .pending_per_source = {50, 51}};
    const forwarding::AbuseLimits& three = site.build().limits;
    using Pair = std::pair<std::uint32_t, std::uint32_t>;
    EXPECT_EQ(ike_sa(three.requests_per_source), (Pair{10, 20})) << "a source is on one worker";
    EXPECT_EQ(ike_sa(three.logins_per_source), (Pair{11, 21}));
    EXPECT_EQ(ike_sa(three.requests_per_backend), (Pair{10, 11}));
    EXPECT_EQ(ike_sa(three.unknown_pairs_per_backend), (Pair{1, 1})) << "never nothing";
    EXPECT_EQ(ike_sa(three.opened_by_backends), (Pair{3, 4}));
    EXPECT_EQ(ike_sa(three.half_open_inserts), (Pair{100, 200}));
    EXPECT_EQ(ike_sa(three.fragments_per_source), (Pair{40, 41}));
    EXPECT_EQ(ike_sa(three.pending_per_source), (Pair{50, 51}));
}

TEST(TableBuilder, TakesTheRestOver) {
    Site site;
    const auto& first = site.build();
    EXPECT_EQ(first.version, 1u);
    EXPECT_EQ(first.hash_key.k0, 1u);
    EXPECT_EQ(first.hash_key.k1, 2u);
    EXPECT_TRUE(first.is_inside(ip("10.99.1.1")));
    EXPECT_FALSE(first.is_inside(ip("11.0.0.1")));
    EXPECT_EQ(site.build().version, 2u);
}

TEST(TableBuilder, AnEmptyConfigurationMakesATableThatForwardsNothing) {
    Site site;
    site.config = config::Config{};
    const auto& table = site.build();
    EXPECT_EQ(table.interfaces.size(), 0u);
    EXPECT_TRUE(table.interface_of.empty());
    EXPECT_EQ(table.backends.size(), 0u);
    for (const auto& one : site.kernel.addresses)  // all of other devices
        EXPECT_NE(table.addresses.find(one.prefix.address), nullptr);
    EXPECT_EQ(table.gateways.size(), 1u);
    EXPECT_EQ(site.route("10.20.0.11")->kind, forwarding::RouteKind::local);
    EXPECT_EQ(table.member(0, 0), std::nullopt);
}

}  // namespace
}  // namespace ikelb::table
