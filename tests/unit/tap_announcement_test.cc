// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
// Frames that ikelb makes for the kernel's TAPs, and one that it keeps back.
#include "controlplane/kernel/tap/frames.h"

#include "config/text/address.h"
#include "tests/unit/tap_netns.h"

namespace ikelb::tap {
namespace {

/// A TAP whose kernel remembers an older MAC address of a neighbour.
class AnnouncementTest : public KernelNamespaceTest {
protected:
    void SetUp() override {
        KernelNamespaceTest::SetUp();
        if (IsSkipped()) return;
        host.emplace(HostSettings::apply());
        tap = make_tap(*host, "ext");
        ASSERT_NE(tap, nullptr);
        ASSERT_TRUE(run("ip address add 198.51.100.1/24 dev ext"));
        ASSERT_TRUE(run("ip address add 2001:db8::1/64 dev ext nodad"));
        ASSERT_TRUE(run("ip address add fe80::1/64 dev ext nodad"));
        // Linux believes an ARP announcement only a second after it believed another answer.
        ASSERT_TRUE(write_sysctl("net/ipv4/neigh/ext/locktime", "0").has_value());
    }
    void TearDown() override {
        tap.reset();
        host.reset();
        KernelNamespaceTest::TearDown();
    }

    /// What the kernel makes of our own announcement for a neighbour's address.
    std::string learned(const std::string& address) {
        EXPECT_TRUE(run("ip neighbour replace " + address +
                        " dev ext lladdr 02:00:00:00:00:05 nud stale"));
        EXPECT_TRUE(send(
            *tap, make_announcement(*text::parse_address(address), *text::parse_mac(peer_mac))));
        return output_of("ip neighbour show " + address + " dev ext");
    }

    std::optional<HostSettings> host;
    std::unique_ptr<Tap> tap;
};

TEST_F(AnnouncementTest, NeighboursChangeToTheNewMachineAtOnce) {
    EXPECT_TRUE(contains(learned("198.51.100.10"), peer_mac));
    EXPECT_TRUE(contains(learned("2001:db8::10"), peer_mac));
}

TEST_F(AnnouncementTest, NobodyIsMadeToRememberWhatHeNeverAskedFor) {
    for (const char* address : {"198.51.100.11", "2001:db8::11"}) {
        EXPECT_TRUE(send(
            *tap, make_announcement(*text::parse_address(address), *text::parse_mac(peer_mac))));
        EXPECT_EQ(output_of(std::string{"ip neighbour show "} + address), "");
    }
}

TEST_F(AnnouncementTest, TheKernelsRedirectsAreKnown) {
    ASSERT_TRUE(run("ip neighbour replace 2001:db8::9 dev ext lladdr 02:00:00:00:00:99"));
    ASSERT_TRUE(run("ip neighbour replace 2001:db8::8 dev ext lladdr 02:00:00:00:00:98"));
    ASSERT_TRUE(write_sysctl("net/ipv6/conf/all/forwarding", "1").has_value());
    // From the one neighbour to the other by way of the TAP: an empty UDP datagram.
    Frame frame{2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 0x99, 0x86, 0xdd, 0x60, 0, 0, 0, 0, 8, 17, 64};
    for (const char* text : {"2001:db8::9", "2001:db8::8"}) {
        const net::IpAddress address = *text::parse_address(text);
        frame.insert(frame.end(), address.bytes().begin(), address.bytes().end());
    }
    for (const int byte : {0, 9, 0, 9, 0, 8, 0xff, 0xff})
        frame.push_back(static_cast<std::uint8_t>(byte));
    ASSERT_TRUE(send(*tap, frame));
    EXPECT_TRUE(await_frame(*tap, is_icmpv6_redirect).has_value());
    EXPECT_FALSE(is_icmpv6_redirect(frame));
    EXPECT_FALSE(is_icmpv6_redirect({}));
}

}  // namespace
}  // namespace ikelb::tap
