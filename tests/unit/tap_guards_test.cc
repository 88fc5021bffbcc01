// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
// What the kernel forwards of what comes in by a TAP, in a network namespace per test. Packets are
// real: a frame given to one TAP comes out of the other, or does not.
#include <optional>

#include "config/text/address.h"
#include "controlplane/kernel/tap/forward_guards.h"
#include "dataplane/net/byte_order.h"
#include "tests/unit/tap_netns.h"

namespace ikelb::tap {
namespace {

using Frame = std::vector<std::uint8_t>;

std::uint16_t checksum(std::span<const std::uint8_t> bytes) {
    std::uint32_t sum = 0;
    for (std::size_t i = 0; i + 1 < bytes.size(); i += 2)
        sum += static_cast<std::uint32_t>(bytes[i] << 8 | bytes[i + 1]);
    while (sum > 0xffff) sum = (sum & 0xffff) + (sum >> 16);
    return static_cast<std::uint16_t>(~sum);
}

/// clients' router 198.51.100.9 -- ext | int -- server 10.20.0.11, and the same in IPv6.
class ForwardGuardTest : public KernelNamespaceTest {
protected:
    void SetUp() override {
        KernelNamespaceTest::SetUp();
        ASSERT_TRUE(run("cd /proc/sys/net && echo 0 >ipv6/conf/default/accept_dad && "
                        "echo 1 >ipv6/conf/all/forwarding && echo 1 >ipv4/ip_forward"));
        host_.emplace(HostSettings::apply());
        ext_ = make_tap(*host_, "ext", ext_mac);
        int_ = make_tap(*host_, "int", int_mac);
        ASSERT_TRUE(ext_ && int_);
        ASSERT_TRUE(run("ip addr add 198.51.100.1/24 dev ext && "
                        "ip addr add 10.20.0.1/24 dev int && "
                        "ip -6 addr add 2001:db8:100::1/64 dev ext nodad && "
                        "ip -6 addr add fd00:20::1/64 dev int nodad"));
        for (const char* neighbour :
             {"198.51.100.9 dev ext", "10.20.0.11 dev int", "2001:db8:100::9 dev ext",
              "fd00:20::11 dev int", "10.20.0.12 dev int"})
            ASSERT_TRUE(run(std::string{"ip neigh replace "} + neighbour + " lladdr " + peer_mac));
        auto guards = ForwardGuards::open({"ext", "int"});
        ASSERT_TRUE(guards.has_value());
        guards_.emplace(*std::move(guards));
    }

    /// A UDP datagram for the kernel at `mac`, checksum 0 in IPv4, right in IPv6.
    static Frame datagram(const char* mac, const char* from, const char* to) {
        const auto source = text::parse_address(from).value();
        const auto destination = text::parse_address(to).value();
        const auto destination_mac = text::parse_mac(mac)->bytes;
        const auto source_mac = text::parse_mac(peer_mac)->bytes;
        Frame frame(destination_mac.begin(), destination_mac.end());
        frame.insert(frame.end(), source_mac.begin(), source_mac.end());
        Frame udp{0x9c, 0x40, 0x9c, 0x41, 0, 12, 0, 0, 1, 2, 3, 4};
        if (source.is_v4()) {
            Frame header{0x45, 0, 0, 32, 0, 1, 0, 0, 64, 17, 0, 0};
            header.insert(header.end(), source.bytes().begin() + 12, source.bytes().end());
            header.insert(header.end(), destination.bytes().begin() + 12,
                          destination.bytes().end());
            const std::uint16_t sum = checksum(header);
            header[10] = static_cast<std::uint8_t>(sum >> 8);
            header[11] = static_cast<std::uint8_t>(sum);
            frame.insert(frame.end(), {0x08, 0x00});
            frame.insert(frame.end(), header.begin(), header.end());
        } else {
            Frame pseudo(source.bytes().begin(), source.bytes().end());
            pseudo.insert(pseudo.end(), destination.bytes().begin(), destination.bytes().end());
            pseudo.insert(pseudo.end(), {0, 0, 0, 12, 0, 0, 0, 17});
            pseudo.insert(pseudo.end(), udp.begin(), udp.end());
            const std::uint16_t sum = checksum(pseudo);
            udp[6] = static_cast<std::uint8_t>(sum >> 8);
            udp[7] = static_cast<std::uint8_t>(sum);
            frame.insert(frame.end(), {0x86, 0xdd, 0x60, 0, 0, 0, 0, 12, 17, 64});
            frame.insert(frame.end(), source.bytes().begin(), source.bytes().end());
            frame.insert(frame.end(), destination.bytes().begin(), destination.bytes().end());
        }
        frame.insert(frame.end(), udp.begin(), udp.end());
        return frame;
    }

    /// The datagram comes out of `out`, within 200 ms.
    static bool passes(Tap& in, Tap& out, const char* mac, const char* from, const char* to) {
        const Frame sent = datagram(mac, from, to);
        if (!send(in, sent)) return false;
        for (int i = 0; i < 20; ++i) {
            std::array<std::byte, Tap::receive_buffer_size> buffer;
            pollfd wait{.fd = out.fd(), .events = POLLIN, .revents = 0};
            if (::poll(&wait, 1, 10) <= 0) continue;
            while (const auto size = out.receive(buffer)) {
                const auto* bytes = reinterpret_cast<const std::uint8_t*>(buffer.data());
                // The kernel changes the hop limit and, in IPv4, its checksum: compare the payload.
                if (*size == sent.size() && std::equal(sent.end() - 12, sent.end(),
                                                       bytes + sent.size() - 12))
                    return true;
            }
        }
        return false;
    }
    bool clients_pass() {
        return passes(*ext_, *int_, ext_mac, "198.51.100.9", "10.20.0.11") ||
               passes(*ext_, *int_, ext_mac, "2001:db8:100::9", "fd00:20::11");
    }
    bool both_clients_pass() {
        return passes(*ext_, *int_, ext_mac, "198.51.100.9", "10.20.0.11") &&
               passes(*ext_, *int_, ext_mac, "2001:db8:100::9", "fd00:20::11");
    }
    bool servers_pass() {
        return passes(*int_, *ext_, int_mac, "10.20.0.11", "198.51.100.9") &&
               passes(*int_, *ext_, int_mac, "fd00:20::11", "2001:db8:100::9");
    }
    static std::string rules() { return output_of("ip rule; ip -6 rule"); }

    static constexpr const char* ext_mac = "02:00:00:00:00:01";
    static constexpr const char* int_mac = "02:00:00:00:00:02";

    std::optional<HostSettings> host_;
    std::unique_ptr<Tap> ext_, int_;
    std::optional<ForwardGuards> guards_;
};

TEST_F(ForwardGuardTest, NothingOfTheClientsIsForwarded) {
    EXPECT_TRUE(both_clients_pass()) << "without a guard the kernel is a router";
    EXPECT_TRUE(guards_->apply({{.tap = "ext"}}).empty());
    EXPECT_FALSE(clients_pass()) << rules();
    EXPECT_TRUE(servers_pass()) << rules();
}

// A rule, not the device's forwarding setting: what is addressed to the host arrives.
TEST_F(ForwardGuardTest, TheHostIsStillReached) {
    ASSERT_TRUE(guards_->apply({{.tap = "ext"}}).empty());
    ASSERT_TRUE(send(*ext_, arp(arp_request, peer_mac, "198.51.100.9", no_mac, "198.51.100.1")));
    EXPECT_TRUE(await_frame(*ext_, [](const Frame& frame) {
                    return arp_target(frame, arp_reply) == "198.51.100.9";
                }).has_value());
    // Nobody listens: the answer is that of a host that was reached.
    for (const auto& [from, to] :
         {std::pair{"198.51.100.9", "198.51.100.1"}, std::pair{"198.51.100.9", "10.20.0.1"},
          std::pair{"2001:db8:100::9", "2001:db8:100::1"}}) {
        ASSERT_TRUE(send(*ext_, datagram(ext_mac, from, to)));
        const bool is_v4 = std::string_view{from}.find(':') == std::string_view::npos;
        EXPECT_TRUE(await_frame(*ext_, [&](const Frame& frame) {
                        return is_v4 ? frame.size() > 35 && frame[12] == 8 && frame[23] == 1 &&
                                           frame[34] == 3 && frame[35] == 3
                                     : frame.size() > 55 && frame[12] == 0x86 && frame[20] == 58 &&
                                           frame[54] == 1 && frame[55] == 4;
                    }).has_value())
            << to;
    }
}

TEST_F(ForwardGuardTest, OfATwinOfBothSidesTheServersAreForwarded) {
    ASSERT_TRUE(guards_
                    ->apply({{.tap = "int",
                              .except = {*text::parse_prefix("10.20.0.11/32"),
                                         *text::parse_prefix("fd00:20::/64")}}})
                    .empty());
    EXPECT_TRUE(servers_pass()) << rules();
    EXPECT_FALSE(passes(*int_, *ext_, int_mac, "10.20.0.12", "198.51.100.9")) << rules();
    // Another server comes: its rule has to stand before the blackhole.
    ASSERT_TRUE(guards_
                    ->apply({{.tap = "int",
                              .except = {*text::parse_prefix("10.20.0.11/32"),
                                         *text::parse_prefix("10.20.0.12/32"),
                                         *text::parse_prefix("fd00:20::/64")}}})
                    .empty());
    EXPECT_TRUE(passes(*int_, *ext_, int_mac, "10.20.0.12", "198.51.100.9")) << rules();
    EXPECT_TRUE(servers_pass()) << rules();
}

TEST_F(ForwardGuardTest, GoesAsItCame) {
    const std::string before = rules();
    ASSERT_TRUE(guards_
                    ->apply({{.tap = "ext"},
                             {.tap = "int", .except = {*text::parse_prefix("10.20.0.0/24")}}})
                    .empty());
    EXPECT_NE(rules(), before);
    ASSERT_TRUE(guards_->apply({}).empty());
    EXPECT_EQ(rules(), before);
    ASSERT_TRUE(guards_->apply({{.tap = "ext"}}).empty());
    guards_.reset();
    EXPECT_EQ(rules(), before);
    EXPECT_TRUE(both_clients_pass());
}

TEST_F(ForwardGuardTest, IsPutBackAndNeverDoubled) {
    ASSERT_TRUE(guards_->apply({{.tap = "ext"}}).empty());
    const std::string with_guard = rules();
    ASSERT_TRUE(guards_->apply({{.tap = "ext"}}).empty());
    EXPECT_EQ(rules(), with_guard);
    ASSERT_TRUE(run("ip rule del pref 0 iif ext && ip -6 rule del pref 0 iif ext"));
    EXPECT_TRUE(both_clients_pass());
    ASSERT_TRUE(guards_->apply({{.tap = "ext"}}).empty());
    EXPECT_EQ(rules(), with_guard);
    EXPECT_FALSE(clients_pass());
}

// A crash leaves the rules behind. Those of another ikelbd, whose TAPs live, are not touched.
TEST_F(ForwardGuardTest, WhatACrashLeftIsCleanedUp) {
    const std::string before = rules();
    ASSERT_TRUE(run("ip rule add pref 0 iif gone blackhole protocol 228 && "
                    "ip rule add pref 0 iif ext from 192.0.2.0/24 goto 7 protocol 228 && "
                    "ip -6 rule add pref 3 iif ext blackhole protocol 228"));
    EXPECT_TRUE(guards_->apply({}).empty());
    EXPECT_EQ(rules(), before);
    ASSERT_TRUE(run("ip tuntap add mode tap name other && "
                    "ip rule add pref 0 iif other blackhole protocol 228 && "
                    "ip rule add pref 5 iif ext lookup main protocol static"));
    const std::string of_others = rules();
    EXPECT_TRUE(guards_->apply({{.tap = "ext"}}).empty());
    EXPECT_TRUE(guards_->apply({}).empty());
    EXPECT_EQ(rules(), of_others);
}

// FRR's recipe for VRFs moves the local table's rule behind others.
TEST_F(ForwardGuardTest, FollowsTheLocalTable) {
    ASSERT_TRUE(run("ip rule add pref 32765 lookup local && ip rule del pref 0 && "
                    "ip -6 rule add pref 32765 lookup local && ip -6 rule del pref 0"));
    ASSERT_TRUE(guards_->apply({{.tap = "ext"}}).empty());
    EXPECT_FALSE(clients_pass()) << rules();
    ASSERT_TRUE(send(*ext_, datagram(ext_mac, "198.51.100.9", "198.51.100.1")));
    EXPECT_TRUE(await_frame(*ext_, [](const Frame& frame) {
                    return frame.size() > 35 && frame[23] == 1 && frame[34] == 3;
                }).has_value());
}

// Rules that lead some packets to the local table are not the local table's rule.
TEST_F(ForwardGuardTest, IsBehindTheRuleThatTakesAll) {
    for (const std::string some :
         {"fwmark 1", "from NET", "to NET", "iif int", "oif int", "tos 0x10",
          "ipproto udp dport 7", "uidrange 7-9", "not fwmark 3", "suppress_prefixlength 0"}) {
        SCOPED_TRACE(some);
        const auto net = some.find("NET");
        for (const bool is_v4 : {true, false}) {
            const std::string family = is_v4 ? "ip" : "ip -6";
            std::string selector = some;
            if (net != some.npos)
                selector.replace(net, 3, is_v4 ? "192.0.2.0/24" : "2001:db8:2::/64");
            // suppress_prefixlength stands behind the table.
            const std::string rule = selector.starts_with("suppress")
                                         ? " lookup local " + selector
                                         : ' ' + selector + " lookup local";
            ASSERT_TRUE(run(family + " rule add pref 50 lookup main && " + family +
                            " rule add pref 100" + rule))
                << rules();
        }
        ASSERT_TRUE(guards_->apply({{.tap = "ext"}}).empty());
        EXPECT_FALSE(clients_pass()) << rules();
        ASSERT_TRUE(guards_->apply({}).empty());
        for (const std::string family : {"ip", "ip -6"})
            ASSERT_TRUE(run(family + " rule del pref 50 && " + family + " rule del pref 100"));
    }
    ASSERT_TRUE(run("ip rule add pref 90 lookup local"));  // a second one changes nothing
    ASSERT_TRUE(run("ip rule add pref 50 lookup main"));
    ASSERT_TRUE(guards_->apply({{.tap = "ext"}}).empty());
    EXPECT_FALSE(clients_pass()) << rules();
}

// Made anew, the local table's rule comes behind what has the same priority.
TEST_F(ForwardGuardTest, MovesBehindALocalRuleMadeAnew) {
    ASSERT_TRUE(guards_->apply({{.tap = "ext"}}).empty());
    const std::string with_guard = rules();
    for (const std::string family : {"ip", "ip -6"})
        ASSERT_TRUE(run(family + " rule add pref 7 lookup local && " + family +
                        " rule del pref 0 lookup local && " + family +
                        " rule add pref 0 lookup local && " + family + " rule del pref 7"));
    EXPECT_NE(rules(), with_guard);
    ASSERT_TRUE(guards_->apply({{.tap = "ext"}}).empty());
    EXPECT_EQ(rules(), with_guard);
}

// Thousands of servers on one arm: they are compared again after each change in the kernel, and
// mostly there is nothing to do.
TEST_F(ForwardGuardTest, ThousandsOfServersTakeNoTime) {
    ForwardGuard guard{.tap = "int"};
    for (std::uint32_t i = 0; i < 4000; ++i)
        guard.except.push_back({.address = net::IpAddress::from_v4_host(0x0a200000 + i),
                                .length = 32});
    const auto timed = [&] {
        const auto begun = std::chrono::steady_clock::now();
        EXPECT_TRUE(guards_->apply({guard}).empty());
        return std::chrono::steady_clock::now() - begun;
    };
    const auto making = timed();
    EXPECT_LT(timed(), making);
}

}  // namespace
}  // namespace ikelb::tap
