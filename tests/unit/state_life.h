// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "controlplane/state/restore.h"
#include "controlplane/state/snapshot.h"
#include "controlplane/table/table_builder.h"
#include "tests/testlib/bench.h"
#include "tests/testlib/rivals.h"
#include "tests/testlib/saved_state.h"

namespace ikelb::state::test {

using namespace ikelb::testlib;
using namespace ikelb::testlib::place;
using namespace std::chrono_literals;

inline constexpr std::chrono::sys_seconds start_of_wall_clock{1'700'000'000s};

struct Named {
    std::string name;
    std::string address;
};
inline const std::vector<Named> three_servers{
    {"rras1", "10.20.0.11"}, {"rras2", "10.20.0.12"}, {"rras3", "10.20.0.13"}};

/// One life of ikelbd: its configuration, its indices and its packet path.
class Life {
public:
    explicit Life(const std::vector<Named>& servers = three_servers,
                  const std::string& service = "aovpn", const char* vip_address = vip) {
        config.interfaces = {{.name = "ext", .port = "wan"}, {.name = "srv", .port = "lan"}};
        config::Pool pool{.name = "rras"};
        for (const Named& server : servers)
            pool.backends.push_back(
                {.name = server.name, .address = address(server.address.c_str())});
        config.pools = {pool};
        config.services = {{.name = service,
                            .vip = address(vip_address),
                            .interface = "ext",
                            .pool = "rras"}};
        registry.update(config).value();
        bench = std::make_unique<Bench>(spec());
        bench->set_now(3'000'000);
    }

    /// What the dataplane's table says, by the registry.
    TableSpec spec() const {
        TableSpec made = two_armed_farm();
        made.backends.clear();
        made.services[0].members.clear();
        made.services[0].vip = config.services[0].vip;
        for (const config::Backend& backend : config.pools[0].backends) {
            const auto ref = *registry.backend(backend.name);
            EXPECT_EQ(ref.index, made.backends.size());
            made.backends.push_back({.address = backend.address,
                                     .mac = server_mac(ref.index),
                                     .interface = srv,
                                     .mode = modes.mode(backend.name),
                                     .generation = ref.generation});
            made.services[0].members.push_back(ref.index);
            made.neighbours.push_back(
                {.interface = srv, .address = backend.address, .mac = server_mac(ref.index)});
        }
        made.timeouts = table::make_timeouts(config.timeouts);
        return made;
    }
    void apply() {
        bench->spec = spec();
        bench->apply();
    }

    std::vector<std::uint8_t> save(std::chrono::sys_seconds wall_clock = start_of_wall_clock) {
        const View view = make_view({.config = config,
                                     .registry = registry,
                                     .modes = modes,
                                     .table = bench->table(),
                                     .now = bench->now(),
                                     .wall_clock = wall_clock,
                                     .removed = removed.all()});
        return saved_state(bench->sessions(), view);
    }
    Restored restore(const State& state,
                     std::chrono::sys_seconds wall_clock = start_of_wall_clock) {
        const Restored restored =
            restore_state(state, {.config = config,
                                  .registry = registry,
                                  .modes = modes,
                                  .sessions = bench->sessions(),
                                  .timeouts = table::make_timeouts(config.timeouts),
                                  .now = bench->now(),
                                  .wall_clock = wall_clock});
        apply();
        return restored;
    }
    Restored restore(const std::vector<std::uint8_t>& bytes,
                     std::chrono::sys_seconds wall_clock = start_of_wall_clock) {
        return restore(*decode(bytes), wall_clock);
    }

    static sessions::IkeSaKey ike_sa_key(const Session& session) {
        return {net::be64::from_host(session.spi_i).wire(),
                net::be64::from_host(session.spi_r).wire()};
    }
    static sessions::FlowKey flow_key(const Session& session) {
        return sessions::flow_key(address(session.client.c_str()),
                                  net::be16::from_host(session.port_4500), 1);
    }
    std::optional<sessions::IkeSa> ike_sa(const Session& session) {
        return bench->sessions().ike_sas.find(ike_sa_key(session), bench->table().timeouts,
                                              bench->now());
    }
    std::optional<sessions::Flow> flow(const Session& session) {
        return bench->sessions().flows.find(flow_key(session), bench->table().timeouts,
                                            bench->now());
    }
    std::optional<sessions::Persistence> persistence(const Session& session) {
        return bench->sessions().persistences.find(
            sessions::persistence_key(address(session.client.c_str()), 0), bench->table().timeouts,
            bench->now());
    }
    std::optional<sessions::Claim> claim(const Session& session, std::uint32_t spi) {
        return bench->sessions().claims.find(
            sessions::esp_key(address(session.client.c_str()), net::be32::from_host(spi)),
            bench->table().timeouts, bench->now());
    }
    /// Who stands beside the session's flow, with how many seconds without a word.
    auto rivals(const Session& session) {
        std::map<forwarding::BackendIndex, std::pair<sessions::Standing, forwarding::Seconds>>
            found;
        for (const auto& entry : testlib::rivals_of(flow_key(session), bench->sessions()))
            found[entry.backend.index] = {entry.standing, (bench->now() - entry.seconds) & 0xfff};
        return found;
    }
    std::string home_of(const Outcome& outcome) const {
        return outcome.backend < config.pools[0].backends.size()
                   ? config.pools[0].backends[outcome.backend].name
                   : "none";
    }

    config::Config config;
    table::IndexRegistry registry;
    table::BackendModes modes;
    table::RemovedBackends removed;
    std::unique_ptr<Bench> bench;
};

}  // namespace ikelb::state::test
