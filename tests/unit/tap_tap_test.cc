// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
// Twins and their settings against the real kernel, in a network namespace per test.
#include <arpa/inet.h>
#include <net/if.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>

#include "config/text/address.h"
#include "controlplane/kernel/tap/address_config.h"
#include "tests/unit/tap_netns.h"

namespace ikelb::tap {
namespace {

using TapTest = KernelNamespaceTest;

TEST_F(TapTest, AppearsWithNameMacAndMtuAndGoesWithTheObject) {
    const auto host = HostSettings::apply();
    {
        const auto tap = make_tap(host, "ext", tap_mac, 1400);
        ASSERT_NE(tap, nullptr);
        const std::string link = output_of("ip -o link show dev ext");
        EXPECT_TRUE(contains(link, "link/ether 02:00:00:00:00:01")) << link;
        EXPECT_TRUE(contains(link, "mtu 1400")) << link;
        EXPECT_TRUE(contains(link, ",UP,LOWER_UP")) << link;
        EXPECT_EQ(tap->ifindex(), static_cast<int>(::if_nametoindex("ext")));
        EXPECT_TRUE(tap->warnings().empty());
    }
    EXPECT_EQ(::if_nametoindex("ext"), 0U);
}

TEST_F(TapTest, FramesOnItAreWhole) {
    const auto host = HostSettings::apply();
    const auto tap = make_tap(host, "ext");
    ASSERT_NE(tap, nullptr);
    const std::string features = output_of("ethtool -k ext");
    EXPECT_TRUE(contains(features, "tx-checksumming: off")) << features;
    EXPECT_TRUE(contains(features, "tcp-segmentation-offload: off")) << features;
}

TEST_F(TapTest, ATakenNameSaysWhatToType) {
    ASSERT_TRUE(run("ip tuntap add mode tap name ext"));
    const auto host = HostSettings::apply();
    const auto tap = Tap::create({.name = "ext", .mac = *text::parse_mac(tap_mac)}, host);
    ASSERT_TRUE(tap.has_error());
    EXPECT_EQ(tap.error().code, EBUSY);
    EXPECT_TRUE(contains(tap.error().message, "ip link delete dev ext")) << tap.error().message;
}

TEST_F(TapTest, NamesAndAddressesThatCannotBeAreRefused) {
    const auto host = HostSettings::apply();
    for (const char* name : {"", "all", "default", "a/b", "tap%d", "sixteen_letters_"}) {
        const auto tap = Tap::create({.name = name, .mac = *text::parse_mac(tap_mac)}, host);
        EXPECT_TRUE(tap.has_error()) << name;
    }
    const auto multicast =
        Tap::create({.name = "ext", .mac = *text::parse_mac("01:00:5e:00:00:01")}, host);
    EXPECT_TRUE(multicast.has_error());
}

/// Runs `child` in a process of its own and gives its result.
template <class Child>
bool holds_in_child(Child child) {
    const pid_t pid = ::fork();
    if (pid == 0) ::_exit(child() ? 0 : 1);
    int status = 0;
    return ::waitpid(pid, &status, 0) == pid && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

TEST_F(TapTest, WithoutTheCapabilityItSaysSo) {
    const auto host = HostSettings::apply();
    EXPECT_TRUE(holds_in_child([&] {
        if (::setresgid(65534, 65534, 65534) != 0 || ::setresuid(65534, 65534, 65534) != 0)
            return true;  // in a user namespace with one user there is nobody else to become
        const auto tap = Tap::create({.name = "ext", .mac = *text::parse_mac(tap_mac)}, host);
        return tap.has_error() && (contains(tap.error().message, "CAP_NET_ADMIN") ||
                                   contains(tap.error().message, "DeviceAllow"));
    }));
}

TEST_F(TapTest, WithoutTheDeviceFileItSaysSo) {
    const auto host = HostSettings::apply();
    EXPECT_TRUE(holds_in_child([&] {
        if (::unshare(CLONE_NEWNS) != 0 || ::mount("", "/", "", MS_REC | MS_PRIVATE, "") != 0 ||
            ::mount("none", "/dev/net", "tmpfs", 0, "") != 0)
            return false;
        const auto tap = Tap::create({.name = "ext", .mac = *text::parse_mac(tap_mac)}, host);
        return tap.has_error() && contains(tap.error().message, "modprobe tun");
    }));
}

TEST_F(TapTest, TheKernelAnswersArpForAnAddressOnIt) {
    const auto host = HostSettings::apply();
    const auto tap = make_tap(host, "ext");
    ASSERT_NE(tap, nullptr);
    auto addresses = AddressConfig::open();
    ASSERT_TRUE(addresses.has_value());
    EXPECT_TRUE(addresses
                    ->apply({.addresses = {{.interface = "ext",
                                            .prefix = *text::parse_prefix("198.51.100.1/24")},
                                           {.interface = "ext",
                                            .prefix = *text::parse_prefix("203.0.113.10/32"),
                                            .role = AddressRole::vip}},
                             .routes = {}})
                    .empty());
    for (const char* address : {"198.51.100.1", "203.0.113.10"}) {
        ASSERT_TRUE(send(*tap, arp(arp_request, peer_mac, "198.51.100.9", no_mac, address)));
        const auto reply = await_frame(*tap, [](const Frame& frame) {
            return arp_target(frame, arp_reply) == "198.51.100.9";
        });
        ASSERT_TRUE(reply.has_value()) << address;
        EXPECT_TRUE(std::equal(reply->begin() + 6, reply->begin() + 12,
                               text::parse_mac(tap_mac)->bytes.begin()));
    }
    EXPECT_EQ(tap->counters().sent, 2U);
    EXPECT_GE(tap->counters().received, 2U);
}

TEST_F(TapTest, WhatTheKernelSendsComesOutByAsio) {
    const auto host = HostSettings::apply();
    const auto tap = make_tap(host, "ext");
    ASSERT_NE(tap, nullptr);
    ASSERT_TRUE(run("ip address add 198.51.100.1/24 dev ext"));
    boost::asio::io_context io;
    boost::asio::posix::stream_descriptor descriptor{io, ::dup(tap->fd())};
    const posix::FileDescriptor socket{::socket(AF_INET, SOCK_DGRAM, 0)};
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(500);
    ::inet_pton(AF_INET, "198.51.100.77", &to.sin_addr);
    bool is_readable = false;
    descriptor.async_wait(descriptor.wait_read, [&](auto error) { is_readable = !error; });
    ASSERT_EQ(::sendto(socket.get(), "x", 1, 0, reinterpret_cast<sockaddr*>(&to), sizeof to), 1);
    io.run_for(std::chrono::seconds{2});
    EXPECT_TRUE(is_readable);
    EXPECT_TRUE(await_frame(*tap, [](const Frame& frame) {
                    return arp_target(frame, arp_request) == "198.51.100.77";
                }).has_value());
}

TEST_F(TapTest, AFrameForATwinThatIsDownIsCounted) {
    const auto host = HostSettings::apply();
    const auto tap = make_tap(host, "ext");
    ASSERT_NE(tap, nullptr);
    ASSERT_TRUE(run("ip link set ext down"));
    EXPECT_FALSE(send(*tap, arp(arp_request, peer_mac, "198.51.100.9", no_mac, "198.51.100.1")));
    EXPECT_FALSE(send(*tap, Frame(3)));
    EXPECT_EQ(tap->counters().send_down + tap->counters().send_refused, 2U);
    EXPECT_GE(tap->counters().send_down, 1U);
    EXPECT_EQ(tap->counters().sent, 0U);
}

TEST_F(TapTest, AFrameLargerThanTheBufferIsDroppedAndCounted) {
    const auto host = HostSettings::apply();
    const auto tap = make_tap(host, "ext");
    ASSERT_NE(tap, nullptr);
    ASSERT_TRUE(run("ip address add 198.51.100.1/24 dev ext"));
    ASSERT_TRUE(run("ip neighbour add 198.51.100.2 dev ext lladdr 02:00:00:00:00:99"));
    (void)run("ping -c 1 -W 0.1 -s 1000 198.51.100.2 >/dev/null 2>&1");
    std::array<std::byte, 100> small;
    while (tap->receive(small).has_value()) {
    }
    EXPECT_GE(tap->counters().receive_truncated, 1U);
}

TEST_F(TapTest, ItsSettingsAreThoseOfARouterThatSpoofsNothing) {
    const auto host = HostSettings::apply();
    const auto tap = make_tap(host, "ext");
    ASSERT_NE(tap, nullptr);
    EXPECT_EQ(conf("ipv4/conf/ext/send_redirects"), "0");
    EXPECT_EQ(conf("ipv4/conf/ext/accept_redirects"), "0");
    EXPECT_EQ(conf("ipv4/conf/ext/rp_filter"), "0");
    EXPECT_EQ(conf("ipv4/conf/ext/forwarding"), "1");
    EXPECT_EQ(conf("ipv6/conf/ext/forwarding"), "1");
    EXPECT_EQ(conf("ipv6/conf/ext/accept_ra"), "0");
    EXPECT_EQ(conf("ipv4/conf/lo/forwarding"), "0") << "other devices are not made routers";
    EXPECT_EQ(conf("ipv6/conf/all/forwarding"), "0");
}

TEST_F(TapTest, SolicitsIpv6NeighboursAtOnce) {
    ASSERT_EQ(conf("ipv6/conf/all/accept_dad") + conf("ipv6/conf/default/accept_dad"), "01")
        << "a host checks for duplicates where nobody says otherwise";
    const auto host = HostSettings::apply();
    const auto tap = make_tap(host, "ext");
    ASSERT_NE(tap, nullptr);
    // A check takes one to two seconds, and until its end no neighbour is solicited.
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::milliseconds{500};
    std::string local;
    do local = output_of("ip -6 -o address show dev ext scope link");
    while ((!contains(local, "fe80::") || contains(local, "tentative")) &&
           std::chrono::steady_clock::now() < deadline);
    EXPECT_TRUE(contains(local, "fe80::")) << local;
    EXPECT_FALSE(contains(local, "tentative")) << local;
}

TEST_F(TapTest, AnMtuTooSmallForIpv6IsNoWarning) {
    const auto host = HostSettings::apply();
    const auto tap = make_tap(host, "ext", tap_mac, 576);
    ASSERT_NE(tap, nullptr);
    EXPECT_TRUE(tap->warnings().empty()) << tap->warnings().front();
}

using HostSettingsTest = KernelNamespaceTest;

TEST_F(HostSettingsTest, AllIsClearedAndItsFilterGoesToTheOtherDevices) {
    ASSERT_TRUE(run("ip link add name mgmt type veth peer name far"));
    ASSERT_TRUE(write_sysctl("net/ipv4/conf/all/rp_filter", "2").has_value());
    ASSERT_TRUE(write_sysctl("net/ipv4/conf/all/send_redirects", "1").has_value());
    ASSERT_TRUE(write_sysctl("net/ipv4/conf/mgmt/rp_filter", "1").has_value());
    {
        const auto host = HostSettings::apply();
        const auto tap = make_tap(host, "ext");
        ASSERT_NE(tap, nullptr);
        EXPECT_EQ(conf("ipv4/conf/all/rp_filter"), "0");
        EXPECT_EQ(conf("ipv4/conf/all/send_redirects"), "0");
        EXPECT_EQ(conf("ipv4/conf/ext/rp_filter"), "0");
        EXPECT_EQ(conf("ipv4/conf/mgmt/rp_filter"), "2") << "the protection it had through all";
        EXPECT_EQ(conf("ipv4/conf/default/rp_filter"), "2");
        EXPECT_EQ(conf("ipv4/conf/mgmt/send_redirects"), "1");
    }
    EXPECT_EQ(conf("ipv4/conf/all/rp_filter"), "2");
    EXPECT_EQ(conf("ipv4/conf/all/send_redirects"), "1");
    EXPECT_EQ(conf("ipv4/conf/mgmt/rp_filter"), "1");
    EXPECT_EQ(conf("ipv4/conf/default/rp_filter"), "0");
}

TEST_F(HostSettingsTest, WhatTheOperatorChangedMeanwhileStays) {
    ASSERT_TRUE(write_sysctl("net/ipv4/conf/all/rp_filter", "2").has_value());
    {
        const auto host = HostSettings::apply();
        ASSERT_TRUE(write_sysctl("net/ipv4/conf/all/rp_filter", "1").has_value());
    }
    EXPECT_EQ(conf("ipv4/conf/all/rp_filter"), "1");
}

TEST_F(HostSettingsTest, ASettingThatCannotBeMadeIsAWarning) {
    SysctlScope scope;
    scope.set("net/ipv4/conf/absent/rp_filter", "0");
    ASSERT_EQ(scope.warnings().size(), 1U);
    EXPECT_TRUE(contains(scope.warnings()[0], "net/ipv4/conf/absent/rp_filter"));
}

}  // namespace
}  // namespace ikelb::tap
