// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include "config/load.h"

#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "config/document.h"
#include "config/text/address.h"
#include "tests/unit/config_testlib.h"

namespace ikelb::config {
namespace {

using namespace std::chrono_literals;
using testing::expect_among;
using testing::expect_only;
using testing::parse_errors;
using testing::parse_good;
using testing::with;
using testing::with_added;

net::IpAddress ip(std::string_view text) { return text::parse_address(text).value(); }

TEST(ConfigParse, ReadsNamesAddressesAndLines) {
    const Config config = parse_good(testing::good_yaml);
    ASSERT_EQ(config.ports.size(), 2u);
    EXPECT_EQ(config.ports[0].name, "wan");
    EXPECT_EQ(config.ports[0].device, "net_af_xdp0,iface=eth1");
    EXPECT_EQ(config.ports[1].line.number, 3);
    ASSERT_EQ(config.interfaces.size(), 2u);
    EXPECT_EQ(config.interfaces[1].side, Side::servers);
    EXPECT_EQ(text::to_text(config.interfaces[1].addresses.at(0)), "10.20.0.1/24");
    ASSERT_EQ(config.pools.size(), 1u);
    EXPECT_EQ(config.pools[0].line.number, 8);
    EXPECT_EQ(config.pools[0].backends.at(1).address, ip("10.20.0.12"));
    EXPECT_EQ(config.pools[0].backends.at(1).line.number, 11);
    ASSERT_EQ(config.services.size(), 1u);
    EXPECT_EQ(config.services[0].vip, ip("203.0.113.10"));
    EXPECT_EQ(config.services[0].line.number, 13);
}

TEST(ConfigParse, FillsInDefaults) {
    const Config config = parse_good(testing::good_yaml);
    EXPECT_EQ(config.ports[0].mtu, 1500);
    EXPECT_FALSE(config.ports[0].mac.has_value());
    EXPECT_EQ(config.interfaces[0].vlan, 0);
    EXPECT_EQ(config.pools[0].backends[0].weight, 100);
    EXPECT_EQ(config.pools[0].on_down, OnDown::keep);
    EXPECT_FALSE(config.pools[0].health.is_off);
    EXPECT_EQ(config.pools[0].health.icmp.interval, 5s);
    EXPECT_EQ(config.services[0].scheduler, Scheduler::maglev);
    EXPECT_EQ(config.services[0].announce, Announce::address);
    EXPECT_EQ(config.workers.count, 1);
    EXPECT_EQ(config.timeouts.flow, 45min);
    EXPECT_FALSE(config.metrics.is_off);
    EXPECT_EQ(config.metrics.listen.address, ip("127.0.0.1"));
    EXPECT_EQ(config.metrics.listen.port, 9465);
    EXPECT_FALSE(config.state.is_off);
    EXPECT_FALSE(config.state.file.has_value());
    EXPECT_EQ(config.state.interval, 10s);
    EXPECT_EQ(config.maglev_table_size, 65537u);
}

TEST(ConfigParse, ReadsEveryValue) {
    const Config config = parse_good(
        "ports: [{name: p, device: net_null0, mtu: 9000, mac: '02:00:00:00:00:0a'}]\n"
        "interfaces: [{name: i, port: p, vlan: 7, addresses: [192.0.2.1/24], side: both,\n"
        "  server_macs: ['02:00:00:00:00:0b', '02:00:00:00:00:0c']}]\n"
        "routes: [{to: 10.0.0.0/8, via: 192.0.2.9, dev: i}]\n"
        "inside_prefixes: [10.0.0.0/8, 'fd00::/8']\n"
        "pools:\n"
        "  - name: P\n"
        "    backends:\n"
        "      - {name: b, address: 192.0.2.2, weight: 0, spi_label: {ike_mask: 0xFF00000000000000,"
        " ike_value: 0x0100000000000000, esp_first: 0xc1000000, esp_last: 0xc1ffffff}}\n"
        "    on_down: flush\n"
        "    health: {icmp: {interval: 500ms, timeout: 100ms, fall: 1, rise: 4}}\n"
        "services:\n"
        "  - {name: s, vip: '2001:db8::1', announce: always, interface: i, pool: P,\n"
        "     scheduler: least_sas, affinity: sa, affinity_prefix_v4: 24, affinity_prefix_v6: 64,\n"
        "     ask_all_per_second: 20}\n"
        "workers: {count: 2, cpus: [1, 3], idle: poll}\n"
        "dpdk: {memory: 512, huge_pages: off, eal_args: ['--log-level=8']}\n"
        "limits: {flows: 2048, bindings: 1024, pairs: 4096, half_open: 8192, fragments: 64}\n"
        "timeouts: {flow: 1h, half_open: 10s, answered: 1m, pair: 2h, fragment: 1s,"
        " delete_hint: 9s, pending: 3s, half_open_answered: 20s}\n"
        "abuse:\n"
        "  requests_per_source: 1/s burst 2\n"
        "  requests_per_backend: 3/s burst 4\n"
        "  logins_per_source: 5/s burst 6\n"
        "  unknown_pairs_per_backend: 7/s burst 8\n"
        "  opened_by_backends: 9/s burst 10\n"
        "  half_open_inserts: 11/s burst 12\n"
        "  fragments_per_source: {per_second: 13, burst: 14}\n"
        "  pending_per_source: {per_second: 15, burst: 16}\n"
        "state: {file: /tmp/s, interval: 1m}\n"
        "admin: {socket: /tmp/a.sock}\n"
        "metrics: {listen: '[::1]:80'}\n"
        "log: {level: debug}\n"
        "maglev_table_size: 251\n");
    const Config expected{
        .ports = {{.name = "p",
                   .device = "net_null0",
                   .mtu = 9000,
                   .mac = text::parse_mac("02:00:00:00:00:0a")}},
        .interfaces = {{.name = "i",
                        .port = "p",
                        .vlan = 7,
                        .addresses = {*text::parse_prefix("192.0.2.1/24")},
                        .side = Side::both,
                        .server_macs = {*text::parse_mac("02:00:00:00:00:0b"),
                                        *text::parse_mac("02:00:00:00:00:0c")}}},
        .routes = {{.to = *text::parse_prefix("10.0.0.0/8"), .via = ip("192.0.2.9"), .dev = "i"}},
        .inside_prefixes = {*text::parse_prefix("10.0.0.0/8"), *text::parse_prefix("fd00::/8")},
        .pools =
            {{.name = "P",
              .backends = {{.name = "b",
                            .address = ip("192.0.2.2"),
                            .weight = 0,
                            .spi_label = {.ike_mask = 0xff00000000000000,
                                          .ike_value = 0x0100000000000000,
                                          .esp_first = 0xc1000000,
                                          .esp_last = 0xc1ffffff}}},
              .on_down = OnDown::flush,
              .health = {.icmp = {.interval = 500ms, .timeout = 100ms, .fall = 1, .rise = 4}}}},
        .services = {{.name = "s",
                      .vip = ip("2001:db8::1"),
                      .announce = Announce::always,
                      .interface = "i",
                      .pool = "P",
                      .scheduler = Scheduler::least_sas,
                      .affinity = Affinity::sa,
                      .affinity_prefix_v4 = 24,
                      .affinity_prefix_v6 = 64,
                      .ask_all_per_second = 20}},
        .workers = {.count = 2, .cpus = {1, 3}, .idle = Idle::poll},
        .dpdk = {.memory_mib = 512, .huge_pages = HugePages::off, .eal_args = {"--log-level=8"}},
        .limits = {.flows = 2048,
                   .persistences = 1024,
                   .ike_sas = 4096,
                   .half_open = 8192,
                   .fragments = 64},
        .timeouts = {.flow = 1h,
                     .half_open = 10s,
                     .half_open_answered = 20s,
                     .answered = 1min,
                     .ike_sa = 2h,
                     .pending = 3s,
                     .fragment = 1s,
                     .delete_hint = 9s},
        .abuse = {.requests_per_source = {1, 2},
                  .requests_per_backend = {3, 4},
                  .logins_per_source = {5, 6},
                  .unknown_pairs_per_backend = {7, 8},
                  .opened_by_backends = {9, 10},
                  .half_open_inserts = {11, 12},
                  .fragments_per_source = {13, 14},
                  .pending_per_source = {15, 16}},
        .state = {.file = "/tmp/s", .interval = 1min},
        .admin = {.socket = "/tmp/a.sock"},
        .metrics = {.listen = {.address = ip("::1"), .port = 80}},
        .log = {.level = LogLevel::debug},
        .maglev_table_size = 251};
    EXPECT_EQ(config, expected);
}

TEST(ConfigParse, RatesAreReadInTheirOlderFormToo) {
    const Config config =
        parse_good(with_added("abuse:\n  requests_per_source: {per_second: 7, burst: 8}\n"
                              "  requests_per_backend: {burst: 9}\n"));
    EXPECT_EQ(config.abuse.requests_per_source, (Rate{7, 8}));
    EXPECT_EQ(config.abuse.requests_per_backend, (Rate{2000, 9}));
    expect_only(
        parse_errors(with_added("abuse: {logins_per_source: {brust: 1}}\n")),
        "t.yaml:14: error: abuse.logins_per_source.brust: unknown key; did you mean burst?");
}

TEST(ConfigParse, NoneTurnsHealthMetricsAndStateOff) {
    const Config config =
        parse_good(with("services:", "    health: none\nservices:",
                        with_added("metrics: none\nstate: none\n")));
    EXPECT_TRUE(config.state.is_off);
    EXPECT_TRUE(config.pools[0].health.is_off);
    EXPECT_TRUE(config.metrics.is_off);
}

TEST(ConfigParse, UnknownKeyNamesTheNearest) {
    expect_only(parse_errors(with("{name: rras1,", "{name: rras1, wieght: 5,")),
                "t.yaml:10: error: pools[0].backends[0].wieght: unknown key; did you mean weight?");
    expect_only(parse_errors(with_added("time_outs: {flow: 1h}\n")),
                "t.yaml:14: error: time_outs: unknown key; did you mean timeouts?");
}

TEST(ConfigParse, UnknownKeyFromElsewhereIsSentHome) {
    expect_only(parse_errors(with_added("weight: 5\n")),
                "t.yaml:14: error: weight: unknown key here; weight belongs to "
                "pools[].backends[]");
}

TEST(ConfigParse, UnknownKeyLikeNothingGetsTheList) {
    expect_only(parse_errors(with_added("log: {q: 5}\n")),
                "t.yaml:14: error: log.q: unknown key; remove it, or write one of level");
}

TEST(ConfigParse, SourceTranslationIsRefusedWithTheReason) {
    for (const std::string_view key :
         {"snat", "SNAT", "masquerade", "full_nat", "full-nat", "fullnat", "source_nat", "automap",
          "usip", "snat_pool", "source_address_translation", "use_proxy_port", "transparent"}) {
        const Findings errors =
            parse_errors(with("pool: rras}", "pool: rras, " + std::string{key} + ": true}"));
        expect_only(errors, "t.yaml:13: error: services[0]." + std::string{key} +
                                ": source translation is refused: all clients would reach the "
                                "servers from one address");
        EXPECT_NE(errors.to_string().find("error 809"), std::string::npos);
        EXPECT_NE(errors.to_string().find("remove this key and make ikelb the servers' default "
                                          "gateway"),
                  std::string::npos);
    }
}

TEST(ConfigParse, AffinityIsOneOfTwoWords) {
    EXPECT_EQ(parse_good(with("pool: rras}", "pool: rras, affinity: sa}")).services[0].affinity,
              Affinity::sa);
    EXPECT_EQ(parse_good(with("pool: rras}", "pool: rras, affinity: source}")).services[0].affinity,
              Affinity::source);
    expect_only(parse_errors(with("pool: rras}", "pool: rras, affinity: sas}")),
                "t.yaml:13: error: services[0].affinity: is 'sas'; write source or sa (did you "
                "mean sa?)");
    expect_only(parse_errors(with("pool: rras}", "pool: rras, affinity_prefix_v4: 33}")),
                "t.yaml:13: error: services[0].affinity_prefix_v4: is '33'; write a whole number "
                "8..32 (bits), such as 32");
    expect_only(parse_errors(with("pool: rras}", "pool: rras, affinity_prefix_v6: 31}")),
                "t.yaml:13: error: services[0].affinity_prefix_v6: is '31'; write a whole number "
                "32..128 (bits)");
}

TEST(ConfigParse, SpiLabelsAreHexadecimal) {
    const auto errors = [](const std::string& label) {
        return parse_errors(
            with("address: 10.20.0.11", "address: 10.20.0.11, spi_label: " + label));
    };
    const std::string at = "t.yaml:10: error: pools[0].backends[0].spi_label";
    expect_only(errors("{ike_mask: ff}"),
                at + ".ike_mask: is 'ff'; write a number 0x... of at most 16 digits, such as "
                     "0xff00000000000000 (0x stands before the digits)");
    for (const char* wrong : {"0x", "0xg", "0x-1", "0x12345678901234567", "-0x1", "0X12"})
        expect_only(errors("{ike_mask: " + std::string{wrong} + "}"), at + ".ike_mask: is '");
    expect_only(errors("{esp_last: 0x123456789}"),
                at + ".esp_last: is '0x123456789'; write a number 0x... of at most 8 digits");
    expect_only(errors("{mask: 0x1}"), at + ".mask: unknown key");
    expect_only(errors("0x1"), at + ": is '0x1'; write a map");
    EXPECT_EQ(parse_good(with("address: 10.20.0.11",
                              "address: 10.20.0.11, spi_label: {ike_mask: 0xffffffffffffffff}"))
                  .pools[0].backends[0].spi_label.ike_mask,
              ~std::uint64_t{0});
}

TEST(ConfigParse, MissingKeysSayWhatToWrite) {
    expect_only(parse_errors(with(", device: '0000:04:00.0'", "")),
                "t.yaml:3: error: ports[1].device: is missing; write text, such as "
                "net_af_xdp0,iface=eth1");
    expect_only(parse_errors(with("interface: ext, ", "")),
                "t.yaml:13: error: services[0].interface: is missing; write a name, such as ext");
    const Findings errors = parse_errors("log: {level: info}\n");
    EXPECT_EQ(errors.list.size(), 4u) << errors.to_string();
    expect_among(errors, "t.yaml:1: error: ports: is missing; write a list, each item as - {name: "
                         "wan, device: net_af_xdp0,iface=eth1}");
}

TEST(ConfigParse, AMacThatIsNoneIsRefusedByItsPlace) {
    expect_only(parse_errors(with("side: servers", "side: both, server_macs: ['02:00']")),
                "t.yaml:6: error: interfaces[1].server_macs[0]: is '02:00'; write a list of at "
                "most 256 MAC addresses, such as ['00:15:5d:00:0a:02']");
}

TEST(ConfigParse, AllErrorsAreReportedInOrderOfLines) {
    const Findings errors = parse_errors(
        with("side: clients", "side: outside",
             with("10.20.0.11", "ten", with_added("bogus: 1\nlog: {level: 9}\n"))));
    ASSERT_EQ(errors.list.size(), 4u) << errors.to_string();
    EXPECT_EQ(errors.list[0].line, 5);
    EXPECT_EQ(errors.list[1].line, 10);
    EXPECT_EQ(errors.list[2].line, 14);
    EXPECT_EQ(errors.list[3].line, 15);
}

struct WrongValue {
    std::string_view line;
    std::string_view error;
};

class ConfigWrongValue : public ::testing::TestWithParam<WrongValue> {};

TEST_P(ConfigWrongValue, SaysWhatToTypeInstead) {
    expect_only(parse_errors(with_added(GetParam().line)),
                "t.yaml:14: error: " + std::string{GetParam().error});
}

INSTANTIATE_TEST_SUITE_P(
    AllForms, ConfigWrongValue,
    ::testing::Values(
        WrongValue{"workers: {count: many}\n",
                   "workers.count: is 'many'; write a whole number 1..64 (threads), such as 1"},
        WrongValue{"workers: {count: 0}\n", "workers.count: is '0'; write a whole number 1..64"},
        WrongValue{"workers: {count: 1.5}\n", "workers.count: is '1.5'; write a whole number"},
        WrongValue{"workers: {count: 65}\n", "workers.count: is '65'; write a whole number 1..64"},
        WrongValue{"workers: {count: 99999999999999999999}\n", "workers.count: is '9999999"},
        WrongValue{"workers: {count: [1]}\n", "workers.count: is a list; write a whole number"},
        WrongValue{"workers: {count: }\n", "workers.count: has no value; write a whole number"},
        WrongValue{"workers: {cpus: 1}\n", "workers.cpus: is '1'; write a list of at most 64"},
        WrongValue{"workers: {cpus: [x]}\n", "workers.cpus[0]: is 'x'; write the number of a CPU"},
        WrongValue{"workers: {cpus: [4096]}\n", "workers.cpus[0]: is '4096'; write the number"},
        WrongValue{"workers: {cpus: [[1]]}\n",
                   "workers.cpus[0]: is a list; write the number of a CPU"},
        WrongValue{"workers: {idle: spin}\n", "workers.idle: is 'spin'; write sleep or poll"},
        WrongValue{"workers: 4\n", "workers: is '4'; write a map"},
        WrongValue{"workers:\n", "workers: has no value; write a map"},
        WrongValue{"timeouts: {flow: 45}\n",
                   "timeouts.flow: is '45'; write a duration 30s..48h, such as 45m (a duration "
                   "needs its unit: 45s or 45ms)"},
        WrongValue{"timeouts: {flow: 1s}\n", "timeouts.flow: is '1s'; write a duration 30s..48h"},
        WrongValue{"timeouts: {flow: 5 min}\n", "timeouts.flow: is '5 min'; write a duration"},
        WrongValue{"timeouts: {flow: -5m}\n", "timeouts.flow: is '-5m'; write a duration"},
        WrongValue{"timeouts: {pending: 2m}\n",
                   "timeouts.pending: is '2m'; write a duration 1s..1m"},
        WrongValue{"abuse: {requests_per_source: 5}\n",
                   "abuse.requests_per_source: is '5'; write a rate NUMBER/s burst NUMBER, both "
                   "1..10000000, such as 200/s burst 2000"},
        WrongValue{"abuse: {requests_per_source: 0/s burst 5}\n",
                   "abuse.requests_per_source: is '0/s burst 5'; write a rate"},
        WrongValue{"abuse: {requests_per_source: {burst: 0}}\n",
                   "abuse.requests_per_source.burst: is '0'; write a whole number 1..10000000 (at "
                   "once), such as 2000"},
        WrongValue{"dpdk: {huge_pages: onn}\n",
                   "dpdk.huge_pages: is 'onn'; write auto, on or off (did you mean on?)"},
        WrongValue{"dpdk: {eal_args: ['']}\n", "dpdk.eal_args[0]: is ''; write a list of at most"},
        WrongValue{"dpdk: {memory: 8}\n",
                   "dpdk.memory: is '8'; write a whole number 64..1048576 (MiB), such as 256"},
        WrongValue{"metrics: {listen: 127.0.0.1}\n",
                   "metrics.listen: is '127.0.0.1'; write ADDRESS:PORT, such as 127.0.0.1:9465 "
                   "(the :PORT is missing"},
        WrongValue{"metrics: {listen: 'localhost:9465'}\n", "metrics.listen: is 'localhost:9465'"},
        WrongValue{"metrics: nothing\n", "metrics: is 'nothing'; write a map, or none"},
        WrongValue{"log: {level: verbose}\n",
                   "log.level: is 'verbose'; write debug, info, warning or error"},
        WrongValue{
            "limits: {flows: 1}\n",
            "limits.flows: is '1'; write a whole number 1024..134217728, a power of two, such "
            "as 262144"},
        WrongValue{"admin: {socket: ''}\n", "admin.socket: is ''; write text, such as /run/ikelb"},
        WrongValue{"maglev_table_size: 7\n",
                   "maglev_table_size: is '7'; write a whole number 251..1048573"},
        WrongValue{"inside_prefixes: [10.0.0.0]\n",
                   "inside_prefixes[0]: is '10.0.0.0'; write a list of at most 256 prefixes "
                   "ADDRESS/LENGTH, such as [10.0.0.0/8] (the /LENGTH is missing; one address "
                   "alone is 10.0.0.0/32)"},
        WrongValue{"inside_prefixes: 10.0.0.0/8\n", "inside_prefixes: is '10.0.0.0/8'; write a "},
        WrongValue{"routes: [{to: 10.0.0.0/33, via: 10.20.0.2}]\n",
                   "routes[0].to: is '10.0.0.0/33'; write a prefix ADDRESS/LENGTH"},
        WrongValue{"routes: [{to: 10.0.0.0/8, via: 10.20.0.2/24}]\n",
                   "routes[0].via: is '10.20.0.2/24'; write an IP address, such as 198.51.100.254 "
                   "(without the /LENGTH)"},
        WrongValue{"routes: [10.0.0.0/8]\n",
                   "routes[0]: is '10.0.0.0/8'; write a map such as {to: 0.0.0.0/0, via: "
                   "198.51.100.254}"},
        WrongValue{"routes: {to: 10.0.0.0/8}\n", "routes: is a map; write a list, each item as"}));

TEST(ConfigParse, AnInterfacesAddressWithoutALengthIsOneOfASubnet) {
    expect_only(parse_errors(with("10.20.0.1/24", "10.20.0.1")),
                "t.yaml:6: error: interfaces[1].addresses[0]: is '10.20.0.1'; write a list of at "
                "most 32 prefixes ADDRESS/LENGTH, such as [198.51.100.1/24] (the subnet's /LENGTH "
                "is missing: 10.20.0.1/24?)");
    expect_among(parse_errors(with("10.20.0.1/24", "'fd00::1'")),
                 "t.yaml:6: error: interfaces[1].addresses[0]: is 'fd00::1'; write a list of at "
                 "most 32 prefixes ADDRESS/LENGTH, such as [198.51.100.1/24] (the subnet's /LENGTH "
                 "is missing: fd00::1/64?)");
}

TEST(ConfigParse, WeightAndMtuAndVlanAndMacHaveRanges) {
    expect_only(parse_errors(with("address: 10.20.0.11", "address: 10.20.0.11, weight: 1001")),
                "t.yaml:10: error: pools[0].backends[0].weight: is '1001'; write a whole number "
                "0..1000 (share), such as 100");
    expect_only(parse_errors(with("name: lan,", "name: lan, mtu: 575,")),
                "t.yaml:3: error: ports[1].mtu: is '575'; write a whole number 576..9000 (bytes)");
    expect_only(parse_errors(with("port: lan,", "port: lan, vlan: 4095,")),
                "t.yaml:6: error: interfaces[1].vlan: is '4095'; write a whole number 0..4094");
    expect_only(parse_errors(with("name: lan,", "name: lan, mac: 02-00-00-00-00-01,")),
                "t.yaml:3: error: ports[1].mac: is '02-00-00-00-00-01'; write a MAC address, such "
                "as 02:00:00:00:00:01");
}

TEST(ConfigParse, DuplicateKeysAreErrorsAndTheRestIsStillRead) {
    const Findings errors =
        parse_errors(with("{name: rras1,", "{name: rras1, name: again,",
                          with_added("log: {level: loud}\nlog: {level: info}\n")));
    ASSERT_EQ(errors.list.size(), 3u) << errors.to_string();
    EXPECT_EQ(errors.list[0].to_string(),
              "t.yaml:10: error: the key 'name' is written twice in one map; keep one of them");
    EXPECT_EQ(errors.list[1].line, 14);
    EXPECT_EQ(errors.list[2].to_string(),
              "t.yaml:15: error: the key 'log' is written twice in one map; keep one of them");
}

TEST(ConfigParse, TooManyItemsAreNotRead) {
    std::string list = "inside_prefixes: [10.0.0.0/8";
    for (int i = 0; i < 256; ++i) list += ", 10.0.0.0/8";
    expect_only(parse_errors(with_added(list + "]\n")),
                "t.yaml:14: error: inside_prefixes: has 257 items; write 0..256");
    const std::size_t ports_end = testing::good_yaml.find("interfaces");
    expect_only(parse_errors(with(testing::good_yaml.substr(0, ports_end), "ports: []\n")),
                "t.yaml:1: error: ports: has 0 items; write 1..32");
}

TEST(ConfigParse, ManyErrorsAreCut) {
    std::string lines;
    for (int i = 0; i < 150; ++i) lines += "bogus" + std::to_string(i) + ": 1\n";
    const Findings errors = parse_errors(with_added(lines));
    ASSERT_EQ(errors.list.size(), max_findings + 1);
    EXPECT_TRUE(errors.has_errors());
    EXPECT_EQ(errors.list.back().message, "50 more findings are not shown");
}

TEST(ConfigDocument, BadYamlNamesTheLine) {
    const Findings errors = parse_errors(with("    backends:", "   }backends:"));
    ASSERT_EQ(errors.list.size(), 1u);
    EXPECT_EQ(errors.list[0].line, 9);
    EXPECT_TRUE(errors.list[0].message.starts_with("this is not YAML: "));
}

TEST(ConfigDocument, RefusesWhatIsNoTextOfOurs) {
    expect_only(parse_errors(""), "t.yaml: error: the file is empty");
    expect_only(parse_errors("# nothing\n"), "t.yaml: error: the file is empty");
    expect_only(parse_errors("just text\n"), "t.yaml:1: error: the file holds no keys");
    expect_only(parse_errors("- a\n- b\n"), "t.yaml:1: error: the file holds no keys");
    expect_only(parse_errors(with_added("---\nports: []\n")), "t.yaml: error: more than one YAML");
    expect_only(parse_errors(std::string_view{"log:\n  a\0b", 10}), "t.yaml:2: error: NUL byte");
    for (const std::string_view bytes :
         {"\xff", "\xc0\x80", "\xe0\x80\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xc3", "\x80"})
        expect_only(parse_errors("log: 1\n# " + std::string{bytes}),
                    "t.yaml:2: error: bytes that are not UTF-8");
    expect_only(parse_errors(std::string(max_document_bytes + 1, ' ')),
                "t.yaml: error: the file has more than 4 MiB");
}

TEST(ConfigDocument, Utf8InCommentsAndAByteOrderMarkAreFine) {
    EXPECT_TRUE(parse_errors(with_added("# Zürich \xf0\x9f\x94\x91\n")).list.empty());
    EXPECT_TRUE(parse_errors("\xef\xbb\xbf" + std::string{testing::good_yaml}).list.empty());
}

TEST(ConfigDocument, RefusesAnchorsAliasesAndTags) {
    expect_only(parse_errors("log: &a {level: info}\n"), "t.yaml:1: error: YAML anchors");
    expect_only(parse_errors("a: &x 1\nb: *x\n"), "t.yaml:1: error: YAML anchors");
    expect_only(parse_errors("log: !!str info\n"), "t.yaml:1: error: YAML tags");
}

TEST(ConfigDocument, RefusesAnAliasBombBeforeItGrows) {
    std::string bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n";
    for (int i = 1; i < 30; ++i) {
        const std::string now = std::to_string(i);
        const std::string before = std::to_string(i - 1);
        bomb.append("a").append(now).append(": &a").append(now);
        bomb.append(" [*a").append(before).append(", *a").append(before).append("]\n");
    }
    expect_only(parse_errors(bomb), "t.yaml:1: error: YAML anchors (&name) are not read");
}

TEST(ConfigDocument, RefusesDeepNesting) {
    const auto nested = [](std::size_t depth) {
        return "log: " + std::string(depth, '[') + std::string(depth, ']') + "\n";
    };
    expect_only(parse_errors(nested(100'000)), "t.yaml:1: error: lists or maps nested deeper");
    expect_only(parse_errors(nested(max_document_depth)), "t.yaml:1: error: lists or maps nested");
    EXPECT_EQ(parse_errors(nested(max_document_depth - 1)).to_string().find("nested"),
              std::string::npos);
    EXPECT_EQ(parse_errors(std::string(100'000, '[')).list.size(), 1u);
    EXPECT_EQ(parse_errors(std::string(100'000, '{')).list.size(), 1u);
    std::string blocks;
    for (int i = 0; i < 100'000; ++i) blocks += "- ";
    expect_only(parse_errors(blocks), "t.yaml:1: error: lists or maps nested deeper");
}

TEST(ConfigDocument, RefusesControlCharactersAndOddKeys) {
    expect_only(parse_errors("log: {level: \"in\\0fo\"}\n"), "t.yaml:1: error: control character");
    expect_only(parse_errors("log: |\n  two\n  lines\n"), "t.yaml:1: error: control character");
    expect_only(parse_errors("? [a]\n: b\n"), "t.yaml:1: error: a list or map as a key");
    expect_only(parse_errors("~: b\n"), "t.yaml:1: error: a key is missing before ':'");
}

TEST(ConfigFile, MissingFileAndDirectoryAreErrors) {
    const auto missing = read_file("/nonexistent/ikelb.yaml");
    ASSERT_TRUE(missing.has_error());
    EXPECT_EQ(missing.error().to_string(),
              "/nonexistent/ikelb.yaml: error: cannot read the file: No such file or directory\n");
    const auto directory = read_file("/");
    ASSERT_TRUE(directory.has_error());
    EXPECT_EQ(directory.error().to_string(), "/: error: cannot read the file: Is a directory\n");
}

TEST(ConfigFile, AFifoIsRefusedAtOnce) {
    const std::string fifo = ::testing::TempDir() + "config_fifo." + std::to_string(::getpid());
    ASSERT_EQ(::mkfifo(fifo.c_str(), 0600), 0);
    const auto refused = read_file(fifo);
    ::unlink(fifo.c_str());
    ASSERT_TRUE(refused.has_error());
    EXPECT_NE(refused.error().to_string().find(fifo), std::string::npos);
}

TEST(ConfigFile, EndlessFileIsRefused) {
    const auto endless = load_file("/dev/zero");
    ASSERT_TRUE(endless.has_error());
    EXPECT_NE(endless.error().to_string().find("more than 4 MiB"), std::string::npos);
}

TEST(ConfigFile, ReadsAFile) {
    const auto file = std::filesystem::path{::testing::TempDir()} /
                      ("ikelb-config-" + std::to_string(::getpid()) + ".yaml");
    std::ofstream{file} << testing::good_yaml;
    const auto loaded = load_file(file);
    std::filesystem::remove(file);
    ASSERT_TRUE(loaded.has_value()) << loaded.error().to_string();
    EXPECT_EQ(loaded->config, parse_good(testing::good_yaml));
    EXPECT_TRUE(loaded->warnings.list.empty()) << loaded->warnings.to_string();
}

TEST(ConfigLoad, ReportsParseThenValidationErrors) {
    const auto unparsed = load_text("bogus: 1\n", "t.yaml");
    ASSERT_TRUE(unparsed.has_error());
    expect_among(unparsed.error(), "t.yaml:1: error: bogus: unknown key");
    const auto invalid = load_text(with("pool: rras}", "pool: rrras}"), "t.yaml");
    ASSERT_TRUE(invalid.has_error());
    expect_among(invalid.error(), "t.yaml:13: error: services[0].pool: there is no pool 'rrras' "
                                  "(did you mean rras?)");
    EXPECT_THROW((void)invalid.value(), std::runtime_error);
}

}  // namespace
}  // namespace ikelb::config
