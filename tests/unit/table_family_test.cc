// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors

// Backends with an address of each family: one index, one member of each service, one health for
// each family.

#include <gtest/gtest.h>

#include "tests/unit/table_testlib.h"

namespace ikelb::table {
namespace {

using namespace testlib;
using forwarding::AddressRole, forwarding::Mode;

/// An IPv6 VIP over the same pool; each server has fd00:20::11 and so on besides.
struct FamilySite : Site {
    FamilySite() {
        add_ipv6(*this);
        config.pools.pop_back();
        config.services.back().pool = "rras";
        for (std::uint8_t i = 1; i <= 3; ++i) {
            const std::string address = "fd00:20::1" + std::to_string(i);
            config.pools[0].backends[i - 1u].address6 = ip(address);
            if (i > 1) add_neighbour(kernel, address, farm, i);
        }
    }
    const forwarding::Target& target(const std::string& service, const std::string& name) const {
        return table->target(*registry.service(service), registry.backend(name)->index);
    }
    bool is_member(const std::string& service, const std::string& name) const {
        return table->member(*registry.service(service), registry.backend(name)->index).has_value();
    }
};

TEST(TableFamilies, AServiceGoesToTheAddressOfItsFamily) {
    FamilySite site;
    const auto& table = site.build();
    EXPECT_TRUE(site.remarks.empty()) << site.remarks.front();
    EXPECT_EQ(table.backends.size(), 3u) << "one backend all the same";
    EXPECT_EQ(site.target("aovpn", "rras2").address, ip("10.20.0.12"));
    EXPECT_EQ(site.target("aovpn-v6", "rras2").address, ip("fd00:20::12"));
    EXPECT_TRUE(site.target("aovpn-v6", "rras2").link.is_resolved);
    EXPECT_EQ(site.service("aovpn-v6").members.size(), 3u);
}

TEST(TableFamilies, BothAddressesNameTheBackendAndTheVipOfItsReplies) {
    FamilySite site;
    const auto& table = site.build();
    const auto* v4 = table.addresses.find(ip("10.20.0.13"));
    const auto* v6 = table.addresses.find(ip("fd00:20::13"));
    ASSERT_TRUE(v4 != nullptr && v6 != nullptr);
    EXPECT_EQ(v4->backend, v6->backend);
    EXPECT_EQ(v6->role, AddressRole::backend);
    for (std::size_t i = 0; i < forwarding::service_ports; ++i) {
        const auto port = forwarding::service_port_numbers[i];
        EXPECT_EQ(site.reply_frontend("10.20.0.13", i),
                  site.registry.frontend(ip("203.0.113.10"), port));
        EXPECT_EQ(site.reply_frontend("fd00:20::13", i),
                  site.registry.frontend(ip("2001:db8:200::10"), port));
    }
    EXPECT_FALSE(site.backend("rras3").homes[0].is_ambiguous());
    EXPECT_FALSE(site.backend("rras3").homes[1].is_ambiguous());
}

TEST(TableFamilies, EachHasItsHealth) {
    FamilySite site;
    site.down6["rras1"] = true;
    site.build();
    EXPECT_TRUE(site.backend("rras1").takes_new_clients(false));
    EXPECT_FALSE(site.backend("rras1").takes_new_clients(true));
    EXPECT_EQ(site.service("aovpn").members.size(), 3u);
    EXPECT_EQ(site.service("aovpn-v6").members.size(), 2u);
    EXPECT_TRUE(site.is_member("aovpn-v6", "rras1")) << "its tunnels stay";
}

TEST(TableFamilies, ShareModeAndWeight) {
    FamilySite site;
    site.build();
    site.modes.set("rras1", Mode::drain_refuse, site.registry);
    site.config.pools[0].backends[1].weight = 0;
    site.build();
    for (const char* service : {"aovpn", "aovpn-v6"})
        EXPECT_EQ(site.service(service).members,
                  std::vector{site.registry.backend("rras3")->index});
}

TEST(TableFamilies, WithoutOneABackendIsNoMemberOfItsService) {
    FamilySite site;
    site.config.pools[0].backends[0].address6.reset();
    site.build();
    EXPECT_TRUE(site.is_member("aovpn", "rras1"));
    EXPECT_FALSE(site.is_member("aovpn-v6", "rras1"));
    EXPECT_FALSE(site.registry.member("aovpn-v6", "rras1"));
    EXPECT_EQ(site.service("aovpn-v6").members.size(), 2u);
    EXPECT_EQ(site.table->addresses.find(ip("fd00:20::11")), nullptr);
}

TEST(TableFamilies, AnIpv6BackendIsAMemberOfIpv6ServicesAlone) {
    FamilySite site;
    site.config.pools[0].backends[0] = {.name = "rras1", .address = ip("fd00:20::11")};
    site.build();
    EXPECT_FALSE(site.is_member("aovpn", "rras1"));
    EXPECT_TRUE(site.is_member("aovpn-v6", "rras1"));
    EXPECT_EQ(site.target("aovpn-v6", "rras1").address, ip("fd00:20::11"));
}

TEST(TableFamilies, AnAliasIsOfItsServiceInEitherFamily) {
    FamilySite site;
    site.config.pools[0].backends[0].aliases = {
        {.service = "aovpn-v6", .address = ip("fd00:20::a1")}};
    add_neighbour(site.kernel, "fd00:20::a1", farm, 1);
    site.build();
    EXPECT_EQ(site.target("aovpn-v6", "rras1").address, ip("fd00:20::a1"));
    EXPECT_EQ(site.reply_frontend("fd00:20::11", 0), forwarding::no_frontend);
    EXPECT_EQ(site.reply_frontend("10.20.0.11", 0),
              site.registry.frontend(ip("203.0.113.10"), 500));
}

TEST(TableFamilies, AnAddressThatComesMovesNobodyAndEndsNothing) {
    FamilySite site;
    for (config::Backend& backend : site.config.pools[0].backends) backend.address6.reset();
    site.config.services.pop_back();
    site.build();
    const auto ref = *site.registry.backend("rras1");
    const auto maglev = site.service("aovpn").maglev;
    site.config = FamilySite{}.config;
    site.build();
    EXPECT_TRUE(site.table->is_current(ref));
    EXPECT_TRUE(is_shared(site.service("aovpn").maglev, maglev));
}

TEST(TableFamilies, AsManyPoolsAsFamiliesBecomeOneWithoutAnotherSpread) {
    Site apart;
    add_ipv6(apart);
    apart.config.pools[1].backends = {{.name = "rras1", .address = ip("fd00:20::11")},
                                      {.name = "rras2", .address = ip("fd00:20::12")},
                                      {.name = "rras3", .address = ip("fd00:20::13")}};
    apart.config.pools.erase(apart.config.pools.begin());
    apart.config.services.erase(apart.config.services.begin());
    apart.build();
    FamilySite site;
    site.build();
    EXPECT_TRUE(
        std::ranges::equal(apart.service("aovpn-v6").maglev, site.service("aovpn-v6").maglev));
}

TEST(TableFamilies, RecordsLastAsLongAsOneOfTheAddresses) {
    FamilySite site;
    site.build();
    const auto ref = *site.registry.backend("rras1");
    config::Backend& rras1 = site.config.pools[0].backends[0];
    rras1.address6 = ip("fd00:20::99");
    site.build();
    EXPECT_TRUE(site.table->is_current(ref));
    EXPECT_TRUE(site.has_remark(
        "service aovpn-v6: what was sent to fd00:20::11 of backend rras1 goes to fd00:20::99 now, "
        "and tunnels that are up there do not follow"));
    rras1.address = ip("10.20.0.99");
    site.build();
    EXPECT_TRUE(site.table->is_current(ref));
    rras1 = {.name = "rras1", .address = ip("fd00:20::99")};
    site.build();
    EXPECT_TRUE(site.table->is_current(ref)) << "IPv6 alone, where it was";
    rras1.address = ip("fd00:20::98");
    site.build();
    EXPECT_FALSE(site.table->is_current(ref));
}

}  // namespace
}  // namespace ikelb::table
