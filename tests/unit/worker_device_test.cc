// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors

// Device strings and EAL's command line: pure functions of the options.

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "dataplane/dpdk/eal.h"
#include "dataplane/dpdk/port.h"

namespace ikelb::dpdk {
namespace {

using Arguments = std::vector<std::string>;

bool has(const Arguments& arguments, const std::string& wanted) {
    return std::ranges::find(arguments, wanted) != arguments.end();
}

/// The argument behind an option; empty if the option is not there.
std::string value_of(const Arguments& arguments, const std::string& option) {
    const auto at = std::ranges::find(arguments, option);
    return at == arguments.end() || at + 1 == arguments.end() ? "" : *(at + 1);
}

std::string completed(const std::string& device, std::uint16_t mtu, std::uint16_t queues) {
    return complete_device({.name = "wan", .device = device, .mtu = mtu, .queues = queues});
}

TEST(EalArguments, WithoutHugePagesNothingIsSharedAndMemoryIsBounded) {
    EalOptions options;
    options.memory_mib = 384;
    const auto arguments = eal_arguments(options, false, {0, 1});
    EXPECT_TRUE(has(arguments, "--no-huge"));
    EXPECT_TRUE(has(arguments, "--no-shconf"));
    EXPECT_EQ(value_of(arguments, "-m"), "384");
    // EAL refuses the two together.
    EXPECT_FALSE(has(arguments, "--in-memory"));
}

TEST(EalArguments, WithHugePagesNoFileIsLeftBehind) {
    const auto arguments = eal_arguments({}, true, {0});
    EXPECT_TRUE(has(arguments, "--in-memory"));
    EXPECT_FALSE(has(arguments, "--no-huge"));
    EXPECT_FALSE(has(arguments, "-m"));
}

TEST(EalArguments, WorkersWithoutACpuRunAnywhereTheProcessMay) {
    EalOptions options;
    options.workers = 2;
    const auto arguments = eal_arguments(options, false, {0, 3});
    EXPECT_EQ(value_of(arguments, "--lcores"), "0@(0,3),1@(0,3),2@(0,3)");
}

TEST(EalArguments, PinnedWorkersRunOnlyThere) {
    EalOptions options;
    options.workers = 2;
    options.cpus = {2, 3};
    const auto arguments = eal_arguments(options, false, {0, 1, 2, 3});
    EXPECT_EQ(value_of(arguments, "--lcores"), "0@(0,1,2,3),1@(2),2@(3)");
}

TEST(EalArguments, OnlyTheNamedPciDevicesAreTaken) {
    EXPECT_TRUE(has(eal_arguments({}, true, {0}), "--no-pci"));
    EalOptions options;
    options.pci = {"0000:03:00.0"};
    const auto arguments = eal_arguments(options, true, {0});
    EXPECT_FALSE(has(arguments, "--no-pci"));
    EXPECT_EQ(value_of(arguments, "-a"), "0000:03:00.0");
}

TEST(EalArguments, TheOperatorHasTheLastWord) {
    EalOptions options;
    options.extra = {"--log-level", "8"};
    const auto arguments = eal_arguments(options, false, {0});
    ASSERT_GE(arguments.size(), 2U);
    EXPECT_EQ(Arguments(arguments.end() - 2, arguments.end()), (Arguments{"--log-level", "8"}));
}

TEST(Device, PciAddressesAreToldFromVdevs) {
    EXPECT_TRUE(is_pci_address("0000:03:00.0"));
    EXPECT_TRUE(is_pci_address("03:00.0"));
    EXPECT_FALSE(is_pci_address("net_af_packet0,iface=wan0"));
    EXPECT_FALSE(is_pci_address("net_null0"));
    EXPECT_FALSE(is_pci_address("net_pcap0,rx_pcap=/tmp/a:b.pcap"));
}

TEST(Device, TheKernelDeviceBelowIsFoundWhereverItStands) {
    EXPECT_EQ(lower_device("net_af_packet0,iface=wan0"), "wan0");
    EXPECT_EQ(lower_device("net_af_packet0,qpairs=2,iface=wan0,framesz=4096"), "wan0");
    EXPECT_EQ(lower_device("net_af_xdp_1,iface=lan0,start_queue=0"), "lan0");
    EXPECT_EQ(lower_device("0000:03:00.0"), "");
    EXPECT_EQ(lower_device("net_null0"), "");
    EXPECT_EQ(lower_device("net_af_packet0"), "");
}

TEST(Device, AfPacketGetsAQueueForEachWorker) {
    EXPECT_EQ(completed("net_af_packet0,iface=w", 1500, 1), "net_af_packet0,iface=w");
    EXPECT_EQ(completed("net_af_packet0,iface=w", 1500, 2), "net_af_packet0,iface=w,qpairs=2");
    EXPECT_EQ(completed("net_af_packet0,iface=w,qpairs=4", 1500, 2),
              "net_af_packet0,iface=w,qpairs=4");
}

TEST(Device, AfPacketGetsRoomForJumboFrames) {
    const std::string device = completed("net_af_packet0,iface=w", 9000, 1);
    EXPECT_NE(device.find(",framesz=16384"), std::string::npos) << device;
    EXPECT_EQ(completed("net_af_packet0,iface=w,framesz=32768", 9000, 1),
              "net_af_packet0,iface=w,framesz=32768");
}

TEST(Device, OthersStayAsTheyAre) {
    EXPECT_EQ(completed("0000:03:00.0", 9000, 4), "0000:03:00.0");
    EXPECT_EQ(completed("net_af_xdp0,iface=w", 9000, 4), "net_af_xdp0,iface=w");
}

}  // namespace
}  // namespace ikelb::dpdk
