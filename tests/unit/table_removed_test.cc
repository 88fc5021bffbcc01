// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors

// What becomes of the address of a backend that a reload takes away.

#include <gtest/gtest.h>

#include "tests/unit/table_testlib.h"

namespace ikelb::table {
namespace {

using namespace testlib;
using forwarding::AddressEntry, forwarding::AddressRole;

class RemovedBackendsTest : public testing::Test {
protected:
    Site site;
    config::Config before;
    const forwarding::Timeouts lives{};

    RemovedBackendsTest() {
        site.build();
        before = site.config;
    }
    void reload() {
        site.removed.change(before, site.config, site.now);
        before = site.config;
        site.build();
    }
    std::vector<config::Backend>& backends() { return site.config.pools[0].backends; }
    void remove_first() {
        backends().erase(backends().begin());
        reload();
    }
    const AddressEntry* find(const std::string& address) const {
        return site.table->addresses.find(ip(address));
    }
    bool is_tombstone(const std::string& address) const {
        const AddressEntry* entry = find(address);
        return entry != nullptr && entry->role == AddressRole::backend &&
               entry->backend == forwarding::no_backend &&
               entry->frontends[0] == forwarding::no_frontend &&
               entry->frontends[1] == forwarding::no_frontend;
    }
    /// Ends those that have to at this moment, and says how many.
    std::size_t expire(std::uint64_t dropped) {
        return site.removed.expire(dropped, lives, site.now).size();
    }
};

TEST_F(RemovedBackendsTest, TheAddressStaysABackendsThatHasNoVip) {
    remove_first();
    EXPECT_TRUE(is_tombstone("10.20.0.11"));
    EXPECT_FALSE(is_tombstone("10.20.0.12"));
    EXPECT_TRUE(site.has_remark(
        "backend rras1 was removed: what 10.20.0.11 still sends to clients is dropped, until it "
        "has been silent for timeouts.flow"));
}

TEST_F(RemovedBackendsTest, SoItDoesWithAliasesOtherFamiliesAndPoolsThatNoServiceUses) {
    backends()[0].aliases = {{.service = "aovpn", .address = ip("10.20.0.111")}};
    config::Pool six{.name = "six",
                     .backends = {{.name = "rras6", .address = ip("2001:db8:20::16")}}};
    site.config.pools.push_back(six);
    site.config.services.push_back(make_service("aovpn6", "2001:db8:203::10", "six"));
    reload();
    EXPECT_EQ(find("10.20.0.111")->backend, site.registry.backend("rras1")->index);
    backends()[0].aliases.clear();
    site.config.services.pop_back();
    reload();
    EXPECT_TRUE(is_tombstone("10.20.0.111"));
    EXPECT_TRUE(is_tombstone("2001:db8:20::16")) << "its pool is there, its service is not";
    EXPECT_FALSE(is_tombstone("10.20.0.11"));
}

TEST_F(RemovedBackendsTest, AChangedAddressLeavesTheOldOneBehind) {
    backends()[0].address = ip("10.20.0.21");
    reload();
    EXPECT_TRUE(is_tombstone("10.20.0.11"));
    EXPECT_EQ(find("10.20.0.21")->backend, site.registry.backend("rras1")->index);
}

TEST_F(RemovedBackendsTest, WhoeverHasTheAddressNextEndsIt) {
    remove_first();
    backends().push_back({.name = "other", .address = ip("10.20.0.11")});
    reload();
    EXPECT_EQ(find("10.20.0.11")->backend, site.registry.backend("other")->index);
    EXPECT_TRUE(site.removed.all().empty());
    backends().pop_back();
    reload();
    EXPECT_TRUE(is_tombstone("10.20.0.11"));
    EXPECT_EQ(site.removed.all().at(0).name, "other");
    site.config.services.push_back(make_service("second", "10.20.0.11", "rras"));
    reload();
    EXPECT_EQ(find("10.20.0.11")->role, AddressRole::vip);
    site.config.services.pop_back();
    add_address(site.kernel, "10.20.0.11/24", farm);
    reload();
    EXPECT_EQ(find("10.20.0.11")->role, AddressRole::own);
}

TEST_F(RemovedBackendsTest, ItEndsWithTheSilenceOfAll) {
    remove_first();
    site.now += lives.flow;
    EXPECT_EQ(expire(0), 0u);
    site.now += 1;
    EXPECT_EQ(expire(0), 1u);
    site.build();
    EXPECT_EQ(find("10.20.0.11"), nullptr);
    EXPECT_TRUE(site.remarks.empty());
}

TEST_F(RemovedBackendsTest, WhoGoesOnKeepsIt) {
    remove_first();
    for (std::uint64_t dropped = 1; dropped <= 5; ++dropped) {
        site.now += lives.flow;
        EXPECT_EQ(expire(dropped), 0u);
    }
    site.now += lives.flow;
    EXPECT_EQ(expire(5), 0u);
    site.now += 1;
    EXPECT_EQ(expire(5), 1u);
}

TEST_F(RemovedBackendsTest, NoTunnelIsHeldToBeAliveForLongerThanAPair) {
    remove_first();
    std::uint64_t dropped = 0;
    for (forwarding::Seconds passed = 0; passed < lives.established; passed += 1200) {
        site.now += 1200;
        ASSERT_EQ(expire(++dropped), 0u);
    }
    site.now += 1;
    EXPECT_EQ(expire(++dropped), 1u);
}

TEST_F(RemovedBackendsTest, TheNextProcessTakesThemUp) {
    const std::vector<RemovedBackend> known = backend_addresses_of(before);
    ASSERT_EQ(known.size(), 3u);
    backends().erase(backends().begin());
    site.removed.take_up(known, site.config, site.now);
    site.build();
    EXPECT_TRUE(is_tombstone("10.20.0.11"));
    EXPECT_EQ(site.removed.all(),
              (std::vector<RemovedBackend>{
                  {.name = "rras1", .address = ip("10.20.0.11"), .since = site.now}}));
}

}  // namespace
}  // namespace ikelb::table
