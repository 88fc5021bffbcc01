// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
// Quiet devices, addresses and routes against the real kernel, in a network namespace per test.
#include <arpa/inet.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <sys/socket.h>

#include "config/text/address.h"
#include "controlplane/kernel/tap/address_config.h"
#include "controlplane/kernel/tap/quiet_device.h"
#include "tests/unit/tap_netns.h"

namespace ikelb::tap {
namespace {

class QuietDeviceTest : public KernelNamespaceTest {
protected:
    void SetUp() override {
        KernelNamespaceTest::SetUp();
        if (IsSkipped()) return;
        ASSERT_TRUE(run("ip link add name wan0 type veth peer name far0"));
        ASSERT_TRUE(run("ip link set wan0 up && ip link set far0 up"));
    }

    /// Asks on far0 for an address of the host; whether somebody answers within `wait_ms`.
    static bool is_answered(int wait_ms) {
        const posix::FileDescriptor socket{::socket(AF_PACKET, SOCK_RAW, htons(0x0806))};
        sockaddr_ll device{};
        device.sll_family = AF_PACKET;
        device.sll_protocol = htons(0x0806);
        device.sll_ifindex = static_cast<int>(::if_nametoindex("far0"));
        EXPECT_EQ(::bind(socket.get(), reinterpret_cast<sockaddr*>(&device), sizeof device), 0);
        const Frame question = arp(arp_request, peer_mac, "198.51.100.9", no_mac, "192.0.2.1");
        EXPECT_EQ(::send(socket.get(), question.data(), question.size(), 0), 42);
        pollfd wait{.fd = socket.get(), .events = POLLIN, .revents = 0};
        while (::poll(&wait, 1, wait_ms) > 0) {
            Frame frame(128);
            (void)::recv(socket.get(), frame.data(), frame.size(), 0);
            if (arp_target(frame, arp_reply) == "198.51.100.9") return true;
        }
        return false;
    }
};

TEST_F(QuietDeviceTest, TheKernelAnswersNoArpThereAndAllIsPutBack) {
    ASSERT_TRUE(run("ip address add 192.0.2.1/32 dev lo && ip route add 198.51.100.0/24 dev wan0"));
    ASSERT_TRUE(is_answered(2000)) << "an address on any device is answered for on each";
    {
        auto quiet = QuietDevice::quiet("wan0");
        ASSERT_TRUE(quiet.has_value()) << quiet.error().message;
        EXPECT_FALSE(quiet->address_warning().has_value());
        EXPECT_TRUE(quiet->warnings().empty());
        EXPECT_FALSE(is_answered(200));
        EXPECT_TRUE(contains(output_of("ip -o link show dev wan0"), "NOARP"));
        EXPECT_EQ(conf("ipv4/conf/wan0/arp_ignore"), "8");
        EXPECT_EQ(conf("ipv6/conf/wan0/disable_ipv6"), "1");
    }
    EXPECT_FALSE(contains(output_of("ip -o link show dev wan0"), "NOARP"));
    EXPECT_EQ(conf("ipv4/conf/wan0/arp_ignore"), "0");
    EXPECT_EQ(conf("ipv6/conf/wan0/disable_ipv6"), "0");
    EXPECT_TRUE(is_answered(2000));
}

TEST_F(QuietDeviceTest, AddressesBelowAPortAreWarnedOfAndKept) {
    ASSERT_TRUE(run("ip address add 198.51.100.1/24 dev wan0"));
    ASSERT_TRUE(run("ip address add 2001:db8::1/64 dev wan0 nodad"));
    const auto quiet = QuietDevice::quiet("wan0");
    ASSERT_TRUE(quiet.has_value());
    ASSERT_TRUE(quiet->address_warning().has_value());
    EXPECT_TRUE(contains(*quiet->address_warning(), "198.51.100.1, 2001:db8::1"));
    EXPECT_TRUE(contains(*quiet->address_warning(), "ip address flush dev wan0"));
    EXPECT_TRUE(contains(output_of("ip address show dev wan0"), "2001:db8::1/64"));
}

TEST_F(QuietDeviceTest, AMissingDeviceIsNamed) {
    const auto quiet = QuietDevice::quiet("wan7");
    ASSERT_TRUE(quiet.has_error());
    EXPECT_TRUE(contains(quiet.error().message, "no network device 'wan7'"));
}

class AddressConfigTest : public KernelNamespaceTest {
protected:
    void SetUp() override {
        KernelNamespaceTest::SetUp();
        if (IsSkipped()) return;
        host.emplace(HostSettings::apply());
        tap = make_tap(*host, "ext");
        auto opened = AddressConfig::open();
        ASSERT_TRUE(tap != nullptr && opened.has_value());
        config.emplace(*std::move(opened));
    }
    void TearDown() override {
        config.reset();
        tap.reset();
        host.reset();
        KernelNamespaceTest::TearDown();
    }

    static TapAddress on_ext(const char* prefix, AddressRole role = AddressRole::interface) {
        return {.interface = "ext", .prefix = *text::parse_prefix(prefix), .role = role};
    }
    static StaticRoute route(const char* to, const char* via, const char* dev = "") {
        return {.to = *text::parse_prefix(to), .via = text::parse_address(via), .dev = dev};
    }
    static std::string addresses() { return output_of("ip -o address show dev ext scope global"); }
    static std::string routes() { return output_of("ip route show; ip -6 route show"); }

    const AddressPlan plan{.addresses = {on_ext("198.51.100.1/24"), on_ext("2001:db8::1/64"),
                                         on_ext("203.0.113.10/32", AddressRole::vip),
                                         on_ext("2001:db8:5::10/128", AddressRole::vip)},
                           .routes = {route("0.0.0.0/0", "198.51.100.254"),
                                      route("10.20.0.0/16", "198.51.100.253", "ext"),
                                      route("::/0", "2001:db8::fe", "ext")}};
    std::optional<HostSettings> host;
    std::unique_ptr<Tap> tap;
    std::optional<AddressConfig> config;
};

TEST_F(AddressConfigTest, PutsThePlanIntoTheKernelAndTakesItAway) {
    const std::string addresses_before = addresses(), routes_before = routes();
    EXPECT_EQ(config->apply(plan), std::vector<std::string>{});
    EXPECT_TRUE(contains(addresses(), "198.51.100.1/24")) << addresses();
    EXPECT_TRUE(contains(addresses(), "203.0.113.10/32"));
    EXPECT_TRUE(contains(routes(), "default via 198.51.100.254 dev ext proto static")) << routes();
    EXPECT_TRUE(contains(routes(), "10.20.0.0/16 via 198.51.100.253 dev ext proto static"));
    EXPECT_TRUE(contains(routes(), "default via 2001:db8::fe dev ext proto static"));
    const std::string vip6 = output_of("ip -o -6 address show to 2001:db8:5::10");
    EXPECT_TRUE(contains(vip6, "nodad")) << vip6;
    EXPECT_TRUE(contains(vip6, "deprecated")) << vip6;
    EXPECT_FALSE(contains(vip6, "tentative")) << "a VIP serves at once";
    const std::string own6 = output_of("ip -o -6 address show to 2001:db8::1");
    EXPECT_FALSE(contains(own6, "tentative")) << "and so does the servers' gateway";
    EXPECT_FALSE(contains(own6, "deprecated")) << own6;
    config.reset();
    EXPECT_EQ(addresses(), addresses_before);
    EXPECT_EQ(routes(), routes_before);
}

TEST_F(AddressConfigTest, AnIpv6AddressTurnsIpv6OnAtItsTwin) {
    ASSERT_TRUE(write_sysctl("net/ipv6/conf/ext/disable_ipv6", "1").has_value());
    EXPECT_EQ(config->apply({.addresses = {on_ext("198.51.100.1/24")}, .routes = {}}),
              std::vector<std::string>{});
    EXPECT_EQ(conf("ipv6/conf/ext/disable_ipv6"), "1") << "nobody asked for it";
    EXPECT_EQ(config->apply(plan), std::vector<std::string>{});
    EXPECT_TRUE(contains(addresses(), "2001:db8::1/64"));
}

TEST_F(AddressConfigTest, AGatewayMayBeLinkLocal) {
    AddressPlan local = plan;
    local.routes[2] = route("::/0", "fe80::fe", "ext");
    EXPECT_EQ(config->apply(local), std::vector<std::string>{});
    EXPECT_TRUE(contains(routes(), "default via fe80::fe dev ext proto static")) << routes();
    config.reset();
    EXPECT_FALSE(contains(routes(), "fe80::fe"));
}

TEST_F(AddressConfigTest, TheSamePlanAgainChangesNothing) {
    EXPECT_EQ(config->apply(plan), std::vector<std::string>{});
    const std::string addresses_before = output_of("ip -4 -o address show"), before = routes();
    EXPECT_EQ(config->apply(plan), std::vector<std::string>{});
    EXPECT_EQ(output_of("ip -4 -o address show"), addresses_before);
    EXPECT_EQ(routes(), before);
    EXPECT_EQ(config->owned(), plan);
}

TEST_F(AddressConfigTest, PutsBackWhatSomebodyRemoved) {
    EXPECT_EQ(config->apply(plan), std::vector<std::string>{});
    ASSERT_TRUE(run("ip address flush dev ext scope global"));
    EXPECT_FALSE(contains(routes(), "198.51.100.254"));
    EXPECT_EQ(config->apply(plan), std::vector<std::string>{});
    EXPECT_TRUE(contains(routes(), "default via 198.51.100.254"));
    EXPECT_TRUE(contains(addresses(), "203.0.113.10/32"));
}

TEST_F(AddressConfigTest, WhatWasThereBeforeIsNotOurs) {
    ASSERT_TRUE(run("ip address add 198.51.100.1/24 dev ext"));
    ASSERT_TRUE(run("ip route add default via 198.51.100.254"));
    EXPECT_EQ(config->apply(plan), std::vector<std::string>{});
    config.reset();
    EXPECT_TRUE(contains(addresses(), "198.51.100.1/24"));
    EXPECT_TRUE(contains(routes(), "default via 198.51.100.254"));
    EXPECT_FALSE(contains(addresses(), "203.0.113.10"));
}

TEST_F(AddressConfigTest, AnotherRouteOfTheOperatorWinsAndIsReported) {
    ASSERT_TRUE(run("ip address add 198.51.100.1/24 dev ext"));
    ASSERT_TRUE(run("ip route add default via 198.51.100.77"));
    const auto errors = config->apply(plan);
    ASSERT_EQ(errors.size(), 1U);
    EXPECT_TRUE(contains(errors[0], "not ikelb's")) << errors[0];
    EXPECT_TRUE(contains(routes(), "default via 198.51.100.77"));
}

TEST_F(AddressConfigTest, AReloadMovesAddressesAndRoutesWithoutLosingOthers) {
    EXPECT_EQ(config->apply(plan), std::vector<std::string>{});
    ASSERT_TRUE(run("ip route add 192.0.2.0/24 via 198.51.100.250"));
    AddressPlan after = plan;
    after.addresses[0] = on_ext("198.51.100.2/24");
    after.addresses[1] = on_ext("2001:db8::1/60");
    after.routes[0] = route("0.0.0.0/0", "198.51.100.252");
    EXPECT_EQ(config->apply(after), std::vector<std::string>{});
    EXPECT_FALSE(contains(addresses(), "198.51.100.1/24")) << addresses();
    EXPECT_TRUE(contains(addresses(), "198.51.100.2/24"));
    EXPECT_TRUE(contains(addresses(), "2001:db8::1/60")) << addresses();
    EXPECT_TRUE(contains(routes(), "default via 198.51.100.252 dev ext"));
    EXPECT_FALSE(contains(routes(), "198.51.100.254"));
    EXPECT_TRUE(contains(routes(), "192.0.2.0/24 via 198.51.100.250")) << "the operator's route";
    EXPECT_EQ(config->apply({}), std::vector<std::string>{});
    EXPECT_EQ(addresses(), "");
}

TEST_F(AddressConfigTest, AnImpossibleRouteIsReportedAndTheRestIsDone) {
    AddressPlan wrong = plan;
    wrong.routes.push_back(route("10.30.0.0/16", "192.0.2.77"));
    wrong.addresses.push_back({.interface = "absent",
                               .prefix = *text::parse_prefix("10.0.0.1/24")});
    const auto errors = config->apply(wrong);
    ASSERT_EQ(errors.size(), 2U);
    EXPECT_TRUE(contains(errors[0], "no network device 'absent'")) << errors[0];
    EXPECT_TRUE(contains(errors[1], "10.30.0.0/16 via 192.0.2.77")) << errors[1];
    EXPECT_TRUE(contains(errors[1], "invalid gateway")) << errors[1];
    EXPECT_EQ(config->owned(), plan);
}

TEST_F(AddressConfigTest, TapsMayGoFirst) {
    EXPECT_EQ(config->apply(plan), std::vector<std::string>{});
    tap.reset();
    EXPECT_EQ(config->apply({}), std::vector<std::string>{});
    EXPECT_EQ(config->owned(), AddressPlan{});
}

}  // namespace
}  // namespace ikelb::tap
