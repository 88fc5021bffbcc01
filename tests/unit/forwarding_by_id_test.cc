// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include <gtest/gtest.h>

#include <stdexcept>
#include <utility>

#include "dataplane/forwarding/forwarding_table.h"

namespace ikelb::forwarding {
namespace {

TEST(ById, ReadsNothingWhereNothingIs) {
    ForwardingTable built;
    built.backends.resize(1);
    built.backends[0].is_present = true;
    built.frontends.resize(1);
    built.frontends[0].service = 3;
    const ForwardingTable table = std::move(built);
    EXPECT_TRUE(table.backends[0].is_present);
    EXPECT_FALSE(table.backends[1].is_present);
    EXPECT_FALSE(table.backends[no_backend].is_present);
    EXPECT_FALSE(table.backends[no_backend].homes[0].link.is_resolved);
    EXPECT_EQ(table.frontends[0].service, 3);
    EXPECT_FALSE(table.frontends[no_frontend].is_present());
    EXPECT_FALSE(table.frontends[no_frontend].is_served);
    EXPECT_FALSE(table.services[max_services].is_present);
    EXPECT_FALSE(table.interfaces[no_interface].is_up);
    EXPECT_EQ(table.gateways[no_gateway].interface, no_interface);
    EXPECT_EQ(table.gateways[on_link_client].interface, no_interface);
    EXPECT_FALSE(table.is_current({.index = no_backend}));
}

TEST(ById, IsWrittenOnlyWhereSomethingIs) {
    ById<int> list;
    list.resize(2);
    list[1] = 5;
    EXPECT_EQ(std::as_const(list)[1], 5);
    EXPECT_THROW(list[2] = 1, std::out_of_range);
}

TEST(ById, MembersAreOfAServiceAndABackendThatThereMayBe) {
    ForwardingTable table;
    auto members = std::vector<MemberIndex>(max_services * max_backends, no_member);
    members[1 * max_backends] = 7;
    members.back() = 8;
    table.members = std::make_shared<const std::vector<MemberIndex>>(std::move(members));
    EXPECT_EQ(table.member(1, 0), 7);
    EXPECT_EQ(table.member(max_services - 1, max_backends - 1), 8);
    EXPECT_EQ(table.member(0, max_backends), std::nullopt) << "the place of (1, 0)";
    EXPECT_EQ(table.member(0, no_backend), std::nullopt);
    EXPECT_EQ(table.member(max_services, 0), std::nullopt);
}

TEST(PerId, WhatStandsForNothingSharesOneThatIsNobodys) {
    PerId<int, 4> each{};
    each[3] = 1;
    each[no_backend] = 9;
    EXPECT_EQ(each[3], 1);
    EXPECT_EQ(each[0], 0);
    EXPECT_EQ(each[4], 9) << "the one that is nobody's";
}

}  // namespace
}  // namespace ikelb::forwarding
