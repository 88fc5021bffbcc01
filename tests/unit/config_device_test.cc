// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors

// What a device string says.

#include <gtest/gtest.h>

#include "config/device.h"

namespace ikelb::config {
namespace {

TEST(ConfigDevice, PciAddressesAreToldFromVdevs) {
    EXPECT_TRUE(is_pci_address("0000:03:00.0"));
    EXPECT_TRUE(is_pci_address("03:00.0"));
    EXPECT_TRUE(is_pci_address("10000:e1:00.0"));
    EXPECT_FALSE(is_pci_address("00:03:00.0"));
    EXPECT_FALSE(is_pci_address("net_af_packet0,iface=wan0"));
    EXPECT_FALSE(is_pci_address("net_null0"));
    EXPECT_FALSE(is_pci_address("net_pcap0,rx_pcap=/tmp/a:b.pcap"));
}

TEST(ConfigDevice, TheKernelDeviceBelowIsFoundWhereverItStands) {
    EXPECT_EQ(lower_device("net_af_packet0,iface=wan0"), "wan0");
    EXPECT_EQ(lower_device("net_af_packet0,qpairs=2,iface=wan0,framesz=4096"), "wan0");
    EXPECT_EQ(lower_device("net_af_xdp_1,iface=lan0,start_queue=0"), "lan0");
    EXPECT_EQ(lower_device("0000:03:00.0"), "");
    EXPECT_EQ(lower_device("net_null0"), "");
    EXPECT_EQ(lower_device("net_af_packet0"), "");
}

TEST(ConfigDevice, AfPacketGetsAQueueForEachWorker) {
    EXPECT_EQ(complete_device("net_af_packet0,iface=w", 1500, 1), "net_af_packet0,iface=w");
    EXPECT_EQ(complete_device("net_af_packet0,iface=w", 1500, 2),
              "net_af_packet0,iface=w,qpairs=2");
    EXPECT_EQ(complete_device("net_af_packet0,iface=w,qpairs=4", 1500, 2),
              "net_af_packet0,iface=w,qpairs=4");
}

TEST(ConfigDevice, AfPacketGetsRoomForJumboFrames) {
    const std::string device = complete_device("net_af_packet0,iface=w", 9000, 1);
    EXPECT_NE(device.find(",framesz=16384"), std::string::npos) << device;
    EXPECT_EQ(complete_device("net_af_packet0,iface=w,framesz=32768", 9000, 1),
              "net_af_packet0,iface=w,framesz=32768");
}

TEST(ConfigDevice, OthersStayAsTheyAre) {
    EXPECT_EQ(complete_device("0000:03:00.0", 9000, 4), "0000:03:00.0");
    EXPECT_EQ(complete_device("net_af_xdp0,iface=w", 9000, 4), "net_af_xdp0,iface=w");
}

}  // namespace
}  // namespace ikelb::config
