// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include "config/validate.h"

#include "tests/unit/config_testlib.h"

// One test a rule: what breaks it, with the line, the key and the remedy. good_yaml breaks none.

namespace ikelb::config {
namespace {

using testing::expect_among;
using testing::expect_only;
using testing::findings_of;
using testing::with;
using testing::with_added;

TEST(ConfigValidate, GoodConfigurationHasNoFindings) {
    EXPECT_EQ(findings_of(testing::good_yaml).to_string(), "");
}

TEST(ConfigValidate, NamesAreWellFormed) {
    expect_among(findings_of(with("name: ext", "name: averyverylonginterface")),
                 "t.yaml:5: error: interfaces[0].name: is 'averyverylonginterface'; write a name: "
                 "a letter a-z, then at most 14 of a-z 0-9 _ -");
    expect_among(findings_of(with("{name: lan", "{name: Lan")),
                 "t.yaml:3: error: ports[1].name: is 'Lan'; write a name");
    expect_only(findings_of(with("name: rras2", "name: rras/2")),
                "t.yaml:11: error: pools[0].backends[1].name: is 'rras/2'; write a name: a letter "
                "or digit, then at most 62 letters, digits, . _ -");
    expect_only(findings_of(with("name: aovpn", "name: " + std::string(64, 'a'))),
                "t.yaml:13: error: services[0].name: is 'aaaa");
    EXPECT_EQ(findings_of(with("name: rras2", "name: RRAS-02.corp")).to_string(), "");
}

TEST(ConfigValidate, NamesAreUnique) {
    expect_only(findings_of(with("name: rras2", "name: rras1")),
                "t.yaml:11: error: pools[0].backends[1].name: 'rras1' is taken (line 10); choose "
                "another name");
    expect_among(findings_of(with("name: int", "name: ext")),
                 "t.yaml:6: error: interfaces[1].name: 'ext' is taken (line 5)");
    expect_among(findings_of(with("{name: lan", "{name: wan")),
                 "t.yaml:3: error: ports[1].name: 'wan' is taken (line 2)");
}

TEST(ConfigValidate, BackendNamesAreUniqueOverAllPools) {
    expect_among(
        findings_of(with("services:", "  - {name: b, backends: [{name: rras1, address: "
                                      "10.20.0.21}]}\nservices:")),
        "t.yaml:12: error: pools[1].backends[0].name: 'rras1' is taken (line 10)");
}

TEST(ConfigValidate, ReferencesAreDefined) {
    expect_among(findings_of(with("port: wan", "port: wann")),
                 "t.yaml:5: error: interfaces[0].port: there is no port 'wann' (did you mean "
                 "wan?)");
    expect_only(findings_of(with("interface: ext", "interface: outside")),
                "t.yaml:13: error: services[0].interface: there is no interface 'outside'; define "
                "it, or write one of ext, int");
    expect_among(findings_of(with("pool: rras", "pool: rra")),
                 "t.yaml:13: error: services[0].pool: there is no pool 'rra' (did you mean "
                 "rras?)");
    expect_among(findings_of(with_added("routes: [{to: 10.0.0.0/8, via: 10.20.0.2, dev: it}]\n")),
                 "t.yaml:14: error: routes[0].dev: there is no interface 'it' (did you mean int?)");
}

TEST(ConfigValidate, InterfaceNamesAreFreeInTheKernel) {
    expect_only(findings_of(with("name: int", "name: lo")),
                "t.yaml:6: error: interfaces[1].name: 'lo' has a meaning to the kernel");
    expect_only(findings_of(with("name: int", "name: eth1")),
                "t.yaml:6: error: interfaces[1].name: 'eth1' is the kernel's device below the port "
                "'wan'; the TAP needs a name of its own");
}

TEST(ConfigValidate, PortDevicesAreUnique) {
    expect_only(findings_of(with("'0000:04:00.0'", "'net_af_xdp0,iface=eth2'")),
                "t.yaml:3: error: ports[1].device: 'net_af_xdp0' is the device of the port "
                "'wan'; every port needs its own, such as net_af_xdp1");
}

TEST(ConfigValidate, PortDevicesAreDpdkDevices) {
    expect_only(findings_of(with("'0000:04:00.0'", "eth2")),
                "t.yaml:3: warning: ports[1].device: 'eth2' looks like neither a PCI address "
                "(0000:03:00.0) nor a vdev; for a device of the kernel write "
                "net_af_xdp0,iface=NAME");
}

TEST(ConfigValidate, PortDriversHandOverFragments) {
    for (const char* driver : {"net_af_packet0", "eth_af_packet7"})
        expect_only(findings_of(with("net_af_xdp0", driver)),
                    "t.yaml:2: warning: ports[0].device: net_af_packet loses fragmented datagrams, "
                    "such as an IKE_AUTH with certificates, where they are longer than a frame; "
                    "write net_af_xdp0,iface=NAME");
}

TEST(ConfigValidate, MtusFitTheBuffersOfAfXdp) {
    const std::string own = with("eth1'", "eth1', mtu: 3503");
    expect_only(findings_of(own),
                "t.yaml:2: error: ports[0].mtu: 3503 is too much for the packet buffers of "
                "net_af_xdp, which all ports share; write at most 3502");
    EXPECT_EQ(findings_of(with("3503", "3502", own)).to_string(), "");
    expect_only(findings_of(with("04:00.0'", "04:00.0', mtu: 9000")),
                "t.yaml:3: error: ports[1].mtu: 9000 is too much");
    EXPECT_EQ(findings_of(with("net_af_xdp0,iface=eth1'", "0000:03:00.0', mtu: 9000")).to_string(),
              "");
}

TEST(ConfigValidate, PortMacsAreUsable) {
    expect_only(findings_of(with("name: lan", "name: lan, mac: '01:00:5e:00:00:01'")),
                "t.yaml:3: error: ports[1].mac: 01:00:5e:00:00:01 is no address of one station; "
                "write one such as 02:00:00:00:00:01");
    expect_only(findings_of(with("name: lan", "name: lan, mac: '02:00:00:00:00:01'",
                                 with("name: wan", "name: wan, mac: '02:00:00:00:00:01'"))),
                "t.yaml:3: error: ports[1].mac: 02:00:00:00:00:01 is the MAC address of another");
}

TEST(ConfigValidate, PortsAreUsed) {
    expect_only(findings_of(with("interfaces:", "  - {name: spare, device: net_null0}\n"
                                                "interfaces:")),
                "t.yaml:4: warning: ports[2]: no interface is on the port 'spare'");
}

TEST(ConfigValidate, VlansAreUniquePerPort) {
    const std::string one_port = with("port: lan", "port: wan, vlan: 5",
                                      with("port: wan", "port: wan, vlan: 5"));
    expect_among(findings_of(one_port),
                 "t.yaml:6: error: interfaces[1].vlan: the interface 'ext' already is VLAN 5 on "
                 "the port 'wan'; give this one a VLAN of its own");
    expect_among(findings_of(with("port: lan", "port: wan")),
                 "t.yaml:6: error: interfaces[1].vlan: the interface 'ext' already takes what "
                 "comes untagged on the port 'wan'");
}

TEST(ConfigValidate, BothSidesHaveAnInterface) {
    expect_among(findings_of(with("side: clients", "side: servers")),
                 "t.yaml: error: interfaces: no interface leads to the clients; write side: "
                 "clients (or both) on one");
    expect_among(findings_of(with("side: servers", "side: clients")),
                 "t.yaml: error: interfaces: no interface leads to the servers; write side: "
                 "servers (or both) on one");
}

TEST(ConfigValidate, InterfaceAddressesAreUsable) {
    expect_among(findings_of(with("198.51.100.1/24", "127.0.0.1/8")),
                 "t.yaml:5: error: interfaces[0].addresses[0]: 127.0.0.1/8 is no address a");
    expect_only(findings_of(with("198.51.100.1/24", "224.0.0.5/24")),
                "t.yaml:5: error: interfaces[0].addresses[0]: 224.0.0.5/24 is no address");
    expect_only(findings_of(with("198.51.100.1/24", "198.51.100.0/24")),
                "t.yaml:5: error: interfaces[0].addresses[0]: 198.51.100.0/24 is the first or "
                "last address of its subnet; write one of its hosts");
    expect_only(findings_of(with("198.51.100.1/24", "198.51.100.255/24")),
                "t.yaml:5: error: interfaces[0].addresses[0]: 198.51.100.255/24 is the first");
    EXPECT_EQ(findings_of(with("198.51.100.1/24", "198.51.100.0/31")).to_string(), "");
    EXPECT_EQ(findings_of(with("198.51.100.1/24", "'2001:db8::1/64'")).to_string(), "");
    expect_only(findings_of(with("[10.20.0.1/24]", "[10.20.0.1/24, 198.51.100.1/32]")),
                "t.yaml:6: error: interfaces[1].addresses[1]: 198.51.100.1 is on the interface "
                "'ext' already");
}

TEST(ConfigValidate, InterfaceSubnetsAreApart) {
    expect_among(findings_of(with("198.51.100.1/24", "10.20.0.2/16")),
                 "t.yaml:6: warning: interfaces[1].addresses: 10.20.0.1/24 overlaps with "
                 "10.20.0.2/16 on 'ext'");
}

TEST(ConfigValidate, RoutesAreUsable) {
    expect_only(findings_of(with_added("routes: [{to: 10.1.0.0/8, via: 10.20.0.2}]\n")),
                "t.yaml:14: error: routes[0].to: 10.1.0.0/8 has bits set behind its length; write "
                "10.0.0.0/8");
    expect_only(findings_of(with_added("routes:\n  - {to: 10.0.0.0/8, via: 10.20.0.2}\n"
                                       "  - {to: 10.0.0.0/8, via: 10.20.0.3}\n")),
                "t.yaml:16: error: routes[1].to: there is a route to 10.0.0.0/8 already; keep one");
    expect_among(findings_of(with_added("routes: [{to: 'fd00::/8', via: 10.20.0.2}]\n")),
                 "t.yaml:14: error: routes[0].via: 10.20.0.2 is not of the family of fd00::/8");
    expect_among(findings_of(with_added("routes: [{to: 10.0.0.0/8, via: 0.0.0.0}]\n")),
                 "t.yaml:14: error: routes[0].via: 0.0.0.0 is no address a gateway can have");
}

TEST(ConfigValidate, RouteGatewaysAreOnLink) {
    expect_only(findings_of(with_added("routes: [{to: 10.0.0.0/8, via: 10.21.0.2}]\n")),
                "t.yaml:14: warning: routes[0].via: 10.21.0.2 is in no subnet of any interface");
    expect_only(findings_of(with_added("routes: [{to: 10.0.0.0/8, via: 10.20.0.2, dev: ext}]\n")),
                "t.yaml:14: warning: routes[0].via: 10.20.0.2 is in no subnet of 'ext'");
    expect_only(findings_of(with_added("routes: [{to: 10.0.0.0/8, via: 10.20.0.1}]\n")),
                "t.yaml:14: error: routes[0].via: 10.20.0.1 is ikelb's own address on 'int'");
}

TEST(ConfigValidate, ServerMacsAreUsable) {
    expect_only(findings_of(with("side: servers",
                                 "side: servers, server_macs: ['02:00:00:00:00:0b']")),
                "t.yaml:6: warning: interfaces[1].server_macs: has no effect: int is no interface "
                "of side both, where servers are told from clients by it");
    expect_among(findings_of(with("side: servers",
                                  "side: both, server_macs: ['01:00:00:00:00:0b']")),
                 "t.yaml:6: error: interfaces[1].server_macs: 01:00:00:00:00:0b is no address of "
                 "one station; write those that servers send from, or leave it out");
}

TEST(ConfigValidate, InsidePrefixesAreUsable) {
    expect_only(findings_of(with_added("inside_prefixes: [10.20.0.1/8]\n")),
                "t.yaml:14: error: inside_prefixes[0]: 10.20.0.1/8 has bits set behind its length; "
                "write 10.0.0.0/8");
    expect_only(findings_of(with_added("inside_prefixes: [0.0.0.0/0]\n")),
                "t.yaml:14: error: inside_prefixes[0]: 0.0.0.0/0 holds all clients");
    expect_only(findings_of(with_added("inside_prefixes: [198.51.0.0/16]\n")),
                "t.yaml:14: warning: inside_prefixes[0]: 198.51.0.0/16 holds the clients' side "
                "subnet 198.51.100.1/24 of 'ext'");
}

TEST(ConfigValidate, PoolsHaveBackends) {
    expect_among(findings_of(with("services:", "  - {name: b, backends: []}\nservices:")),
                 "t.yaml:12: error: pools[1].backends: the pool 'b' has no backends; write at "
                 "least one, or remove the pool");
}

TEST(ConfigValidate, PoolsHaveWeight) {
    const std::string one_zero = with("10.20.0.11", "10.20.0.11, weight: 0");
    EXPECT_EQ(findings_of(one_zero).to_string(), "");
    expect_only(findings_of(with("10.20.0.12", "10.20.0.12, weight: 0", one_zero)),
                "t.yaml:8: error: pools[0].backends: all backends of the pool 'rras' have weight "
                "0: no new client gets in; write a weight above 0 on one");
}

TEST(ConfigValidate, PoolsAreUsed) {
    expect_only(findings_of(with("services:", "  - {name: b, backends: [{name: b1, address: "
                                              "10.20.0.21}]}\nservices:")),
                "t.yaml:12: warning: pools[1]: no service uses the pool 'b'");
}

TEST(ConfigValidate, BackendAddressesAreUsable) {
    expect_only(findings_of(with("10.20.0.12", "10.20.0.1")),
                "t.yaml:11: error: pools[0].backends[1].address: 10.20.0.1 is ikelb's own address "
                "on 'int'; write the server's");
    expect_among(findings_of(with("10.20.0.12", "255.255.255.255")),
                 "t.yaml:11: error: pools[0].backends[1].address: 255.255.255.255 is no address a "
                 "server can have");
}

TEST(ConfigValidate, BackendAddressesAreUnique) {
    expect_only(findings_of(with("10.20.0.12", "10.20.0.11")),
                "t.yaml:11: error: pools[0].backends[1].address: 10.20.0.11 is an address of the "
                "backend 'rras1'; a server stands in one pool once");
}

TEST(ConfigValidate, BackendsAreReachedOnTheServersSide) {
    expect_only(findings_of(with("10.20.0.12", "198.51.100.12")),
                "t.yaml:11: error: pools[0].backends[1].address: 198.51.100.12 is in the subnet "
                "of 'ext', which leads to the clients");
    const std::string remote = with("10.20.0.12", "10.30.0.12");
    expect_only(findings_of(remote),
                "t.yaml:11: warning: pools[0].backends[1].address: 10.30.0.12 is in no subnet of "
                "an interface and no route leads there; add one to routes");
    const std::string default_route = "routes:\n  - {to: 0.0.0.0/0, via: 198.51.100.254}\n";
    expect_only(findings_of(remote + default_route),
                "t.yaml:11: warning: pools[0].backends[1].address: 10.30.0.12 is reached by the "
                "route to 0.0.0.0/0 through 'ext', which leads to the clients");
    EXPECT_EQ(findings_of(remote + default_route + "  - {to: 10.30.0.0/16, via: 10.20.0.254}\n")
                  .to_string(),
              "");
    EXPECT_EQ(findings_of(with("side: clients", "side: both", with("10.20.0.12", "198.51.100.12")))
                  .to_string(),
              "");
}

TEST(ConfigValidate, HealthTimesFit) {
    expect_only(findings_of(with("services:", "    health: {icmp: {interval: 1s, timeout: 1500ms}}"
                                              "\nservices:")),
                "t.yaml:12: error: pools[0].health.icmp.timeout: 1500ms is longer than the "
                "interval of 1s; write at most 1s");
    // The default timeout of 2s does not fit a short interval either.
    expect_only(findings_of(with("services:", "    health: {icmp: {interval: 1s}}\nservices:")),
                "t.yaml:12: error: pools[0].health.icmp.timeout: 2s is longer than the interval");
}

/// good_yaml with these SPI labels on its backends.
std::string labelled(const std::string& first, const std::string& second) {
    return with("10.20.0.11", "10.20.0.11, spi_label: {" + first + "}",
                with("10.20.0.12", "10.20.0.12, spi_label: {" + second + "}"));
}

TEST(ConfigValidate, SpiLabelsAreWellFormed) {
    const std::string at = "t.yaml:10: error: pools[0].backends[0].spi_label";
    const std::string other = "ike_mask: 0xff00, ike_value: 0x200, esp_first: 0x2000, "
                              "esp_last: 0x2fff";
    const auto findings = [&](const std::string& ike, const std::string& esp) {
        return findings_of(labelled(ike + ", " + esp, other));
    };
    const std::string good_ike = "ike_mask: 0xff00, ike_value: 0x100";
    const std::string good_esp = "esp_first: 0x100, esp_last: 0x100";
    EXPECT_EQ(findings(good_ike, good_esp).to_string(), "");
    expect_only(findings("ike_mask: 0xff00, ike_value: 0x180", good_esp),
                at + ".ike_value: 0x180 has bits outside of ike_mask, 0xff00, so that no SPI could "
                     "match; write 0x100, or a mask that holds it");
    expect_among(findings("ike_value: 0x1", good_esp),
                 at + ".ike_value: 0x1 has bits outside of ike_mask, 0x0, so that no SPI could "
                      "match; write the server's charon.spi_mask as ike_mask");
    expect_only(findings(good_ike, "esp_first: 0xff, esp_last: 0x100"),
                at + ".esp_first: 0xff is no ESP SPI that a server may choose; write 0x100");
    expect_only(findings(good_ike, "esp_first: 0x200, esp_last: 0x1ff"),
                at + ".esp_last: 0x1ff is below esp_first, 0x200; write the server's");
    expect_among(findings(good_ike, "esp_last: 0x300"), at + ".esp_first: 0x0 is no ESP SPI");
}

TEST(ConfigValidate, SpiLabelsAreApart) {
    const std::string at = "t.yaml:11: error: pools[0].backends[1].spi_label";
    expect_only(findings_of(labelled("ike_mask: 0xff, ike_value: 0x1",
                                     "ike_mask: 0xff, ike_value: 0x1")),
                at + ".ike_value: 0x1 under 0xff and 0x1 under 0xff of 'rras1' can be in one SPI; "
                     "give both servers the same mask and each its value");
    expect_only(findings_of(labelled("ike_mask: 0xf0, ike_value: 0x10",
                                     "ike_mask: 0xf, ike_value: 0x2")),
                at + ".ike_value: 0x2 under 0xf and 0x10 under 0xf0 of 'rras1' can be in one SPI");
    EXPECT_EQ(findings_of(labelled("ike_mask: 0xf0, ike_value: 0x10",
                                   "ike_mask: 0x30, ike_value: 0x20")).to_string(), "");
    expect_only(findings_of(labelled("esp_first: 0x100, esp_last: 0x1ff",
                                     "esp_first: 0x1ff, esp_last: 0x2ff")),
                at + ".esp_first: 0x1ff..0x2ff overlaps 0x100..0x1ff of 'rras1'; give each server "
                     "a range of its own");
    EXPECT_EQ(findings_of(labelled("esp_first: 0x100, esp_last: 0x1ff",
                                   "esp_first: 0x200, esp_last: 0x2ff")).to_string(), "");
}

TEST(ConfigValidate, ABackendWithoutALabelBesideOneIsWorthAWarning) {
    expect_only(findings_of(with("10.20.0.12", "10.20.0.12, spi_label: {ike_mask: 0x1}")),
                "t.yaml:10: warning: pools[0].backends[0].spi_label: other backends of the pool "
                "mark their IKE SPIs and this one does not");
    expect_only(findings_of(labelled("ike_mask: 0x1", "ike_mask: 0x1, ike_value: 0x1, "
                                                      "esp_first: 0x100, esp_last: 0x1ff")),
                "t.yaml:10: warning: pools[0].backends[0].spi_label: other backends of the pool "
                "mark their ESP SPIs and this one does not");
}

TEST(ConfigValidate, ServicesExist) {
    const std::string none{testing::good_yaml.substr(0, testing::good_yaml.find("services:"))};
    expect_among(findings_of(none + "services: []\n"),
                 "t.yaml: warning: services: there is no service: ikelb only routes");
}

TEST(ConfigValidate, VipsAreUsable) {
    expect_only(findings_of(with("203.0.113.10", "198.51.100.1")),
                "t.yaml:13: error: services[0].vip: 198.51.100.1 is the address of the interface "
                "'ext'; a VIP needs an address of its own");
    expect_only(findings_of(with("203.0.113.10", "239.1.1.1")),
                "t.yaml:13: error: services[0].vip: 239.1.1.1 is no address clients can connect");
    expect_only(findings_of(with("203.0.113.10", "198.51.100.254",
                                 with_added("routes: [{to: 0.0.0.0/0, via: 198.51.100.254}]\n"))),
                "t.yaml:13: error: services[0].vip: 198.51.100.254 is the gateway of the route");
}

TEST(ConfigValidate, VipsAreUnique) {
    expect_among(
        findings_of(with_added("  - {name: b, vip: 203.0.113.10, interface: ext, pool: rras}\n")),
        "t.yaml:14: error: services[1].vip: 203.0.113.10 is the VIP of the service 'aovpn'; every "
        "service needs its own");
}

TEST(ConfigValidate, VipsAreNoBackends) {
    expect_among(findings_of(with("203.0.113.10", "10.20.0.12")),
                 "t.yaml:11: error: pools[0].backends[1].address: 10.20.0.12 is the VIP of the "
                 "service 'aovpn'; write the server's own address");
}

TEST(ConfigValidate, ServiceInterfacesFaceClients) {
    expect_only(findings_of(with("interface: ext", "interface: int")),
                "t.yaml:13: error: services[0].interface: 'int' leads to the servers; write an "
                "interface with side: clients or both");
}

TEST(ConfigValidate, WorkerCpusFit) {
    expect_only(findings_of(with_added("workers: {count: 2, cpus: [1]}\n")),
                "t.yaml:14: error: workers.cpus: 1 CPUs for 2 workers; write one for each, or "
                "leave cpus out");
    expect_only(findings_of(with_added("workers: {count: 2, cpus: [3, 3]}\n")),
                "t.yaml:14: error: workers.cpus: the CPU 3 is written twice");
}

TEST(ConfigValidate, EalArgsLeaveOursAlone) {
    expect_only(findings_of(with_added("dpdk: {eal_args: [--log-level=8, --vdev=net_null9]}\n")),
                "t.yaml:14: warning: dpdk.eal_args[1]: '--vdev' may contradict what ikelb passes");
}

TEST(ConfigValidate, LimitsArePowersOfTwo) {
    const Findings findings =
        testing::parse_errors(with_added("limits: {flows: 300000, fragments: 100}\n"));
    ASSERT_EQ(findings.list.size(), 2u);
    expect_among(findings,
                 "t.yaml:14: error: limits.flows: is '300000'; write a power of two: "
                 "262144 or 524288");
    expect_among(findings,
                 "t.yaml:14: error: limits.fragments: is '100'; write a power of two: 64 "
                 "or 128");
}

TEST(ConfigValidate, TimeoutsFit) {
    expect_only(findings_of(with_added("timeouts: {half_open: 6m}\n")),
                "t.yaml:14: error: timeouts.half_open: 6m is longer than answered, 5m");
    expect_only(findings_of(with_added("timeouts: {pair: 1m}\n")),
                "t.yaml:14: error: timeouts.answered: 5m is longer than pair, 1m");
    expect_only(findings_of(with_added("timeouts: {flow: 5m}\n")),
                "t.yaml:14: warning: timeouts.flow: 5m is shorter than servers keep a silent "
                "tunnel");
}

TEST(ConfigValidate, StateFileIsUsable) {
    for (const char* const file : {"state", "./state", "/var/lib/ikelb/"})
        expect_only(findings_of(with_added(std::string{"state: {file: "} + file + "}\n")),
                    std::string{"t.yaml:14: error: state.file: '"} + file +
                        "' can't be the file; write an absolute path");
    EXPECT_EQ(findings_of(with_added("state: {file: /s}\n")).to_string(), "");
    EXPECT_EQ(findings_of(with_added("state: none\n")).to_string(), "");
}

TEST(ConfigValidate, AdminSocketIsUsable) {
    expect_only(findings_of(with_added("admin: {socket: admin.sock}\n")),
                "t.yaml:14: error: admin.socket: 'admin.sock' can't be the socket; write an "
                "absolute path of at most 107 bytes");
    expect_only(findings_of(with_added("admin: {socket: /" + std::string(107, 'a') + "}\n")),
                "t.yaml:14: error: admin.socket: '/aaa");
    EXPECT_EQ(
        findings_of(with_added("admin: {socket: /" + std::string(106, 'a') + "}\n")).to_string(),
        "");
}

TEST(ConfigValidate, MaglevTableSizeIsPrime) {
    expect_only(findings_of(with_added("maglev_table_size: 65536\n")),
                "t.yaml:14: error: maglev_table_size: 65536 is not a prime; write 65537");
    EXPECT_EQ(findings_of(with_added("maglev_table_size: 251\n")).to_string(), "");
}

TEST(ConfigValidate, MaglevTablesAreBuiltInTime) {
    std::string services;
    for (int i = 11; i <= 42; ++i)
        services += "  - {name: s" + std::to_string(i) + ", vip: 203.0.113." + std::to_string(i) +
                    ", interface: ext, pool: rras" +
                    (i % 2 == 0 ? ", scheduler: least_sas}\n" : "}\n");
    const std::string yaml = with_added(services + "maglev_table_size: 1048573\n");
    expect_among(findings_of(yaml),
                 "t.yaml:46: error: maglev_table_size: with tables of 33 services that is 34602909 "
                 "entries, which take too long to build at each change; write a prime of at most "
                 "1016800");
    EXPECT_EQ(findings_of(with_added("maglev_table_size: 1048573\n")).to_string(), "");
}

TEST(ConfigValidate, MaglevTableIsLargeEnough) {
    const std::string third = "      - {name: rras3, address: 10.20.0.13}\n";
    expect_only(findings_of(with("services:", third + "services:",
                                 with_added("maglev_table_size: 251\n"))),
                "t.yaml:15: warning: maglev_table_size: 251 is less than 100 times the 3 backends "
                "of the pool 'rras'");
}

TEST(ConfigValidate, ErrorsPushWarningsOutOfAFullList) {
    FindingList list{"t.yaml"};
    for (std::size_t i = 0; i < max_findings; ++i) list.warning(1, "", "warning");
    list.error(2, "", "the error");
    const Findings findings = list.take();
    EXPECT_TRUE(findings.has_errors());
    EXPECT_EQ(findings.list.back().message, "1 more findings are not shown");
}

}  // namespace
}  // namespace ikelb::config
