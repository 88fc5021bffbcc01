// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors

// EAL's command line: a pure function of the options.

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "controlplane/lcores/eal.h"

namespace ikelb::lcores {
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

}  // namespace
}  // namespace ikelb::lcores
