// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include <gtest/gtest.h>

#include "tests/unit/table_testlib.h"

namespace ikelb::table {
namespace {

using namespace testlib;
using forwarding::AddressRole;
using forwarding::BackendIndex;
using forwarding::Mode;

TEST(TableFrontends, BothPortsOfAServedVip) {
    Site site;
    site.build();
    for (const std::uint16_t port : forwarding::service_port_numbers) {
        const forwarding::Frontend& frontend = site.frontend("203.0.113.10", port);
        EXPECT_EQ(frontend.vip, ip("203.0.113.10"));
        EXPECT_EQ(frontend.port.to_host(), port);
        EXPECT_EQ(frontend.service, site.registry.service("aovpn"));
        EXPECT_TRUE(frontend.is_served);
    }
    EXPECT_TRUE(site.remarks.empty());
}

TEST(TableFrontends, AVipThatTheKernelDoesNotHaveIsNotServed) {
    Site site;
    std::erase_if(site.kernel.addresses, [](const netlink::Address& address) {
        return address.prefix.address == ip("203.0.113.10");
    });
    site.build();
    EXPECT_FALSE(site.frontend("203.0.113.10", 500).is_served);
    EXPECT_FALSE(site.frontend("203.0.113.10", 4500).is_served);
    EXPECT_TRUE(site.has_remark(
        "service aovpn: VIP 203.0.113.10 is not an address of the kernel, not served"));
    EXPECT_EQ(site.table->addresses.find(ip("203.0.113.10"))->role, AddressRole::vip)
        << "still nothing for the kernel";

    add_address(site.kernel, "203.0.113.10/32", eth0);
    site.build();
    EXPECT_FALSE(site.frontend("203.0.113.10", 500).is_served) << "none of our interfaces";
    add_address(site.kernel, "203.0.113.10/24", ext2);
    site.build();
    EXPECT_TRUE(site.frontend("203.0.113.10", 500).is_served) << "any of our interfaces";
}

TEST(TableFrontends, AVipThatIsAlwaysAnnouncedNeedsNoKernel) {
    Site site;
    site.config.services[0].announce = config::Announce::always;
    site.kernel.addresses.clear();
    site.build();
    EXPECT_TRUE(site.frontend("203.0.113.10", 4500).is_served);
    EXPECT_TRUE(site.remarks.empty());
}

TEST(TableFrontends, TheUplinkIsTheBestDefaultRouteOfTheServicesOwnProvider) {
    Site site;
    add_second_vip(site);
    site.config.services[1].interface = "ext2";
    site.build();
    EXPECT_EQ(site.frontend("203.0.113.10", 500).uplink,
              site.gateway(ext_index, "198.51.100.254"));
    EXPECT_EQ(site.frontend("203.0.113.20", 4500).uplink, site.gateway(ext2_index, "192.0.2.254"))
        << "although the kernel prefers the other provider";
    add_route(site.kernel, "0.0.0.0/0", "192.0.2.253", ext2, 150);
    add_route(site.kernel, "0.0.0.0/0", "192.0.2.252", ext2, 160);
    site.build();
    EXPECT_EQ(site.frontend("203.0.113.20", 4500).uplink, site.gateway(ext2_index, "192.0.2.254"))
        << "the others are no known neighbours";
    add_neighbour(site.kernel, "192.0.2.252", ext2, 0xfc);
    add_neighbour(site.kernel, "192.0.2.253", ext2, 0xfb);
    site.build();
    EXPECT_EQ(site.frontend("203.0.113.20", 4500).uplink, site.gateway(ext2_index, "192.0.2.253"));
    EXPECT_EQ(site.frontend("203.0.113.10", 500).uplink,
              site.gateway(ext_index, "198.51.100.254"));
}

TEST(TableFrontends, WithoutADefaultRouteThereIsNoUplink) {
    Site site;
    std::erase_if(site.kernel.routes,
                  [](const netlink::Route& route) { return route.ifindex == ext; });
    add_route(site.kernel, "0.0.0.0/1", "198.51.100.254", ext);
    site.build();
    EXPECT_EQ(site.frontend("203.0.113.10", 500).uplink, forwarding::no_gateway);
    EXPECT_NE(site.gateway(ext_index, "198.51.100.254"), forwarding::no_gateway);
}

TEST(TableBackends, CarryWhatTheConfigurationAndHealthSay) {
    Site site;
    site.config.pools[0].backends[1].weight = 7;
    site.config.pools[0].on_down = config::OnDown::flush;
    site.down["rras3"] = true;
    site.build();
    const forwarding::Backend& backend = site.backend("rras2");
    EXPECT_EQ(backend.homes[0].address, ip("10.20.0.12"));
    EXPECT_EQ(backend.generation, 1);
    EXPECT_EQ(backend.mode, Mode::enabled);
    EXPECT_TRUE(backend.is_present);
    EXPECT_TRUE(backend.homes[0].is_up);
    EXPECT_TRUE(backend.flush_on_down);
    EXPECT_EQ(backend.weight, 7);
    EXPECT_TRUE(backend.homes[0].link.is_resolved);
    EXPECT_EQ(backend.homes[0].link.interface, farm_index);
    EXPECT_EQ(backend.homes[0].link.bytes[5], 2);
    EXPECT_FALSE(site.backend("rras3").homes[0].is_up);
    EXPECT_TRUE(site.backend("rras3").is_present);
}

TEST(TableBackends, AreReachedAsTheKernelReachesThem) {
    Site site;
    site.config.pools[0].backends[0].address = ip("10.30.0.11");
    site.config.pools[0].backends[1].address = ip("10.40.0.11");
    site.config.pools[0].backends[2].address = ip("192.168.7.11");
    add_route(site.kernel, "10.30.0.0/16", "10.20.0.254", farm);
    add_route(site.kernel, "10.40.0.0/16", 0, netlink::RouteType::blackhole);
    add_neighbour(site.kernel, "10.20.0.254", farm, 0x77);
    site.build();
    EXPECT_TRUE(site.backend("rras1").homes[0].link.is_resolved);
    EXPECT_EQ(site.backend("rras1").homes[0].link.bytes[5], 0x77);
    EXPECT_FALSE(site.backend("rras2").homes[0].link.is_resolved);
    EXPECT_FALSE(site.backend("rras3").homes[0].link.is_resolved);
    EXPECT_TRUE(site.has_remark(
        "backend rras2: 10.40.0.11 is not reached through any of our interfaces"));
    EXPECT_TRUE(site.has_remark(
        "backend rras3: 192.168.7.11 is not reached through any of our interfaces"));
    EXPECT_EQ(site.remarks.size(), 2u);
}

TEST(TableBackends, AnUnknownNeighbourIsUnresolvedAndNotWorthARemark) {
    Site site;
    site.kernel.neighbours.pop_back();
    site.build();
    EXPECT_FALSE(site.backend("rras3").homes[0].link.is_resolved);
    EXPECT_TRUE(site.remarks.empty());
}

TEST(TableBackends, OnTheClientsSideIsWorthARemark) {
    Site site;
    site.config.pools[0].backends[0].address = ip("198.51.100.9");
    site.build();
    EXPECT_TRUE(site.has_remark("backend rras1: 198.51.100.9 is reached through ext, which leads "
                                "to clients: its answers are dropped there"));
}

TEST(TableBackends, OfAPoolThatNoServiceUsesAreNotThere) {
    Site site;
    add_second_pool(site);
    site.build();
    const BackendIndex index = site.registry.backend("other1")->index;
    EXPECT_FALSE(site.table->backends[index].is_present);
    EXPECT_EQ(site.table->addresses.find(ip("10.20.0.21")), nullptr);
    site.config.services[0].pool = "other";
    site.build();
    EXPECT_TRUE(site.backend("other1").is_present);
    EXPECT_FALSE(site.backend("rras1").is_present);
    EXPECT_EQ(site.registry.backend("rras1")->generation, 1) << "it has not been removed";
    EXPECT_EQ(site.table->member(0, site.registry.backend("rras1")->index), std::nullopt);
}

TEST(TableBackends, WithALabelAreListed) {
    Site site;
    site.config.pools[0].backends[1].spi_label = {.ike_mask = 0xff, .ike_value = 0x2};
    site.config.pools[0].backends[2].spi_label = {.esp_first = 0x300, .esp_last = 0x3ff};
    const auto& table = site.build();
    ASSERT_EQ(table.labelled.size(), 2u);
    const forwarding::SpiLabel& ike = table.backends[table.labelled[0]].label;
    EXPECT_EQ(table.labelled[0], site.registry.backend("rras2")->index);
    EXPECT_TRUE(ike.holds_ike(0x7702));
    EXPECT_FALSE(ike.holds_ike(0x7701));
    EXPECT_FALSE(ike.holds_esp(0x300));
    const forwarding::SpiLabel& esp = table.backends[table.labelled[1]].label;
    EXPECT_TRUE(esp.holds_esp(0x300) && esp.holds_esp(0x3ff));
    EXPECT_FALSE(esp.holds_esp(0x400) || esp.holds_ike(0x2));
    site.config.pools[0].backends[1].spi_label = {};
    EXPECT_EQ(site.build().labelled.size(), 1u) << "a reload takes it away";
    site.modes.set("rras3", forwarding::Mode::disabled, site.registry);
    EXPECT_TRUE(site.build().labelled.empty()) << "who is disabled gets nothing by its label";
}

TEST(TableServices, TakeTheAffinityOver) {
    Site site;
    EXPECT_EQ(site.build().services[0].affinity, forwarding::Affinity::source);
    EXPECT_EQ(site.table->services[0].prefix_v4, 32);
    EXPECT_EQ(site.table->services[0].prefix_v6, 128);
    site.config.services[0].affinity = config::Affinity::sa;
    site.config.services[0].affinity_prefix_v4 = 24;
    site.config.services[0].affinity_prefix_v6 = 64;
    const forwarding::Service& service = site.build().services[0];
    EXPECT_EQ(service.affinity, forwarding::Affinity::sa);
    EXPECT_EQ(service.client_of(ip("198.51.100.77")), ip("198.51.100.0"));
    EXPECT_EQ(service.client_of(ip("2001:db8:0:1:2::3")), ip("2001:db8:0:1::"));
}

TEST(TableReplies, OneVipNeedsNoState) {
    Site site;
    site.build();
    for (const char* name : {"rras1", "rras2", "rras3"})
        EXPECT_FALSE(site.backend(name).homes[0].is_ambiguous());
    for (const char* server : {"10.20.0.11", "10.20.0.12", "10.20.0.13"}) {
        EXPECT_EQ(site.reply_frontend(server, 0), site.registry.frontend(ip("203.0.113.10"), 500));
        EXPECT_EQ(site.reply_frontend(server, 1), site.registry.frontend(ip("203.0.113.10"), 4500));
    }
}

TEST(TableReplies, TwoVipsOverOnePoolAreAmbiguous) {
    Site site;
    add_second_vip(site);
    site.build();
    const forwarding::Backend& backend = site.backend("rras1");
    EXPECT_TRUE(backend.homes[0].is_ambiguous());
    for (std::size_t i = 0; i < forwarding::service_ports; ++i) {
        EXPECT_EQ(site.reply_frontend("10.20.0.11", i), forwarding::no_frontend);
        const auto port = forwarding::service_port_numbers[i];
        EXPECT_EQ(backend.homes[0].frontends[i],
                  (std::vector{*site.registry.frontend(ip("203.0.113.10"), port),
                               *site.registry.frontend(ip("203.0.113.20"), port)}));
    }
    site.config.services.erase(site.config.services.begin());
    site.build();
    EXPECT_EQ(site.reply_frontend("10.20.0.11", 0),
              site.registry.frontend(ip("203.0.113.20"), 500));
    EXPECT_EQ(site.registry.frontend(ip("203.0.113.20"), 500), 2) << "keeps its index";
}

TEST(TableAddresses, HaveTheRoleThatMattersMost) {
    Site site;
    site.config.interfaces[1].addresses.push_back(prefix("192.0.2.9/24"));
    const auto& table = site.build();
    const auto role = [&](const char* address) { return table.addresses.find(ip(address))->role; };
    EXPECT_EQ(role("198.51.100.1"), AddressRole::own);
    EXPECT_EQ(role("10.20.0.1"), AddressRole::own);
    EXPECT_EQ(role("192.0.2.9"), AddressRole::own) << "configured, and not in the kernel yet";
    EXPECT_EQ(role("203.0.113.10"), AddressRole::vip) << "an address of the kernel as well";
    EXPECT_EQ(role("10.20.0.12"), AddressRole::backend);
    EXPECT_EQ(table.addresses.find(ip("10.20.0.12"))->backend,
              site.registry.backend("rras2")->index);
    EXPECT_EQ(role("192.168.7.2"), AddressRole::own) << "on none of our interfaces";
    EXPECT_EQ(table.addresses.find(ip("203.0.113.10"))->frontends[1],
              site.registry.frontend(ip("203.0.113.10"), 4500));
}

TEST(TableMembers, NameEachPairOfServiceAndBackend) {
    Site site;
    add_second_vip(site);
    add_second_pool(site);
    const auto& table = site.build();
    ASSERT_EQ(table.members->size(), forwarding::max_services * forwarding::max_backends);
    EXPECT_EQ(std::ranges::count(*table.members, forwarding::no_member),
              static_cast<std::ptrdiff_t>(table.members->size()) - 6);
    EXPECT_EQ(table.member(1, 2), site.registry.member("legacy", "rras3"));
}

TEST(TableMembers, AreSharedWhileTheyStay) {
    Site site;
    const auto first = site.build().members;
    site.down["rras1"] = true;
    site.config.pools[0].backends[1].weight = 1;
    EXPECT_EQ(site.build().members, first);
    site.config.pools[0].backends.pop_back();
    EXPECT_NE(site.build().members, first);
}

}  // namespace
}  // namespace ikelb::table
