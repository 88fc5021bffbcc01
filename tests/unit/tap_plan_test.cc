// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include <gtest/gtest.h>

#include "config/text/address.h"
#include "controlplane/kernel/tap/address_config.h"

namespace ikelb::tap {
namespace {

TapAddress address_on(const char* interface, const char* prefix) {
    return {.interface = interface, .prefix = *text::parse_prefix(prefix)};
}

StaticRoute route(const char* to, const char* via) {
    return {.to = *text::parse_prefix(to), .via = text::parse_address(via), .dev = {}};
}

TEST(AddressPlan, NothingGoesWithTheSamePlan) {
    const AddressPlan plan{.addresses = {address_on("ext", "198.51.100.1/24")},
                           .routes = {route("0.0.0.0/0", "198.51.100.254")}};
    EXPECT_EQ(what_goes(plan, plan), AddressPlan{});
}

TEST(AddressPlan, WhatTheNextOneLacksGoes) {
    const AddressPlan before{
        .addresses = {address_on("ext", "198.51.100.1/24"), address_on("ext", "203.0.113.10/32")},
        .routes = {route("10.1.0.0/16", "198.51.100.2")}};
    const AddressPlan after{
        .addresses = {address_on("ext", "198.51.100.1/24"), address_on("lan", "203.0.113.10/32")},
        .routes = {route("10.2.0.0/16", "198.51.100.2")}};
    const AddressPlan gone = what_goes(before, after);
    EXPECT_EQ(gone.addresses, std::vector{address_on("ext", "203.0.113.10/32")});
    EXPECT_EQ(gone.routes, std::vector{route("10.1.0.0/16", "198.51.100.2")});
}

TEST(AddressPlan, ARouteWithAnotherNextHopStays) {
    const AddressPlan before{.addresses = {}, .routes = {route("10.1.0.0/16", "198.51.100.2")}};
    const AddressPlan after{.addresses = {}, .routes = {route("10.1.0.9/16", "198.51.100.3")}};
    EXPECT_EQ(what_goes(before, after), AddressPlan{});
}

TEST(AddressPlan, ARoleAloneIsNoChange) {
    AddressPlan before{.addresses = {address_on("ext", "203.0.113.10/32")}, .routes = {}};
    AddressPlan after = before;
    after.addresses[0].role = AddressRole::vip;
    EXPECT_EQ(what_goes(before, after), AddressPlan{});
}

}  // namespace
}  // namespace ikelb::tap
