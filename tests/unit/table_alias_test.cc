// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include <gtest/gtest.h>

#include "tests/unit/table_testlib.h"

namespace ikelb::table {
namespace {

using namespace testlib;
using forwarding::AddressRole;

/// A second VIP, "legacy", for which each server has an alias: 10.20.0.111 and so on.
struct AliasSite : Site {
    AliasSite() {
        add_second_vip(*this);
        add_aliases();
    }
    void add_aliases() {
        for (std::uint8_t i = 1; i <= 3; ++i) {
            const std::string address = "10.20.0.11" + std::to_string(i);
            config.pools[0].backends[i - 1u].aliases = {
                {.service = "legacy", .address = ip(address)}};
            add_neighbour(kernel, address, farm, i);
        }
    }
    void drop_aliases() {
        for (config::Backend& backend : config.pools[0].backends) backend.aliases.clear();
    }
    const forwarding::Target& target(const std::string& service, const std::string& name) const {
        return table->target(*registry.service(service), registry.backend(name)->index);
    }
};

TEST(TableAliases, AServiceGoesToItsAliasAndTheOthersToTheOwnAddress) {
    AliasSite site;
    site.build();
    EXPECT_TRUE(site.remarks.empty()) << site.remarks.front();
    EXPECT_EQ(site.target("legacy", "rras2").address, ip("10.20.0.112"));
    EXPECT_TRUE(site.target("legacy", "rras2").link.is_resolved);
    EXPECT_EQ(site.target("aovpn", "rras2").address, ip("10.20.0.12"));
    EXPECT_EQ(site.table->backends.size(), 3u) << "one backend all the same";
}

TEST(TableAliases, NameTheBackendAndTheVipOfItsReplies) {
    AliasSite site;
    const auto& table = site.build();
    for (std::size_t i = 0; i < forwarding::service_ports; ++i) {
        const auto port = forwarding::service_port_numbers[i];
        EXPECT_EQ(site.reply_frontend("10.20.0.111", i),
                  site.registry.frontend(ip("203.0.113.20"), port));
        EXPECT_EQ(site.reply_frontend("10.20.0.11", i),
                  site.registry.frontend(ip("203.0.113.10"), port));
    }
    const auto* entry = table.addresses.find(ip("10.20.0.113"));
    ASSERT_NE(entry, nullptr);
    EXPECT_EQ(entry->role, AddressRole::backend);
    EXPECT_EQ(entry->backend, site.registry.backend("rras3")->index);
    EXPECT_FALSE(site.backend("rras1").homes[0].is_ambiguous());
}

TEST(TableAliases, OfEveryServiceLeaveTheOwnAddressWithoutAVip) {
    AliasSite site;
    site.config.pools[0].backends[0].aliases.push_back(
        {.service = "aovpn", .address = ip("10.20.0.121")});
    site.build();
    EXPECT_EQ(site.reply_frontend("10.20.0.11", 0), forwarding::no_frontend);
    EXPECT_TRUE(site.backend("rras1").homes[0].frontends[0].empty());
    EXPECT_EQ(site.reply_frontend("10.20.0.121", 0),
              site.registry.frontend(ip("203.0.113.10"), 500));
}

TEST(TableAliases, ComeAndGoWithoutEndingARecord) {
    AliasSite site;
    site.drop_aliases();
    site.build();
    EXPECT_TRUE(site.backend("rras1").homes[0].is_ambiguous());
    const auto ref = *site.registry.backend("rras1");
    const auto maglev = site.service("legacy").maglev;
    site.add_aliases();
    site.build();
    EXPECT_TRUE(site.table->is_current(ref));
    EXPECT_TRUE(is_shared(site.service("legacy").maglev, maglev)) << "nobody moves";
    EXPECT_EQ(site.target("legacy", "rras1").address, ip("10.20.0.111"));
    EXPECT_TRUE(site.has_remark(
        "service legacy: what was sent to 10.20.0.11 of backend rras1 goes to 10.20.0.111 now, and "
        "tunnels that are up there do not follow"));
    site.build();
    EXPECT_TRUE(site.remarks.empty()) << site.remarks.front();
    site.drop_aliases();
    site.build();
    EXPECT_EQ(site.remarks.size(), 3u);
    EXPECT_TRUE(site.table->is_current(ref));
    EXPECT_EQ(site.target("legacy", "rras1").address, ip("10.20.0.11"));
    EXPECT_EQ(site.table->addresses.find(ip("10.20.0.111")), nullptr);
}

TEST(TableAliases, ThatComeWithTheirServiceMoveNobody) {
    Site site;
    site.build();
    AliasSite with;
    site.config = with.config;
    site.kernel = with.kernel;
    site.build();
    EXPECT_TRUE(site.remarks.empty()) << site.remarks.front();
    site.config = make_config();
    site.build();
    EXPECT_TRUE(site.remarks.empty()) << site.remarks.front();
}

TEST(TableAliases, OfADisabledBackendAnswerForNoVip) {
    AliasSite site;
    site.modes.set("rras1", forwarding::Mode::disabled, site.registry);
    site.build();
    EXPECT_EQ(site.table->addresses.find(ip("10.20.0.111"))->role, AddressRole::backend)
        << "nothing of it leaves untranslated";
    EXPECT_EQ(site.reply_frontend("10.20.0.111", 1), forwarding::no_frontend);
    EXPECT_EQ(site.reply_frontend("10.20.0.11", 1), forwarding::no_frontend);
}

TEST(TableAliases, HaveANeighbourOfTheirOwn) {
    AliasSite site;
    std::erase_if(site.kernel.neighbours, [](const netlink::Neighbour& neighbour) {
        return neighbour.address == ip("10.20.0.111") || neighbour.address == ip("10.20.0.112");
    });
    add_neighbour(site.kernel, "10.20.0.112", farm, 0x42);
    site.config.interfaces[2].side = config::Side::both;
    site.build();
    EXPECT_FALSE(site.target("legacy", "rras1").link.is_resolved);
    EXPECT_TRUE(site.target("aovpn", "rras1").link.is_resolved);
    EXPECT_EQ(site.target("legacy", "rras2").link.bytes[5], 0x42);
    EXPECT_NE(site.table->server_macs.find(forwarding::gateway_key(farm_index, mac(0x42))), nullptr)
        << "a second NIC of the server";
}

TEST(TableAliases, ThatNoInterfaceOfOursReachesAreRemarkedOn) {
    AliasSite site;
    site.config.pools[0].backends[0].aliases[0].address = ip("192.168.7.50");
    site.build();
    EXPECT_TRUE(site.has_remark(
        "backend rras1: 192.168.7.50 is not reached through any of our interfaces"));
    EXPECT_FALSE(site.target("legacy", "rras1").link.is_resolved);
}

TEST(TableAliases, OfOneServerLeaveTheOthersAmbiguous) {
    AliasSite site;
    site.config.pools[0].backends[1].aliases.clear();
    site.build();
    EXPECT_FALSE(site.backend("rras1").homes[0].is_ambiguous());
    EXPECT_TRUE(site.backend("rras2").homes[0].is_ambiguous());
    EXPECT_EQ(site.reply_frontend("10.20.0.12", 0), forwarding::no_frontend);
}

}  // namespace
}  // namespace ikelb::table
