// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
// What drivers, sockets and devices say of a port, as one account.
#include "controlplane/daemon/port_watch.h"

#include <gtest/gtest.h>

namespace ikelb::daemon {
namespace {

using Driver = std::vector<DriverCount>;

std::uint64_t lost(const PortCounts& counts, std::string_view reason) {
    for (std::size_t i = 0; i < port_losses().size(); ++i)
        if (port_losses()[i].name == reason) return counts.view().lost.at(i);
    ADD_FAILURE() << "no such reason: " << reason;
    return 0;
}

PortCounts of_nic() {
    return {"wan", false, std::nullopt};
}

PortCounts on_device(std::uint64_t dropped_before = 0) {
    return {"wan", true, tap::DeviceState{.is_up = true, .receive_dropped = dropped_before}};
}

TEST(PortCounts, GenericCountersHaveReasonsOfTheirOwn) {
    PortCounts counts = of_nic();
    const Driver driver{{"rx_good_packets", 1000}, {"rx_missed_errors", 1}, {"rx_errors", 2},
                        {"tx_errors", 4}, {"rx_mbuf_allocation_errors", 3}};
    counts.see({.is_link_up = true, .driver = driver});
    EXPECT_EQ(lost(counts, "missed"), 1u);
    EXPECT_EQ(lost(counts, "receive_errors"), 2u);
    EXPECT_EQ(lost(counts, "no_buffer"), 3u);
    EXPECT_EQ(lost(counts, "transmit_errors"), 4u);
    EXPECT_EQ(counts.view().lost_in_driver(), 10u);
    EXPECT_EQ(counts.view().xstats, Driver{});
}

TEST(PortCounts, EachSourceHasItsPlace) {
    PortCounts counts = on_device();
    counts.see({.is_link_up = true,
                .socket = {.full = 1, .transmit_refused = 2, .buffers_refused = 4},
                .device = tap::DeviceState{.is_up = true,
                                           .receive_dropped = 8,
                                           .receive_missed = 16,
                                           .receive_errors = 32,
                                           .transmit_dropped = 64,
                                           .transmit_errors = 128}});
    EXPECT_EQ(counts.view().lost,
              (std::vector<std::uint64_t>{0, 0, 0, 0, 1, 2, 4, 8, 16, 32, 64, 128}));
    EXPECT_EQ(counts.view().lost_in_driver(), 3u) << "a refused buffer is no frame";
    EXPECT_EQ(counts.view().lost_in_device(), 248u);
}

TEST(PortCounts, OfADriversOwnCountersTheLossesAreShown) {
    for (const char* name :
         {"rx_crc_errors", "rx_fcs_error", "rx_dropped_packets", "mac_local_errors",
          "rx_q0_errors", "tx_q3_errors", "rx_discards", "rx_out_of_buffer", "rx_jabber",
          "rx_oversize_packets", "rx_q1_mbuf_alloc_fail", "rx_ring_full", "rx_no_mbuf",
          "rx_fifo_overflow", "rx_phy_crc_errors", "rx_truncated"})
        EXPECT_TRUE(is_loss(name)) << name;
    for (const char* name :
         {"rx_good_packets", "tx_good_bytes", "rx_unicast_packets", "rx_q0_undersize_packets",
          "rx_size_64_packets", "tx_xon_packets", "flow_director_missed_filters", "out_octets"})
        EXPECT_FALSE(is_loss(name)) << name;
    PortCounts counts = of_nic();
    const Driver driver{{"rx_errors", 7}, {"rx_good_packets", 5}, {"rx_crc_errors", 7},
                        {"rx_discards", 0}};
    counts.see({.is_link_up = true, .driver = driver});
    EXPECT_EQ(counts.view().xstats, (Driver{{"rx_crc_errors", 7}, {"rx_discards", 0}}));
    EXPECT_EQ(counts.view().lost_in_driver(), 7u) << "not counted twice";
}

TEST(PortCounts, LabelsAreBounded) {
    PortCounts counts = of_nic();
    Driver driver;
    for (int i = 0; i < 1000; ++i) driver.emplace_back("q" + std::to_string(i) + "_errors", i);
    driver.emplace_back("rx_errors", 9);
    counts.see({.is_link_up = true, .driver = driver});
    EXPECT_EQ(counts.view().xstats.size(), PortCounts::most_xstats);
    EXPECT_EQ(counts.view().xstats.front(), DriverCount("q0_errors", 0));
    EXPECT_EQ(lost(counts, "receive_errors"), 9u) << "the generic ones always have room";
}

TEST(PortCounts, OfTwoCountersByOneNameTheFirstIsShown) {
    PortCounts counts = of_nic();
    const Driver driver{{"rx_q0_errors", 7}, {"rx_q0_errors", 0}};
    for (int second = 0; second < 3; ++second)
        counts.see({.is_link_up = true, .driver = driver});
    EXPECT_EQ(counts.view().xstats, (Driver{{"rx_q0_errors", 7}}));
}

TEST(PortCounts, NothingGoesBackWhenADriverIsReset) {
    PortCounts counts = of_nic();
    const auto see = [&](std::uint64_t missed, std::uint64_t crc) {
        const Driver driver{{"rx_missed_errors", missed}, {"rx_crc_errors", crc}};
        counts.see({.is_link_up = true, .driver = driver});
        return std::pair{lost(counts, "missed"), counts.view().xstats.at(0).second};
    };
    EXPECT_EQ(see(100, 10), (std::pair<std::uint64_t, std::uint64_t>{100, 10}));
    EXPECT_EQ(see(3, 0), (std::pair<std::uint64_t, std::uint64_t>{103, 10}));
    EXPECT_EQ(see(5, 1), (std::pair<std::uint64_t, std::uint64_t>{105, 11}));
    EXPECT_EQ(see(200, 12), (std::pair<std::uint64_t, std::uint64_t>{300, 22}));
}

TEST(PortCounts, ARegisterThatWrapsAroundCountsOnFromZero) {
    GrowingCount count;
    count.see(0xffffffff);
    count.see(4);  // what happened before the end of 32 bits is not known
    EXPECT_EQ(count.sum(), 0x100000003u);
    GrowingCount wide{~std::uint64_t{0} - 1};
    wide.see(~std::uint64_t{0});
    wide.see(0);
    EXPECT_EQ(wide.sum(), 1u);
}

TEST(PortCounts, ADriverThatDoesNotAnswerChangesNothing) {
    PortCounts counts = of_nic();
    const Driver driver{{"rx_errors", 7}, {"rx_crc_errors", 7}};
    counts.see({.is_link_up = true, .driver = driver});
    counts.see({.is_link_up = true, .driver = {}});
    EXPECT_EQ(lost(counts, "receive_errors"), 7u);
    EXPECT_EQ(counts.view().xstats, (Driver{{"rx_crc_errors", 7}}));
    counts.see({.is_link_up = true, .driver = driver});
    EXPECT_EQ(lost(counts, "receive_errors"), 7u);
}

TEST(PortCounts, OfADeviceOnlyWhatIsLostSinceTheStart) {
    PortCounts counts = on_device(500);
    const auto see = [&](const std::optional<tap::DeviceState>& device) {
        counts.see({.is_link_up = true, .device = device});
        return lost(counts, "device_receive_dropped");
    };
    EXPECT_EQ(see(tap::DeviceState{.is_up = true, .receive_dropped = 500}), 0u);
    EXPECT_EQ(see(tap::DeviceState{.is_up = true, .receive_dropped = 503}), 3u);
    EXPECT_EQ(see(std::nullopt), 3u) << "gone";
    EXPECT_EQ(see(tap::DeviceState{.is_up = true, .receive_dropped = 503}), 3u) << "back as it was";
    EXPECT_EQ(see(tap::DeviceState{.is_up = true, .receive_dropped = 2}), 5u) << "made anew";
    EXPECT_EQ(see(tap::DeviceState{.is_up = true, .receive_dropped = 600}), 603u)
        << "beyond what the old one had counted";
}

TEST(PortCounts, TheLinkIsTheDriversAndTheDevices) {
    const tap::DeviceState up{.is_up = true}, down{.is_up = false};
    PortCounts nic = of_nic();
    EXPECT_FALSE(nic.see({.is_link_up = true})) << "up before the first look";
    EXPECT_TRUE(nic.see({.is_link_up = false}));
    EXPECT_FALSE(nic.view().is_up);
    EXPECT_FALSE(nic.see({.is_link_up = false}));
    EXPECT_TRUE(nic.see({.is_link_up = true}));
    PortCounts device = on_device();
    EXPECT_FALSE(device.see({.is_link_up = true, .device = up}));
    EXPECT_TRUE(device.see({.is_link_up = true, .device = down})) << "without carrier";
    EXPECT_TRUE(device.see({.is_link_up = true, .device = up}));
    EXPECT_TRUE(device.see({.is_link_up = true, .device = std::nullopt})) << "gone";
    EXPECT_TRUE(device.see({.is_link_up = true, .device = up}));
    EXPECT_TRUE(device.see({.is_link_up = false, .device = up}));
    PortCounts later{"lan", true, std::nullopt};
    EXPECT_FALSE(later.see({.is_link_up = true, .device = up})) << "made between start and look";
}

}  // namespace
}  // namespace ikelb::daemon
