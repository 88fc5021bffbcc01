// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include "tests/village/product.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <span>
#include <stdexcept>

#include "config/config.h"
#include "controlplane/state/restore.h"
#include "controlplane/state/snapshot.h"
#include "controlplane/table/index_registry.h"
#include "controlplane/table/table_builder.h"
#include "dataplane/forwarding/forwarding_table.h"
#include "tests/testlib/bench.h"
#include "tests/testlib/saved_state.h"
#include "tests/testlib/wire.h"

namespace ikelb::village {

namespace {

using namespace std::chrono_literals;
using testlib::Bench;
using testlib::Bytes;
using testlib::PacketBuilder;

constexpr std::chrono::sys_seconds start_of_wall_clock{1'700'000'000s};

std::string numbered(const char* pattern, int number) {
    std::array<char, 60> text{};
    // The pattern is one of those below.
    std::snprintf(text.data(), text.size(), pattern, number >> 8, number & 255);
    return text.data();
}

std::string server_name(int server) {
    return "server" + std::to_string(server);
}
std::string service_name(int vip) {
    return "service" + std::to_string(vip);
}

/// A village's names for things, and the wire's.
class Addresses {
public:
    explicit Addresses(const Site& site) : site_{site} {}
    bool is_v6(int vip) const { return site_.is_v6 || (site_.is_dual && vip == 1); }
    std::string client(const Address& client) const {
        // Budgets of sources are budgets of /64s: blocks of numbers have one each.
        const char* const v6 =
            site_.is_narrow ? "2001:db8:192:%x::%x" : "2001:db8:192::%x:%x";
        return numbered(site_.is_v6 || client.family == 6 ? v6 : "198.18.%d.%d", client.number);
    }
    net::IpAddress server(int server) const { return alias(server, 0); }
    /// For that VIP. The first one's is the server's own address.
    net::IpAddress alias(int server, int vip) const {
        return parsed(
            numbered(is_v6(vip) ? "fd00:20::%x:%x" : "10.20.%d.%d", 256 * vip + 100 + server));
    }
    net::IpAddress vip(int vip) const {
        constexpr int first = 113 * 256 + 10;
        return parsed(numbered(is_v6(vip) ? "2001:db8:203::%x:%x" : "203.0.%d.%d", first + vip));
    }

private:
    static net::IpAddress parsed(const std::string& text) { return testlib::address(text.c_str()); }
    Site site_;
};

config::Config configuration(const Site& site, const Addresses& addresses) {
    config::Config config;
    config.interfaces = {{.name = "ext", .port = "wan"}, {.name = "srv", .port = "lan"}};
    config.workers.count = static_cast<std::uint16_t>(site.workers);
    config::Pool pool{.name = "pool"};
    for (int server = 0; server < site.servers; ++server) {
        config::Backend backend{.name = server_name(server), .address = addresses.server(server)};
        if (site.is_dual) backend.address6 = addresses.alias(server, 1);
        for (int vip = 1; site.has_aliases && !site.is_dual && vip < site.vips; ++vip)
            backend.aliases.push_back(
                {.service = service_name(vip), .address = addresses.alias(server, vip)});
        pool.backends.push_back(backend);
    }
    config.pools = {pool};
    for (int vip = 0; vip < site.vips; ++vip) {
        config::Service service{.name = service_name(vip),
                                .vip = addresses.vip(vip),
                                .interface = "ext",
                                .pool = "pool"};
        service.affinity = site.by_sa ? config::Affinity::sa : config::Affinity::source;
        config.services.push_back(service);
    }
    return config;
}

/// The farm of the configuration, with the gateways of the unit tests' farms before it.
testlib::TableSpec farm(const config::Config& config, bool is_v6) {
    testlib::TableSpec spec = is_v6 ? testlib::dual_stack_farm() : testlib::two_armed_farm();
    spec.timeouts = table::make_timeouts(config.timeouts);
    spec.maglev_size = 251;
    if (is_v6)
        spec.gateways.push_back({.interface = testlib::place::ext,
                                 .address = testlib::address("fe80::253"),
                                 .mac = testlib::place::second_gateway_mac()});
    spec.backends.clear();
    spec.services.clear();
    std::vector<forwarding::BackendIndex> members;
    for (const config::Backend& backend : config.pools[0].backends) {
        members.push_back(static_cast<forwarding::BackendIndex>(members.size()));
        const net::MacAddress mac = testlib::place::server_mac(members.back());
        spec.backends.push_back({.address = backend.address,
                                 .mac = mac,
                                 .interface = testlib::place::srv,
                                 .address6 = backend.address6.value_or(net::IpAddress{})});
        for (const net::IpAddress& address : backend.addresses())
            spec.neighbours.push_back(
                {.interface = testlib::place::srv, .address = address, .mac = mac});
    }
    for (const config::Service& service : config.services) {
        testlib::ServiceSpec in{.vip = service.vip, .members = members};
        for (const forwarding::BackendIndex member : members)
            for (const config::Alias& alias : config.pools[0].backends[member].aliases)
                if (alias.service == service.name)
                    in.aliases.push_back({.backend = member,
                                          .address = alias.address,
                                          .mac = testlib::place::server_mac(member)});
        in.affinity = service.affinity == config::Affinity::sa ? forwarding::Affinity::sa
                                                               : forwarding::Affinity::source;
        in.ask_all_rate = service.ask_all_per_second;
        if (!service.vip.is_v4()) in.uplink = testlib::place::v6_gateway;
        spec.services.push_back(in);
    }
    return spec;
}

forwarding::AbuseLimits narrowed(forwarding::AbuseLimits limits) {
    for (forwarding::Rate* const one :
         {&limits.requests_per_source, &limits.requests_per_backend, &limits.logins_per_source,
          &limits.unknown_pairs_per_backend, &limits.fragments_per_source,
          &limits.pending_per_source}) {
        one->per_second /= 10;
        one->burst /= 10;
    }
    // Else one source alone has what a server keeps for all logins without a COOKIE.
    limits.requests_per_source.burst /= 2;
    return limits;
}

forwarding::Mode mode_of(Drain drain) {
    switch (drain) {
        case Drain::none: return forwarding::Mode::enabled;
        case Drain::keep: return forwarding::Mode::drain_keep;
        case Drain::refuse: return forwarding::Mode::drain_refuse;
    }
    return forwarding::Mode::enabled;
}

class Product final : public Balancer {
public:
    explicit Product(const Site& site)
        : site_{site},
          addresses_{site},
          config_{configuration(site, addresses_)},
          drains_(static_cast<std::size_t>(site.servers), Drain::none) {
        testlib::TableSpec spec = farm(config_, site.is_v6 || site.is_dual);
        if (site.is_narrow) spec.limits = narrowed(spec.limits);
        begin(std::move(spec));
    }

    std::vector<int> to_servers(const Datagram& datagram) override;
    std::optional<Way> to_client(int server, const Datagram& datagram) override;
    void advance(Seconds seconds) override { bench_->advance(seconds); }
    void set_up(int server, bool is_up) override {
        testlib::BackendSpec& backend = bench_->spec.backends.at(static_cast<std::size_t>(server));
        backend.is_up = backend.is_up6 = is_up;
        bench_->apply();
    }
    void set_drain(int server, Drain drain) override {
        drains_.at(static_cast<std::size_t>(server)) = drain;
        modes_.set(server_name(server), mode_of(drain), *registry_);
        apply_modes();
    }
    void place_on(int server) override {
        placed_on_ = server;
        apply_modes();
    }
    void place_freely() override {
        placed_on_.reset();
        apply_modes();
    }
    void restart(bool is_saved) override;
    int hash(const Address& address) const override;
    bool is_established(const Pair& ike_sa) const override;
    bool tells_apart(const Datagram& one, const Datagram& other) const override;
    std::string last_verdict() const override { return testlib::name(last_); }

private:
    void begin(testlib::TableSpec spec);
    std::vector<int> to_servers(const Bytes& bytes, std::size_t worker);
    void apply_modes();
    std::chrono::sys_seconds wall_clock() const {
        return start_of_wall_clock + std::chrono::seconds{bench_->now()};
    }
    std::vector<std::uint8_t> save() const;
    void restore(std::span<const std::uint8_t> bytes);
    /// As a NIC deals: by the sender's address.
    std::size_t worker(int sender) const {
        return static_cast<std::size_t>(sender % site_.workers);
    }
    int server_at(const net::IpAddress& address) const;
    /// Of those of the VIP's family.
    std::size_t first_gateway(int vip) const {
        return addresses_.is_v6(vip) ? testlib::place::v6_gateway - 1 : 0;
    }
    Way way_of(const testlib::Dissected& packet) const;
    void compare(const Bytes& sent, const Bytes& left) const;

    Site site_;
    Addresses addresses_;
    config::Config config_;
    std::vector<Drain> drains_;
    std::optional<int> placed_on_{};
    std::unique_ptr<Bench> bench_;
    std::unique_ptr<table::IndexRegistry> registry_;
    table::BackendModes modes_;
    pipeline::Verdict last_ = pipeline::Verdict::undecided;
};

void Product::begin(testlib::TableSpec spec) {
    sessions::SessionLimits limits = Bench::usual_limits;
    if (site_.is_narrow) limits.flows = limits.ike_sas = 64;
    if (site_.has_room) limits.flows = 16384;
    bench_ =
        std::make_unique<Bench>(std::move(spec), static_cast<std::size_t>(site_.workers), limits);
    registry_ = std::make_unique<table::IndexRegistry>();
    registry_->update(config_).value();
    std::vector<table::GatewayName> gateways;
    for (const testlib::NeighbourSpec& gateway : bench_->spec.gateways)
        gateways.emplace_back(gateway.interface, gateway.address);
    registry_->update_gateways(gateways);
    modes_ = {};
    for (int server = 0; server < site_.servers; ++server)
        bench_->spec.backends[static_cast<std::size_t>(server)].generation =
            registry_->backend(server_name(server)).value().generation;
    bench_->apply();
}

void Product::apply_modes() {
    for (int server = 0; server < site_.servers; ++server) {
        const auto index = static_cast<std::size_t>(server);
        const bool is_shut = placed_on_ && *placed_on_ != server;
        const Drain drain = is_shut ? Drain::refuse : placed_on_ ? Drain::none : drains_[index];
        bench_->spec.backends[index].mode = mode_of(drain);
    }
    bench_->apply();
}

std::vector<int> Product::to_servers(const Datagram& datagram) {
    const auto& gateways = bench_->spec.gateways;
    const std::size_t first = first_gateway(datagram.vip);
    Bytes payload =
        testlib::udp_payload(datagram.kind, datagram.place.nat_t, datagram.ike, datagram.esp);
    // Over IPv6 nothing but the last part is small.
    constexpr std::size_t cut_bytes = 1400, part_bytes = 1232;
    if (datagram.cut_as != 0) payload.resize(cut_bytes);
    PacketBuilder packet =
        testlib::to_vip(addresses_.client(datagram.place.client).c_str(), datagram.place.port,
                        datagram.place.nat_t ? 4500 : 500, std::move(payload));
    packet.to_ip(addresses_.vip(datagram.vip))
        .mac(gateways.at(first + static_cast<std::size_t>(datagram.gateway)).mac,
             testlib::place::ext_mac());
    if (datagram.kind == Kind::esp) packet.no_udp_checksum();
    const std::size_t worker = this->worker(datagram.place.client.number);
    if (datagram.cut_as == 0) return to_servers(packet.build(), worker);
    packet.identification(datagram.cut_as);
    std::vector<int> whole_at;
    for (const Bytes& part : testlib::fragments_of(packet, part_bytes)) {
        const std::vector<int> servers = to_servers(part, worker);
        const bool is_first = whole_at.empty();
        if (servers.empty() || (!is_first && servers.front() != whole_at.front())) return {};
        whole_at = {servers.front()};
    }
    return whole_at;
}

std::vector<int> Product::to_servers(const Bytes& bytes, std::size_t worker) {
    const testlib::Outcome outcome =
        bench_->run({.bytes = bytes, .port = testlib::place::wan}, worker);
    last_ = outcome.verdict;
    if (outcome.fate() != pipeline::Disposition::forward) return {};
    std::vector<Bytes> frames{outcome.bytes};
    frames.insert(frames.end(), outcome.copies.begin(), outcome.copies.end());
    std::vector<int> servers;
    for (const Bytes& frame : frames) {
        compare(bytes, frame);
        servers.push_back(server_at(testlib::dissect(frame).to));
    }
    return servers;
}

std::optional<Way> Product::to_client(int server, const Datagram& datagram) {
    const std::string client = addresses_.client(datagram.place.client);
    const std::uint16_t port = datagram.place.nat_t ? 4500 : 500;
    PacketBuilder packet = PacketBuilder{}
                               .ip(client.c_str(), client.c_str())
                               .udp(port, datagram.place.port)
                               .payload(testlib::udp_payload(datagram.kind, datagram.place.nat_t,
                                                             datagram.ike, datagram.esp));
    packet.from_ip(addresses_.alias(server, site_.has_aliases ? datagram.vip : 0));
    if (datagram.kind == Kind::esp) packet.no_udp_checksum();
    const testlib::Input input{.bytes = bench_->server_side(packet).build(),
                               .port = bench_->server_port()};
    const testlib::Outcome outcome = bench_->run(input, worker(server));
    last_ = outcome.verdict;
    if (outcome.fate() != pipeline::Disposition::forward) return std::nullopt;
    const testlib::Dissected left = outcome.packet();
    if (left.to != testlib::address(client.c_str()) || left.to_port != datagram.place.port)
        throw std::logic_error{"a reply left for somebody else"};
    compare(input.bytes, outcome.bytes);
    return way_of(left);
}

int Product::server_at(const net::IpAddress& address) const {
    for (int server = 0; server < site_.servers; ++server)
        if (std::ranges::count(
                config_.pools[0].backends[static_cast<std::size_t>(server)].addresses(), address) >
            0)
            return server;
    throw std::logic_error{"a client's datagram left for nobody's server"};
}

Way Product::way_of(const testlib::Dissected& packet) const {
    Way way{.vip = -1, .gateway = -1};
    for (int vip = 0; vip < site_.vips; ++vip)
        if (packet.from == addresses_.vip(vip)) way.vip = vip;
    const std::size_t first = first_gateway(way.vip);
    const auto& gateways = bench_->spec.gateways;
    for (std::size_t gateway = first; gateway < gateways.size() && way.gateway < 0; ++gateway)
        if (gateways[gateway].mac == packet.to_mac) way.gateway = static_cast<int>(gateway - first);
    if (way.vip < 0 || way.gateway < 0) throw std::logic_error{"a reply left in a way of its own"};
    return way;
}

void Product::compare(const Bytes& sent, const Bytes& left) const {
    if (!std::ranges::equal(testlib::content(sent), testlib::content(left)))
        throw std::logic_error{"a datagram left with other bytes"};
}

std::vector<std::uint8_t> Product::save() const {
    const auto view = state::make_view({.config = config_,
                                        .registry = *registry_,
                                        .modes = modes_,
                                        .table = bench_->table(),
                                        .now = bench_->now(),
                                        .wall_clock = wall_clock()});
    return testlib::saved_state(bench_->sessions(), view);
}

void Product::restart(bool is_saved) {
    const auto saved = is_saved ? save() : std::vector<std::uint8_t>{};
    const Seconds now = bench_->now();
    begin(bench_->spec);
    bench_->set_now(now);
    if (is_saved) restore(saved);
    for (int server = 0; server < site_.servers; ++server)
        modes_.set(server_name(server), mode_of(drains_[static_cast<std::size_t>(server)]),
                   *registry_);
    bench_->apply();
}

void Product::restore(std::span<const std::uint8_t> bytes) {
    const auto state = state::decode(bytes);
    if (!state) throw std::logic_error{"its own state file is refused"};
    state::restore_state(*state, {.config = config_,
                                  .registry = *registry_,
                                  .modes = modes_,
                                  .sessions = bench_->sessions(),
                                  .timeouts = bench_->table().timeouts,
                                  .now = bench_->now(),
                                  .wall_clock = wall_clock()});
}

int Product::hash(const Address& address) const {
    const forwarding::ForwardingTable& table = bench_->table();
    const auto& list = table.services[0].maglev;
    const net::IpAddress client = testlib::address(addresses_.client(address).c_str());
    return list[forwarding::maglev_index(
        net::keyed_hash(client.low(), client.high(), table.hash_key), list.size())];
}

bool Product::is_established(const Pair& ike_sa) const {
    const auto record = bench_->sessions().ike_sas.find(
        sessions::IkeSaKey{net::be64::from_host(ike_sa.initiator).wire(),
                           net::be64::from_host(ike_sa.responder).wire()},
        bench_->table().timeouts, bench_->now());
    return record && record->state == sessions::SaState::established;
}

bool Product::tells_apart(const Datagram& one, const Datagram& other) const {
    const auto tag = [&](const Datagram& datagram) {
        const auto key =
            sessions::esp_key(testlib::address(addresses_.client(datagram.place.client).c_str()),
                              net::be32::from_host(datagram.esp.spi));
        const auto frontend = static_cast<forwarding::FrontendIndex>(2 * datagram.vip + 1);
        return sessions::claim_tag(key.narrow(), net::be16::from_host(datagram.place.port),
                                   frontend, bench_->table().hash_key);
    };
    return tag(one) != tag(other);
}

}  // namespace

std::unique_ptr<Balancer> make_product(const Site& site) {
    return std::make_unique<Product>(site);
}

}  // namespace ikelb::village
