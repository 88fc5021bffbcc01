// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include "config/diff.h"

#include <set>

#include "config/listing.h"
#include "config/schema.h"
#include "tests/unit/config_testlib.h"

namespace ikelb::config {
namespace {

using testing::parse_good;
using testing::with;
using testing::with_added;

Diff diff_to(std::string_view yaml) {
    return diff(parse_good(testing::good_yaml), parse_good(yaml));
}

TEST(ConfigDiff, EqualConfigurationsHaveNone) {
    const Diff same = diff_to("# moved\n\n" + std::string{testing::good_yaml});
    EXPECT_TRUE(same.is_empty());
    EXPECT_FALSE(same.needs_restart());
    EXPECT_EQ(same.restart_reason(), "");
}

TEST(ConfigDiff, OrderOfListsDoesNotCount) {
    const std::string first = "      - {name: rras1, address: 10.20.0.11}\n";
    const std::string second = "      - {name: rras2, address: 10.20.0.12}\n";
    EXPECT_TRUE(diff_to(with(first + second, second + first)).is_empty());
}

TEST(ConfigDiff, WeightIsLive) {
    const Diff changed = diff_to(with("10.20.0.11", "10.20.0.11, weight: 50"));
    ASSERT_EQ(changed.changes.size(), 1u);
    const Change& change = changed.changes[0];
    EXPECT_EQ(change.kind, ChangeKind::changed);
    EXPECT_EQ(change.path, "pools[rras].backends[rras1].weight");
    EXPECT_EQ(change.before, "100");
    EXPECT_EQ(change.after, "50");
    EXPECT_EQ(change.key->path, "pools[].backends[].weight");
    EXPECT_FALSE(changed.needs_restart());
    EXPECT_EQ(changed.to_string(), "pools[rras].backends[rras1].weight: 100 -> 50\n");
}

TEST(ConfigDiff, BackendsComeAndGoLive) {
    const Diff changed = diff_to(with("{name: rras1, address: 10.20.0.11}",
                                      "{name: rras3, address: 10.20.0.13}"));
    EXPECT_EQ(changed.to_string(),
              "pools[rras].backends[rras1]: removed {address: 10.20.0.11, weight: 100}\n"
              "pools[rras].backends[rras3]: added {address: 10.20.0.13, weight: 100}\n");
    EXPECT_FALSE(changed.needs_restart());
}

TEST(ConfigDiff, HealthComesAndGoesLive) {
    const Diff changed = diff_to(with("services:", "    health: none\nservices:"));
    EXPECT_EQ(changed.to_string(), "pools[rras].health.icmp: removed {interval: 5s, timeout: 2s, "
                                   "fall: 3, rise: 2}\n");
    EXPECT_FALSE(changed.needs_restart());
}

struct Case {
    std::string_view name;
    std::string yaml;
    std::string_view change;
    bool needs_restart;
};

TEST(ConfigDiff, EachKeySaysLiveOrRestart) {
    const std::vector<Case> cases{
        {"port", with("name: lan,", "name: lan, mtu: 9000,"), "ports[lan].mtu: 1500 -> 9000", true},
        {"mac", with("name: lan,", "name: lan, mac: '02:00:00:00:00:01',"),
         "ports[lan].mac: (not set) -> 02:00:00:00:00:01", true},
        {"vlan", with("port: lan,", "port: lan, vlan: 5,"), "interfaces[int].vlan: 0 -> 5", true},
        {"interface port", with("port: lan,", "port: wan,"), "interfaces[int].port: lan -> wan",
         true},
        {"server macs", with("side: servers", "side: servers, server_macs: ['02:00:00:00:00:0b']"),
         "interfaces[int].server_macs: [] -> [02:00:00:00:00:0b]", false},
        {"addresses", with("[10.20.0.1/24]", "[10.20.0.2/24, 10.20.0.3/24]"),
         "interfaces[int].addresses: [10.20.0.1/24] -> [10.20.0.2/24, 10.20.0.3/24]", false},
        {"route", with_added("routes: [{to: 10.0.0.0/8, via: 10.20.0.9}]\n"),
         "routes[10.0.0.0/8]: added {to: 10.0.0.0/8, via: 10.20.0.9}", false},
        {"inside", with_added("inside_prefixes: [10.0.0.0/8]\n"),
         "inside_prefixes: [] -> [10.0.0.0/8]", false},
        {"scheduler", with("pool: rras}", "pool: rras, scheduler: least_sas}"),
         "services[aovpn].scheduler: maglev -> least_sas", false},
        {"on_down", with("services:", "    on_down: flush\nservices:"),
         "pools[rras].on_down: keep -> flush", false},
        {"workers", with_added("workers: {count: 2}\n"), "workers.count: 1 -> 2", true},
        {"dpdk", with_added("dpdk: {memory: 512}\n"), "dpdk.memory: 256 -> 512", true},
        {"limits", with_added("limits: {flows: 1024}\n"), "limits.flows: 262144 -> 1024", true},
        {"timeouts", with_added("timeouts: {flow: 1h}\n"), "timeouts.flow: 45m -> 1h", false},
        {"transit limit", with_added("limits: {transit: 1024}\n"),
         "limits.transit: 262144 -> 1024", true},
        {"transit time", with_added("timeouts: {transit_udp: 2m}\n"),
         "timeouts.transit_udp: 5m -> 2m", false},
        {"grace", with_added("timeouts: {transit_grace: 0s}\n"),
         "timeouts.transit_grace: 1m -> 0s", false},
        {"transit", with_added("transit: open\n"), "transit: closed -> open", false},
        {"allow", with_added("transit: {allow: [{from: 0.0.0.0/0, to: 10.30.0.0/24, protocol: tcp, "
                             "ports: 443}]}\n"),
         "transit.allow[0.0.0.0/0 to 10.30.0.0/24 tcp/443]: added {from: 0.0.0.0/0, to: "
         "10.30.0.0/24, protocol: tcp, ports: 443, established: false}",
         false},
        {"own service", with_added("own_services: [{address: 10.255.0.1, from: 192.0.2.0/24, "
                                   "protocol: tcp, ports: 179}]\n"),
         "own_services[192.0.2.0/24 to 10.255.0.1 tcp/179]: added {address: 10.255.0.1, from: "
         "192.0.2.0/24, protocol: tcp, ports: 179}",
         false},
        {"host ports", with("pool: rras}", "pool: rras, host_ports: [tcp/22]}"),
         "services[aovpn].host_ports: [] -> [tcp/22]", false},
        {"pending", with_added("timeouts: {pending: 5s}\n"), "timeouts.pending: 10s -> 5s", false},
        {"affinity", with("pool: rras}", "pool: rras, affinity: sa}"),
         "services[aovpn].affinity: source -> sa", false},
        {"prefix", with("pool: rras}", "pool: rras, affinity_prefix_v4: 24}"),
         "services[aovpn].affinity_prefix_v4: 32 -> 24", false},
        {"ask all", with("pool: rras}", "pool: rras, ask_all_per_second: 5}"),
         "services[aovpn].ask_all_per_second: 50 -> 5", false},
        {"spi_label", with("10.20.0.11", "10.20.0.11, spi_label: {esp_first: 0x100}"),
         "pools[rras].backends[rras1].spi_label: added {ike_mask: 0x0, ike_value: 0x0, esp_first: "
         "0x100, esp_last: 0x0}",
         false},
        {"abuse", with_added("abuse: {requests_per_backend: 2000/s burst 9}\n"),
         "abuse.requests_per_backend: 2000/s burst 4000 -> 2000/s burst 9", false},
        {"log", with_added("log: {level: debug}\n"), "log.level: info -> debug", false},
        {"admin", with_added("admin: {socket: /a}\n"), "admin.socket: /run/ikelb/admin.sock -> /a",
         true},
        {"metrics", with_added("metrics: none\n"), "metrics: removed {listen: 127.0.0.1:9465}",
         true},
        {"state file", with_added("state: {file: /a}\n"), "state.file: (not set) -> /a", true},
        {"state interval", with_added("state: {interval: 1m}\n"), "state.interval: 10s -> 1m",
         false},
        {"no state", with_added("state: none\n"), "state: removed {interval: 10s}", true},
        {"maglev", with_added("maglev_table_size: 251\n"), "maglev_table_size: 65537 -> 251",
         false},
    };
    for (const Case& c : cases) {
        const Diff changed = diff_to(c.yaml);
        ASSERT_EQ(changed.changes.size(), 1u) << c.name << "\n" << changed.to_string();
        EXPECT_EQ(changed.changes[0].to_string(), c.change) << c.name;
        EXPECT_EQ(changed.needs_restart(), c.needs_restart) << c.name;
    }
}

/// "service/backend", one after the other.
std::string ends_of(const Config& before, const Config& after) {
    std::string text;
    for (const Member& member : members_that_end(before, after))
        text += (text.empty() ? "" : " ") + member.service + "/" + member.backend;
    return text;
}

TEST(ConfigDiff, TunnelsEndWhereTheirServerIsNoLongerReached) {
    const Config before = parse_good(testing::good_yaml);
    struct Change {
        const char* what;
        std::string yaml;
        const char* ends;
    };
    const std::string first = "      - {name: rras1, address: 10.20.0.11}\n";
    const Change changes[] = {
        {"nothing", std::string{testing::good_yaml}, ""},
        {"removed", with(first, ""), "aovpn/rras1"},
        {"renamed", with("name: rras1", "name: other"), "aovpn/rras1"},
        {"another address", with("10.20.0.11", "10.20.0.21"), "aovpn/rras1"},
        {"another VIP", with("203.0.113.10", "203.0.113.11"), "aovpn/rras1 aovpn/rras2"},
        {"a service renamed", with("name: aovpn", "name: other"), ""},
        {"a weight", with("10.20.0.11", "10.20.0.11, weight: 0"), ""},
        {"an alias comes",
         with("10.20.0.11", "10.20.0.11, aliases: [{service: aovpn, address: 10.20.0.111}]"),
         "aovpn/rras1"},
        {"one more", with(first, first + "      - {name: rras3, address: 10.20.0.13}\n"), ""},
    };
    for (const Change& one : changes)
        EXPECT_EQ(ends_of(before, parse_good(one.yaml)), one.ends) << one.what;
    Config unused = before;
    unused.services.clear();
    EXPECT_EQ(ends_of(before, unused), "aovpn/rras1 aovpn/rras2");
}

TEST(ConfigDiff, RestartReasonNamesTheKeysThatNeedIt) {
    const Diff changed = diff_to(with("10.20.0.11", "10.20.0.11, weight: 50",
                                      with_added("workers: {count: 2}\nlimits: {flows: 1024}\n")));
    EXPECT_EQ(changed.restart_reason(),
              "these changes need a restart of ikelbd: workers.count: 1 -> 2; limits.flows: 262144 "
              "-> 1024; nothing was changed: undo them and reload, or restart");
}

TEST(ConfigDiff, ListingHoldsEveryValueOfTheSchema) {
    std::set<std::string_view> listed;
    const Config config =
        parse_good(with("10.20.0.11",
                        "10.20.0.11, spi_label: {ike_mask: 0x1}, "
                        "aliases: [{service: aovpn, address: 10.20.0.111}]",
                        with_added("routes: [{to: 10.0.0.0/8, via: 10.20.0.9}]\n"
                                   "transit: {allow: [{from: 192.0.2.0/24, to: 10.30.0.0/24}]}\n"
                                   "own_services: [{address: 10.255.0.1, from: 0.0.0.0/0}]\n")));
    for (const ListedMap& map : list_values(config))
        for (const ListedValue& value : map.values) {
            ASSERT_NE(value.key, nullptr) << map.path;
            listed.insert(value.key->path);
        }
    for (const Key& key : all_keys()) {
        // A map that may be a word is listed by the word as well.
        const bool is_value = (key.form != Form::map && key.form != Form::list_of_maps) ||
                              (key.form == Form::map && !key.initial.empty());
        EXPECT_EQ(listed.contains(key.path), is_value) << key.path;
    }
}

}  // namespace
}  // namespace ikelb::config
