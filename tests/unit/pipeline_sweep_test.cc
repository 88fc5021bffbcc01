// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors

// Whatever a header says, a worker survives it: every IP protocol as each part of a datagram,
// between all kinds of addresses, from either side of farms whole and broken; and all ways to split
// or cut its headers. Each frame has to end with a verdict, and as testlib/invariants.h says.

#include <gtest/gtest.h>

#include <array>
#include <functional>
#include <string>
#include <vector>

#include "tests/testlib/invariants.h"

namespace ikelb {
namespace {

using namespace testlib;
using namespace testlib::place;
using pipeline::Disposition;
using pipeline::Verdict;

enum class Side { clients, servers };

/// What a frame is cut to, in bytes of its datagram.
struct Part {
    std::size_t offset = 0;
    bool has_more = false;
};
constexpr std::array parts{Part{},        Part{0, true},      Part{1024, true}, Part{1088, false},
                           Part{8, true}, Part{65528, false}, Part{65528, true}};

constexpr std::array<std::uint8_t, 6> few_protocols{1, 6, 17, 44, 50, 58};
constexpr std::array<std::uint8_t, 10> header_protocols{0, 1, 17, 43, 44, 50, 51, 58, 59, 60};

/// Extension headers or options, the version's nibble with the header's length, a length that lies.
struct Shape {
    Bytes options{};
    std::vector<std::uint8_t> extensions{};
    int version_ihl = -1;
    int total_length = -1;
};

std::vector<Shape> shapes() {
    return {{},
            {.options = Bytes(4, 1), .extensions = {60}},
            {.options = Bytes(40, 0), .extensions = {0, 60, 43, 60}},
            {.version_ihl = 0x44, .total_length = 8},
            {.version_ihl = 0x4f},
            {.total_length = 0},
            {.total_length = 21},
            {.total_length = 27},
            {.total_length = 65535}};
}

std::vector<net::IpAddress> addresses(bool is_v6) {
    std::vector<const char*> all{client, "192.0.2.123", vip, second_vip, own_wan, own_lan,
                                 "10.20.0.11", "10.20.0.12", "10.20.0.50", "10.77.0.1",
                                 "198.51.100.50", "198.51.100.77", "100.64.0.1", "100.66.0.1",
                                 "224.0.0.1", "255.255.255.255", "127.0.0.1", "0.0.0.0"};
    if (is_v6)
        all = {client6, "2001:db8:192::123", vip6, own_wan6, own_lan6, "fd00:20::14",
               "fd00:20::15", "fd00:20::50", "fd77::1", "2001:db8:198::50", "2001:db8:198::77",
               "fe80::1", "ff02::1", "ff0e::1", "::1", "::"};
    std::vector<net::IpAddress> found;
    for (const char* text : all) found.push_back(address(text));
    return found;
}

/// What lies behind the IP header, whatever its protocol says: ESP and IKE of the clients that are
/// logged in, both ways, and ICMP errors about such.
std::vector<Bytes> messages(bool is_v6) {
    const char* const from = is_v6 ? client6 : client;
    const char* const to = is_v6 ? vip6 : vip;
    const char* const server = is_v6 ? "fd00:20::14" : "10.20.0.11";
    const auto behind_ip = [&](PacketBuilder packet) {
        const Bytes whole = packet.build_ip();
        return Bytes(whole.begin() + (is_v6 ? 40 : 20), whole.end());
    };
    const auto udp = [&](std::uint16_t from_port, std::uint16_t to_port, Bytes payload) {
        return behind_ip(
            PacketBuilder{}.ip(from, to).udp(from_port, to_port).payload(std::move(payload)));
    };
    const auto error = [&](const char* quoted_from, const char* quoted_to) {
        PacketBuilder quoted;
        quoted.ip(quoted_from, quoted_to).udp(4500, 4500).payload(esp(0xd0000001));
        return behind_ip(PacketBuilder{}.ip(from, to).icmp(is_v6 ? 1 : 3, 3).payload(
            quoted.build_ip()));
    };
    return {udp(4500, 4500, esp(0xc0000001)), udp(500, 500, sa_init(77).bytes()),
            error(to, from), error(from, server)};
}

/// All of it in both families.
TableSpec whole_farm() {
    TableSpec spec = dual_stack_farm();
    spec.services.push_back({.vip = address(second_vip), .members = {rras2, rras3}});
    return spec;
}

TableSpec on_one_port(TableSpec spec) {
    spec.interfaces[srv].port = wan;
    spec.interfaces[srv].vlan = 20;
    return spec;
}

TableSpec both_sides_alike(TableSpec spec) {
    for (InterfaceSpec& interface : spec.interfaces)
        interface.faces_clients = interface.faces_servers = true;
    return spec;
}

TableSpec closed(TableSpec spec) {
    for (ServiceSpec& service : spec.services) service.is_served = false;
    return spec;
}

TableSpec without_servers(TableSpec spec) {
    for (BackendSpec& backend : spec.backends) {
        backend.is_present = false;
        backend.mode = forwarding::Mode::disabled;
    }
    spec.backends[rras2].address = spec.backends[first_v6_server + 1].address = {};
    return spec;
}

TableSpec with_empty_pools(TableSpec spec) {
    for (ServiceSpec& service : spec.services) service.members.clear();
    return spec;
}

TableSpec with_servers_down(TableSpec spec) {
    for (BackendSpec& backend : spec.backends) backend.is_up = false;
    for (std::size_t b = 0; b < spec.backends.size(); b += 2)
        spec.backends[b].flush_on_down = true;
    return spec;
}

/// Neither gateway nor neighbour; the routes name a gateway that is none.
TableSpec without_next_hops(TableSpec spec) {
    for (BackendSpec& backend : spec.backends) backend.mac = {};
    for (RouteSpec& route : spec.routes) route.gateway = forwarding::no_gateway;
    for (ServiceSpec& service : spec.services) service.uplink = forwarding::no_gateway;
    spec.gateways.clear();
    spec.neighbours.clear();
    return spec;
}

TableSpec with_links_down(TableSpec spec) {
    for (InterfaceSpec& interface : spec.interfaces) interface.is_up = false;
    return spec;
}

/// Transit may begin anywhere, and the kernel be asked at every address of ours.
TableSpec opened(TableSpec spec) {
    spec.wall.is_open = true;
    for (const char* own : {own_lan, own_lan6})
        for (const char* from : {"0.0.0.0/0", "::/0"})
            spec.wall.own_services.push_back({.address = address(own), .from = prefix(from)});
    return spec;
}

class Sweep : public testing::TestWithParam<bool> {
protected:
    bool is_v6() const { return GetParam(); }

    void log_in_both() {
        log_in(*bench, {});
        log_in(*bench, {.client = client6, .vip = vip6});
    }

    /// A farm in which clients have logged in before it became what it is.
    void use(const TableSpec& whole, const TableSpec& now) {
        bench = std::make_unique<Bench>(whole);
        log_in_both();
        bench->spec = now;
        bench->apply();
    }

    PacketBuilder ip(const net::IpAddress& from, const net::IpAddress& to, std::uint8_t protocol,
                     Part part, const Bytes& message) const {
        PacketBuilder packet;
        packet.ip(is_v6() ? client6 : client, is_v6() ? vip6 : vip).from_ip(from).to_ip(to);
        if (part.offset != 0 || part.has_more) packet.fragment(part.offset, part.has_more);
        return packet.protocol(protocol).raw(message);
    }

    Input arrive(const PacketBuilder& packet, Side side) const {
        if (side == Side::clients) return {.bytes = bench->client_side(packet).build()};
        return {.bytes = bench->server_side(packet).build(), .port = bench->server_port()};
    }

    void send(Input input, std::string what) {
        burst.push_back(std::move(input));
        described.push_back(std::move(what));
        if (burst.size() == pipeline::max_burst) flush();
    }

    /// Runs what has come together; what is held comes back once, for the last time.
    void flush() {
        bench->advance(20);  // buckets are full, and fragments forgotten
        std::vector<Input> again;
        std::vector<std::string> whats;
        const auto outcomes = bench->run(burst);
        for (std::size_t i = 0; i < burst.size(); ++i) {
            count_and_check(burst[i], outcomes[i], described[i]);
            if (outcomes[i].fate() != Disposition::hold) continue;
            again.push_back(burst[i]);
            again.back().may_hold = false;
            again.back().was_held = true;
            whats.push_back(described[i] + ", held");
        }
        burst.clear();
        described.clear();
        if (again.empty()) return;
        const auto last = bench->run(again);
        for (std::size_t i = 0; i < again.size(); ++i)
            count_and_check(again[i], last[i], whats[i]);
    }

    void count_and_check(const Input& input, const Outcome& outcome, const std::string& what) {
        ++seen[static_cast<std::size_t>(outcome.verdict)];
        const std::string broken = broken_rule(*bench, input, outcome);
        ASSERT_EQ(broken, "") << what << " -> " << name(outcome.verdict)
                              << "\nEther(bytes.fromhex('" << hex(input.bytes) << "'))";
    }

    void expect_seen(std::initializer_list<Verdict> verdicts) const {
        for (const Verdict verdict : verdicts)
            EXPECT_GT(seen[static_cast<std::size_t>(verdict)], 0u) << name(verdict);
    }

    /// Each pair of addresses as each part, in a burst, so that later parts meet their first one.
    void sweep_addresses(std::uint8_t protocol, Side side) {
        const auto all = addresses(is_v6());
        const auto said = messages(is_v6());
        std::size_t turn = protocol;
        for (const net::IpAddress& from : all)
            for (const net::IpAddress& to : all)
                for (const Part part : parts)
                    send(arrive(ip(from, to, protocol, part, said[turn++ % said.size()]), side),
                         {});
        flush();
    }

    std::unique_ptr<Bench> bench;
    std::vector<Input> burst;
    std::vector<std::string> described;
    std::array<std::uint64_t, pipeline::verdict_count> seen{};
};

TEST_P(Sweep, EveryProtocolBetweenAllAddresses) {
    use(whole_farm(), whole_farm());
    for (unsigned protocol = 0; protocol < 256; ++protocol)
        for (const Side side : {Side::clients, Side::servers})
            sweep_addresses(static_cast<std::uint8_t>(protocol), side);
    expect_seen({Verdict::to_server, Verdict::to_client, Verdict::bad_source,
                 Verdict::fragment_of_drop, Verdict::hold_fragment, Verdict::native_esp});
}

TEST_P(Sweep, FarmsThatLackSomething) {
    const std::vector<std::function<TableSpec(TableSpec)>> lacks{
        opened, closed, without_servers, with_empty_pools, with_servers_down, without_next_hops,
        with_links_down};
    const std::vector<TableSpec> whole{whole_farm(), on_one_port(whole_farm()),
                                       both_sides_alike(whole_farm())};
    for (const TableSpec& farm : whole)
        for (const auto& lack : lacks) {
            use(farm, lack(farm));
            for (const std::uint8_t protocol : few_protocols)
                for (const Side side : {Side::clients, Side::servers})
                    sweep_addresses(protocol, side);
        }
    expect_seen({Verdict::vip_not_served, Verdict::no_backend, Verdict::reply_vip_unknown,
                 Verdict::no_neighbour, Verdict::interface_down});
}

TEST_P(Sweep, EverySplitAndCutOfTheHeaders) {
    use(on_one_port(whole_farm()), on_one_port(whole_farm()));
    const auto all = addresses(is_v6());
    const auto said = messages(is_v6());
    std::size_t turn = 0;
    for (const Shape& shape : shapes())
        for (const std::uint8_t protocol : header_protocols)
            for (const Part part : parts)
                for (const Side side : {Side::clients, Side::servers}) {
                    PacketBuilder packet = ip(all[0], all[2], protocol, part, said[turn % 4]);
                    if (side == Side::servers) packet.from_ip(all[6]).to_ip(all[0]);
                    if (!is_v6()) packet.options(shape.options);
                    for (const std::uint8_t kind : shape.extensions)
                        if (is_v6()) packet.extension(kind, Bytes(6, 0));
                    if (shape.version_ihl >= 0 && !is_v6())
                        packet.version_ihl(static_cast<std::uint8_t>(shape.version_ihl));
                    if (shape.total_length >= 0)
                        packet.total_length(static_cast<std::uint16_t>(shape.total_length));
                    const Input whole = arrive(packet, side);
                    for (std::size_t at = 1; at < std::min<std::size_t>(whole.bytes.size(), 120);
                         ++at) {
                        Input split = whole;
                        split.contiguous = at;
                        split.headroom = std::array<std::uint16_t, 4>{128, 28, 4, 0}[++turn % 4];
                        send(split, {});
                        Input cut = whole;
                        cut.bytes.resize(at);
                        send(cut, {});
                    }
                }
    flush();
    expect_seen({Verdict::headers_split, Verdict::truncated, Verdict::bad_ip_header});
}

INSTANTIATE_TEST_SUITE_P(Families, Sweep, testing::Bool(), [](const auto& family) {
    return family.param ? std::string{"IPv6"} : std::string{"IPv4"};
});

}  // namespace
}  // namespace ikelb
