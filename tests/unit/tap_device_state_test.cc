// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors

// What the kernel says of devices and sockets that lost something. Needs root.

#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <sys/socket.h>

#include <array>

#include "controlplane/kernel/tap/device.h"
#include "controlplane/kernel/tap/driver_sockets.h"
#include "tests/unit/tap_netns.h"

namespace ikelb::tap {
namespace {

/// Two ends of a cable, both up.
class DeviceStateTest : public KernelNamespaceTest {
protected:
    void SetUp() override {
        KernelNamespaceTest::SetUp();
        ASSERT_TRUE(run("ip link add name near type veth peer name far && "
                        "ip link set near up && ip link set far up"));
    }

    static DeviceState state_of(const std::string& name) {
        auto netlink = netlink::Requester::open();
        EXPECT_TRUE(netlink.has_value());
        const auto state = read_device_state(*netlink, name);
        EXPECT_TRUE(state.has_value());
        return state.has_value() ? *state : DeviceState{};
    }

    /// The kernel looks at carriers a moment later.
    static bool becomes(const std::string& name, bool is_up) {
        for (int tries = 0; tries < 300; ++tries) {
            if (state_of(name).is_up == is_up) return true;
            ::poll(nullptr, 0, 10);
        }
        return false;
    }

    static posix::FileDescriptor packet_socket(const char* device) {
        posix::FileDescriptor made{::socket(AF_PACKET, SOCK_RAW, htons(ETH_P_ALL))};
        const sockaddr_ll address{.sll_family = AF_PACKET,
                                  .sll_protocol = htons(ETH_P_ALL),
                                  .sll_ifindex = static_cast<int>(if_nametoindex(device)),
                                  .sll_hatype = 0, .sll_pkttype = 0, .sll_halen = 0,
                                  .sll_addr = {}};
        EXPECT_EQ(::bind(made.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address),
                  0);
        return made;
    }
};

TEST_F(DeviceStateTest, ACableThatIsPulledTakesTheLinkOfItsOtherEnd) {
    EXPECT_TRUE(becomes("near", true));
    ASSERT_TRUE(run("ip link set far down"));
    EXPECT_TRUE(becomes("near", false));
    ASSERT_TRUE(run("ip link set far up"));
    EXPECT_TRUE(becomes("near", true));
}

TEST_F(DeviceStateTest, ADeviceThatIsNotThereIsNamed) {
    auto netlink = netlink::Requester::open();
    ASSERT_TRUE(netlink.has_value());
    const auto state = read_device_state(*netlink, "absent");
    ASSERT_TRUE(state.has_error());
    EXPECT_TRUE(contains(state.error().message, "absent"));
}

TEST_F(DeviceStateTest, SocketsBelongToThePortThatWasOpenedBefore) {
    const posix::FileDescriptor foreign = packet_socket("far");
    DriverSockets sockets;
    sockets.port_opened();
    posix::FileDescriptor own = packet_socket("far");
    const int little = 1;
    ASSERT_EQ(::setsockopt(own.get(), SOL_SOCKET, SO_RCVBUF, &little, sizeof little), 0);
    sockets.port_opened();
    const posix::FileDescriptor sender = packet_socket("near");
    constexpr int frames = 100;
    std::array<char, 1000> frame{};
    frame.fill('\xff');
    for (int i = 0; i < frames; ++i)
        ASSERT_EQ(::send(sender.get(), frame.data(), frame.size(), 0), 1000);
    sockets.read();
    EXPECT_EQ(sockets.losses(0).full, 0U);
    int received = 0;
    while (::recv(own.get(), frame.data(), frame.size(), MSG_DONTWAIT) > 0) ++received;
    EXPECT_GE(sockets.losses(1).full, frames - static_cast<unsigned>(received));
    EXPECT_LT(received, frames);
    // Reading again does not count again.
    const auto before = sockets.losses(1).full;
    sockets.read();
    EXPECT_EQ(sockets.losses(1).full, before);
}

}  // namespace
}  // namespace ikelb::tap
