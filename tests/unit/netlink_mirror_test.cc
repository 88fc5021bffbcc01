// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
// The netlink mirror against the real kernel, in a network namespace per test.
#include <net/if.h>

#include <algorithm>
#include <functional>
#include <random>

#include <boost/asio/io_context.hpp>

#include "config/text/address.h"
#include "controlplane/kernel/netlink/mirror.h"
#include "tests/unit/tap_netns.h"

namespace ikelb::netlink {
namespace {

using namespace std::chrono_literals;
using net::IpAddress;
using net::IpPrefix;

class MirrorTest : public tap::KernelNamespaceTest {
protected:
    void SetUp() override {
        tap::KernelNamespaceTest::SetUp();
        if (IsSkipped()) return;
        ASSERT_TRUE(run("ip link add name lan0 type veth peer name far0"));
        ASSERT_TRUE(run("ip link set lan0 up && ip link set far0 up"));
        ASSERT_TRUE(run("ip address add 10.0.0.1/24 dev lan0"));
        lan = static_cast<int>(::if_nametoindex("lan0"));
    }
    void TearDown() override {
        mirror.reset();
        tap::KernelNamespaceTest::TearDown();
    }

    void start(const MirrorOptions& options = {}) {
        auto started = Mirror::start(
            io, [this] { ++changes; }, options);
        ASSERT_TRUE(started.has_value()) << started.error().message;
        mirror = *std::move(started);
        // A late event of the set-up may overrun a small buffer once more: then it reads anew.
        ASSERT_TRUE(await([this] { return changes > 0 && mirror->is_synchronised(); }));
    }

    /// Runs the mirror until the condition holds; false after five seconds.
    bool await(const std::function<bool()>& condition) {
        const auto deadline = std::chrono::steady_clock::now() + 5s;
        while (!condition()) {
            if (std::chrono::steady_clock::now() > deadline) return false;
            io.restart();
            io.run_one_for(50ms);
        }
        return true;
    }

    std::optional<Route> route_to(const char* dst) const {
        return find(mirror->snapshot().routes,
                    [&](const Route& item) { return item.dst == *text::parse_prefix(dst); });
    }
    long routes_to(const char* dst) const {
        return std::ranges::count(mirror->snapshot().routes, *text::parse_prefix(dst), &Route::dst);
    }
    std::optional<Neighbour> neighbour(const char* address) const {
        return find(mirror->snapshot().neighbours, [&](const Neighbour& item) {
            return item.address == *text::parse_address(address);
        });
    }
    std::optional<Link> link(const char* name) const {
        return find(mirror->snapshot().links,
                    [&](const Link& item) { return item.name == name; });
    }
    bool has_address(const char* prefix) const {
        return find(mirror->snapshot().addresses, [&](const Address& item) {
                   return item.prefix == *text::parse_prefix(prefix);
               }).has_value();
    }

    boost::asio::io_context io;
    std::shared_ptr<Mirror> mirror;
    int changes = 0;
    int lan = 0;

private:
    template <class Item, class Condition>
    static std::optional<Item> find(const std::vector<Item>& items, Condition condition) {
        const auto found = std::find_if(items.begin(), items.end(), condition);
        return found == items.end() ? std::nullopt : std::optional{*found};
    }
};

TEST_F(MirrorTest, TheFirstReadingIsComplete) {
    ASSERT_TRUE(run("ip route add 10.1.0.0/16 via 10.0.0.254"));
    ASSERT_TRUE(run("ip neighbour add 10.0.0.254 dev lan0 lladdr 02:00:00:00:00:fe"));
    start();
    ASSERT_TRUE(link("lan0").has_value());
    EXPECT_TRUE(link("lan0")->up);
    EXPECT_EQ(link("lan0")->mtu, 1500U);
    EXPECT_FALSE(link("lan0")->mac.is_zero());
    EXPECT_TRUE(has_address("10.0.0.1/24"));
    ASSERT_TRUE(route_to("10.1.0.0/16").has_value());
    EXPECT_EQ(route_to("10.1.0.0/16")->gateway, text::parse_address("10.0.0.254"));
    EXPECT_EQ(route_to("10.1.0.0/16")->ifindex, lan);
    EXPECT_EQ(route_to("10.0.0.1/32")->type, RouteType::local);
    EXPECT_EQ(route_to("10.0.0.255/32")->type, RouteType::local) << "the broadcast address";
    EXPECT_FALSE(route_to("10.0.0.0/24")->gateway.has_value());
    ASSERT_TRUE(neighbour("10.0.0.254").has_value());
    EXPECT_EQ(neighbour("10.0.0.254")->state, NeighbourState::permanent);
    EXPECT_EQ(text::to_text(neighbour("10.0.0.254")->mac), "02:00:00:00:00:fe");
    EXPECT_EQ(mirror->counters().full_dumps, 1U);
}

TEST_F(MirrorTest, FollowsNeighbours) {
    start();
    ASSERT_TRUE(run("ip neighbour add 10.0.0.7 dev lan0 lladdr 02:00:00:00:00:07 nud stale"));
    ASSERT_TRUE(await([&] { return neighbour("10.0.0.7").has_value(); }));
    EXPECT_EQ(neighbour("10.0.0.7")->state, NeighbourState::stale);
    ASSERT_TRUE(run("ip neighbour change 10.0.0.7 dev lan0 nud failed"));
    ASSERT_TRUE(await([&] {
        return !neighbour("10.0.0.7") || neighbour("10.0.0.7")->state == NeighbourState::failed;
    }));
    ASSERT_TRUE(run("ip neighbour replace 2001:db8::7 dev lan0 lladdr 02:00:00:00:00:07"));
    ASSERT_TRUE(await([&] { return neighbour("2001:db8::7").has_value(); }));
    ASSERT_TRUE(run("ip neighbour delete 2001:db8::7 dev lan0"));
    EXPECT_TRUE(await([&] { return !neighbour("2001:db8::7").has_value(); }));
}

TEST_F(MirrorTest, FollowsRoutes) {
    start();
    ASSERT_TRUE(run("ip route add 10.1.0.0/16 via 10.0.0.254 metric 7"));
    ASSERT_TRUE(await([&] { return route_to("10.1.0.0/16").has_value(); }));
    EXPECT_EQ(route_to("10.1.0.0/16")->metric, 7U);
    ASSERT_TRUE(run("ip route replace 10.1.0.0/16 via 10.0.0.253 metric 7"));
    ASSERT_TRUE(await([&] {
        return route_to("10.1.0.0/16")->gateway == text::parse_address("10.0.0.253");
    }));
    ASSERT_TRUE(run("ip route delete 10.1.0.0/16"));
    EXPECT_TRUE(await([&] { return !route_to("10.1.0.0/16").has_value(); }));
    ASSERT_TRUE(run("ip route add blackhole 10.2.0.0/16 && ip route add unreachable 10.3.0.0/16 && "
                    "ip route add default via 192.0.2.1 dev lan0 onlink && "
                    "ip -6 route add blackhole 2001:db8:2::/48"));
    ASSERT_TRUE(await([&] { return route_to("2001:db8:2::/48").has_value(); }));
    EXPECT_EQ(route_to("10.2.0.0/16")->type, RouteType::blackhole);
    EXPECT_EQ(route_to("10.3.0.0/16")->type, RouteType::unreachable);
    EXPECT_EQ(route_to("0.0.0.0/0")->gateway, text::parse_address("192.0.2.1"));
    EXPECT_EQ(route_to("2001:db8:2::/48")->type, RouteType::blackhole);
}

TEST_F(MirrorTest, HasARouteForEachNextHop) {
    ASSERT_TRUE(run("ip address add 2001:db8::1/64 dev lan0 nodad"));
    start();
    ASSERT_TRUE(run("ip route add 10.1.0.0/16 nexthop via 10.0.0.2 nexthop via 10.0.0.3"));
    ASSERT_TRUE(run("ip -6 route add 2001:db8:1::/48 nexthop via 2001:db8::2 "
                    "nexthop via 2001:db8::3"));
    ASSERT_TRUE(await([&] { return route_to("2001:db8:1::/48").has_value(); }));
    EXPECT_EQ(route_to("10.1.0.0/16")->gateway, text::parse_address("10.0.0.2"));
    EXPECT_EQ(routes_to("10.1.0.0/16"), 2);
    EXPECT_TRUE(await([&] { return routes_to("2001:db8:1::/48") == 2; }));
    ASSERT_TRUE(run("ip -6 route delete 2001:db8:1::/48 via 2001:db8::2"));
    EXPECT_TRUE(await([&] {
        const auto route = route_to("2001:db8:1::/48");
        return route && route->gateway == text::parse_address("2001:db8::3");
    })) << "one of two next hops goes, not the route";
    EXPECT_EQ(routes_to("2001:db8:1::/48"), 1);
}

TEST_F(MirrorTest, FollowsNextHopObjects) {
    start();
    ASSERT_TRUE(run("ip nexthop add id 1 via 10.0.0.2 dev lan0 && "
                    "ip route add 10.1.0.0/16 nhid 1"));
    ASSERT_TRUE(await([&] { return route_to("10.1.0.0/16").has_value(); }));
    ASSERT_TRUE(run("ip nexthop replace id 1 via 10.0.0.3 dev lan0"));
    EXPECT_TRUE(await([&] {
        return route_to("10.1.0.0/16")->gateway == text::parse_address("10.0.0.3");
    }));
}

TEST_F(MirrorTest, FollowsLinksAndAddresses) {
    start();
    ASSERT_TRUE(run("ip link add name new0 type veth peer name new1"));
    ASSERT_TRUE(await([&] { return link("new0").has_value(); }));
    EXPECT_FALSE(link("new0")->up);
    ASSERT_TRUE(run("ip link set new0 up mtu 1300 && ip link set new1 up"));
    ASSERT_TRUE(await([&] { return link("new0")->up && link("new0")->mtu == 1300; }));
    ASSERT_TRUE(run("ip address add 10.7.0.1/24 dev new0"));
    ASSERT_TRUE(run("ip address add 2001:db8:7::1/64 dev new0 nodad"));
    ASSERT_TRUE(await([&] { return has_address("2001:db8:7::1/64"); }));
    EXPECT_TRUE(has_address("10.7.0.1/24"));
    ASSERT_TRUE(run("ip address delete 10.7.0.1/24 dev new0"));
    ASSERT_TRUE(await([&] { return !has_address("10.7.0.1/24"); }));
    ASSERT_TRUE(run("ip link delete new0"));
    EXPECT_TRUE(await([&] { return !link("new0") && !has_address("2001:db8:7::1/64"); }));
}

TEST_F(MirrorTest, RoutesThatTheKernelDropsWithoutAWordAreNoticed) {
    ASSERT_TRUE(run("ip route add 10.1.0.0/16 via 10.0.0.254"));
    start();
    ASSERT_TRUE(route_to("10.1.0.0/16").has_value());
    ASSERT_TRUE(run("ip link set lan0 down"));
    EXPECT_TRUE(await([&] { return !route_to("10.1.0.0/16").has_value(); }));
    EXPECT_GE(mirror->counters().route_dumps, 1U);
}

TEST_F(MirrorTest, ARunOfChangesIsToldOnce) {
    start({.quiet = 200ms, .limit = 5000ms});
    changes = 0;
    std::string lines;
    for (int i = 0; i < 200; ++i)
        lines += "route add 10.9." + std::to_string(i) + ".0/24 via 10.0.0.254\n";
    ASSERT_TRUE(run_batch(lines));
    ASSERT_TRUE(await([&] { return changes > 0; }));
    EXPECT_TRUE(route_to("10.9.199.0/24").has_value());
    EXPECT_EQ(changes, 1);
}

TEST_F(MirrorTest, LostEventsAreMadeGoodByReadingAllAnew) {
    start({.receive_buffer = 2048});
    std::string lines;
    for (int i = 0; i < 3000; ++i)
        lines += "route add 10." + std::to_string(100 + i / 250) + "." + std::to_string(i % 250) +
                 ".0/24 via 10.0.0.254\n";
    lines += "neighbour add 10.0.0.254 dev lan0 lladdr 02:00:00:00:00:fe\n";
    ASSERT_TRUE(run_batch(lines));  // nobody reads the socket meanwhile
    changes = 0;
    ASSERT_TRUE(await([&] { return mirror->counters().overruns > 0; }));
    EXPECT_FALSE(mirror->is_synchronised());
    EXPECT_TRUE(mirror->last_error().has_value());
    EXPECT_TRUE(link("lan0").has_value()) << "the last state stands meanwhile";
    ASSERT_TRUE(await([&] { return mirror->is_synchronised() && changes > 0; }));
    EXPECT_GE(mirror->counters().full_dumps, 2U);
    EXPECT_FALSE(mirror->last_error().has_value());
    const auto routes = mirror->snapshot().routes;
    EXPECT_GE(std::count_if(routes.begin(), routes.end(),
                            [](const Route& route) { return route.dst.length == 24; }),
              3000);
    EXPECT_TRUE(neighbour("10.0.0.254").has_value());
}

/// The oracle is a second mirror that has seen no event, only the tables as they are at the end.
TEST_F(MirrorTest, AfterAnyHistoryItHasWhatAFreshReadingHas) {
    ASSERT_TRUE(run("ip address add 2001:db8::1/64 dev lan0 nodad"));
    start();
    std::mt19937 random{20260102};
    const auto pick = [&](unsigned n) { return std::to_string(random() % n); };
    for (int round = 0; round < 12; ++round) {
        std::string lines;
        for (int i = 0; i < 60; ++i) {
            const char* verbs[] = {"add", "append", "replace", "prepend", "delete", "delete"};
            const std::string verb = verbs[random() % 6];
            lines += "route " + verb + " 10.50." + pick(6) + ".0/24 via 10.0.0." + pick(4) + "2\n";
            lines += "route " + verb + " 2001:db8:5" + pick(4) + "::/48 via 2001:db8::" + pick(4) +
                     "2\n";
            const std::string who = " 10.0.0.1" + pick(9) + " dev lan0";
            // Not `delete`: for an absent one it would end the whole batch.
            if (random() % 3 == 0)
                lines += "neighbour flush to" + who + " nud all\n";
            else
                lines += "neighbour replace" + who + " lladdr 02:00:00:00:00:0" + pick(9) + "\n";
            if (random() % 25 == 0) lines += "link set far0 down\nlink set far0 up\n";
        }
        (void)run_batch(lines);  // adding twice and deleting the absent fails, as it should
        io.restart();
        io.run_for(std::chrono::milliseconds{random() % 15});
    }
    ASSERT_TRUE(run("ip link set far0 up"));
    EXPECT_TRUE(await([&] {
        io.run_for(200ms);
        bool is_read = false;
        auto fresh = Mirror::start(io, [&] { is_read = true; });
        return fresh.has_value() && await([&] { return is_read; }) &&
               (*fresh)->snapshot() == mirror->snapshot();
    }));
    EXPECT_GE(mirror->counters().events, 500U);
    EXPECT_EQ(mirror->counters().full_dumps, 1U);
}

TEST_F(MirrorTest, ARequestMakesTheKernelAskOnTheTwin) {
    const auto host = tap::HostSettings::apply();
    const auto tap = make_tap(host, "ext");
    ASSERT_NE(tap, nullptr);
    ASSERT_TRUE(run("ip address add 198.51.100.1/24 dev ext"));
    start();
    const IpAddress wanted = *text::parse_address("198.51.100.9");
    const auto asked = mirror->request_neighbour(tap->ifindex(), wanted);
    ASSERT_TRUE(asked.has_value()) << asked.error().message;
    EXPECT_TRUE(*asked);
    const auto again = mirror->request_neighbour(tap->ifindex(), wanted);
    ASSERT_TRUE(again.has_value());
    EXPECT_FALSE(*again) << "asked a moment ago";
    EXPECT_EQ(mirror->counters().neighbour_limited, 1U);
    ASSERT_TRUE(await_frame(*tap, [](const Frame& frame) {
                    return arp_target(frame, arp_request) == "198.51.100.9";
                }).has_value());
    ASSERT_TRUE(await([&] { return neighbour("198.51.100.9").has_value(); }));
    EXPECT_FALSE(is_usable(neighbour("198.51.100.9")->state));
    EXPECT_TRUE(neighbour("198.51.100.9")->mac.is_zero());

    ASSERT_TRUE(send(*tap, arp(arp_reply, "02:00:00:00:00:99", "198.51.100.9", "02:00:00:00:00:01",
                               "198.51.100.1")));
    ASSERT_TRUE(await([&] { return is_usable(neighbour("198.51.100.9")->state); }));
    EXPECT_EQ(neighbour("198.51.100.9")->state, NeighbourState::reachable);
    EXPECT_EQ(text::to_text(neighbour("198.51.100.9")->mac), "02:00:00:00:00:99");
}

TEST_F(MirrorTest, ARequestLeavesAPermanentNeighbourAlone) {
    ASSERT_TRUE(run("ip neighbour add 10.0.0.7 dev lan0 lladdr 02:00:00:00:00:07"));
    start();
    ASSERT_TRUE(mirror->request_neighbour(lan, *text::parse_address("10.0.0.7")).has_value());
    EXPECT_TRUE(mirror->request_neighbour(99999, *text::parse_address("10.0.0.7")).has_error());
    EXPECT_NE(output_of("ip neighbour show 10.0.0.7").find("PERMANENT"), std::string::npos);
}

TEST_F(MirrorTest, AGatewayIsConfirmedThoughPacketsHaveSpentAllQuestions) {
    start();
    for (int host = 0; host < 4096; ++host)
        static_cast<void>(mirror->request_neighbour(
            99999, IpAddress::from_v4_host(0x0a000000U + static_cast<std::uint32_t>(host))));
    const IpAddress gateway = *text::parse_address("10.0.0.7");
    const auto refused = mirror->request_neighbour(lan, gateway);
    ASSERT_TRUE(refused.has_value());
    ASSERT_FALSE(*refused);
    ASSERT_TRUE(mirror->confirm_neighbour(lan, gateway).has_value());
    EXPECT_TRUE(await([&] { return neighbour("10.0.0.7").has_value(); }));
}

TEST_F(MirrorTest, ARequestConfirmsAStaleNeighbour) {
    ASSERT_TRUE(run("ip neighbour add 10.0.0.7 dev lan0 lladdr 02:00:00:00:00:07 nud stale"));
    // How long the kernel hopes for a word from above (DELAY, which it does not announce) before it
    // asks; five seconds otherwise.
    ASSERT_TRUE(tap::write_sysctl("net/ipv4/neigh/lan0/delay_first_probe_time", "0").has_value());
    start();
    ASSERT_TRUE(mirror->request_neighbour(lan, *text::parse_address("10.0.0.7")).has_value());
    EXPECT_TRUE(await([&] { return neighbour("10.0.0.7")->state == NeighbourState::probe; }));
    EXPECT_EQ(text::to_text(neighbour("10.0.0.7")->mac), "02:00:00:00:00:07") << "still in use";
}

TEST_F(MirrorTest, OnChangeMayDestroyTheMirror) {
    bool was_called = false;
    auto started = Mirror::start(io, [&] {
        was_called = true;
        mirror.reset();
    });
    ASSERT_TRUE(started.has_value());
    mirror = *std::move(started);
    ASSERT_TRUE(await([&] { return was_called; }));
    io.restart();
    io.run_for(50ms);
    EXPECT_FALSE(mirror);
}

}  // namespace
}  // namespace ikelb::netlink
