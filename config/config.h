// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

// The configuration as a passive value: what the operator wrote, with the defaults filled in.
// It knows nothing of YAML (parse.h), of what is sensible (validate.h) or of what runs. Two
// configurations are equal when they mean the same; where they were written does not count.
// Keys, units, ranges and what a change does to live tunnels: schema.h.

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "config/text/address.h"
#include "dataplane/net/address.h"

namespace ikelb::config {

/// Where something was written: a 1-based line of the file, 0 when it was not written at all.
/// Equal to every other one, so that structs which carry it compare by meaning.
struct SourceLine {
    int number = 0;
    friend constexpr bool operator==(SourceLine, SourceLine) noexcept { return true; }
};

/// Which peers an interface leads to; `both` is the one-armed set-up.
enum class Side { clients, servers, both };

/// When a VIP is served: while the kernel has its address, or regardless of the kernel.
enum class Announce { address, always };

/// How a client nobody has recorded yet finds its backend.
enum class Scheduler { maglev, weighted_round_robin, least_sas };

/// What keeps to one backend: a client address with all its SAs, or each SA by itself.
enum class Affinity { source, sa };

/// What becomes of the recorded clients of a backend whose health check fails.
enum class OnDown { keep, flush };

/// Whether DPDK takes its memory from huge pages; `automatic` (YAML: auto): if there are any.
enum class HugePages { automatic, on, off };

/// What a worker does that finds no packet: sleep, longer and longer up to 1 ms, or poll on.
enum class Idle { sleep, poll };

enum class LogLevel { debug, info, warning, error };

/// A DPDK port.
struct Port {
    std::string name{};
    std::string device{};  ///< a vdev string with its arguments, or a PCI address
    std::uint16_t mtu = 1500;
    std::optional<net::MacAddress> mac{};  ///< absent: the NIC's own, or a derived one
    SourceLine line{};
    friend bool operator==(const Port&, const Port&) = default;
};

/// A logical layer-3 interface: a port, or one VLAN of it, with a twin of this name in the kernel.
struct Interface {
    std::string name{};
    std::string port{};        ///< Port::name
    std::uint16_t vlan = 0;  ///< 802.1Q tag, 0 is untagged
    std::vector<net::IpPrefix> addresses{};  ///< host bits kept: 198.51.100.1/24
    Side side = Side::clients;
    std::vector<net::MacAddress> server_macs{};  ///< further ones of servers; of Side::both alone
    SourceLine line{};
    friend bool operator==(const Interface&, const Interface&) = default;
};

/// A route ikelb puts into the kernel.
struct Route {
    net::IpPrefix to{};
    net::IpAddress via{};
    std::optional<std::string> dev{};  ///< Interface::name; absent: the kernel finds it by `via`
    SourceLine line{};
    friend bool operator==(const Route&, const Route&) = default;
};

/// How a server marks the SPIs that it chooses. All zero: it marks none.
struct SpiLabel {
    std::uint64_t ike_mask = 0;   ///< as strongSwan's charon.spi_mask
    std::uint64_t ike_value = 0;  ///< as strongSwan's charon.spi_label
    std::uint32_t esp_first = 0;  ///< inclusive
    std::uint32_t esp_last = 0;
    SourceLine line{};
    friend bool operator==(const SpiLabel&, const SpiLabel&) = default;

    bool is_set() const noexcept { return *this != SpiLabel{}; }
};

/// A further address of a server, at which it is sent one service's traffic alone.
struct Alias {
    std::string service{};  ///< Service::name
    net::IpAddress address{};
    SourceLine line{};
    friend bool operator==(const Alias&, const Alias&) = default;
};

struct Backend {
    std::string name{};
    net::IpAddress address{};
    std::optional<net::IpAddress> address6{};  ///< besides an IPv4 `address`
    std::uint16_t weight = 100;  ///< 0: gets no new clients
    std::vector<Alias> aliases{};
    SpiLabel spi_label{};
    SourceLine line{};

    /// Its own of that family; nullptr: it has none.
    const net::IpAddress* own_address(bool is_v4) const noexcept {
        if (address.is_v4() == is_v4) return &address;
        return address6 && address6->is_v4() == is_v4 ? &*address6 : nullptr;
    }
    /// All that it has: its own, then the aliases.
    std::vector<net::IpAddress> addresses() const {
        std::vector<net::IpAddress> all{address};
        if (address6) all.push_back(*address6);
        for (const Alias& alias : aliases) all.push_back(alias.address);
        return all;
    }
    friend bool operator==(const Backend&, const Backend&) = default;
};

/// ICMP echo probe of every backend of a pool.
struct IcmpHealth {
    std::chrono::milliseconds interval{std::chrono::seconds{5}};
    std::chrono::milliseconds timeout{std::chrono::seconds{2}};
    std::uint16_t fall = 3;  ///< failures in a row until down
    std::uint16_t rise = 2;  ///< answers in a row until up
    SourceLine line{};
    friend bool operator==(const IcmpHealth&, const IcmpHealth&) = default;
};

struct Health {
    std::optional<IcmpHealth> icmp = IcmpHealth{};  ///< absent (YAML: `health: none`): always up
    SourceLine line{};
    friend bool operator==(const Health&, const Health&) = default;
};

struct Pool {
    std::string name{};
    std::vector<Backend> backends{};
    OnDown on_down = OnDown::keep;
    Health health{};
    SourceLine line{};
    friend bool operator==(const Pool&, const Pool&) = default;
};

/// A protocol and a range of ports of one of our own addresses or of a destination.
struct OpenPort {
    std::uint8_t protocol = 0;  ///< IP protocol number; 0: any
    std::uint16_t first = 0;    ///< host byte order, inclusive
    std::uint16_t last = 65535;
    friend bool operator==(const OpenPort&, const OpenPort&) = default;
};

/// A VIP and the pool behind it, for UDP 500 and 4500.
struct Service {
    std::string name{};
    net::IpAddress vip{};
    Announce announce = Announce::address;
    std::string interface{};  ///< Interface::name: where the VIP is put, and its uplink
    std::string pool{};       ///< Pool::name
    Scheduler scheduler = Scheduler::maglev;
    Affinity affinity = Affinity::source;
    std::uint8_t affinity_prefix_v4 = 32;  ///< bits of an IPv4 address that make one client
    std::uint8_t affinity_prefix_v6 = 128;
    std::uint32_t ask_all_per_second = 50;
    std::vector<OpenPort> host_ports{};  ///< of the VIP that the kernel may be asked at
    SourceLine line{};
    friend bool operator==(const Service&, const Service&) = default;
};

/// Transit that may begin on the clients' side.
struct AllowRule {
    net::IpPrefix from{};
    net::IpPrefix to{};
    OpenPort port{};
    bool is_established = false;  ///< of TCP only segments with ACK or RST
    SourceLine line{};
    friend bool operator==(const AllowRule&, const AllowRule&) = default;
};

/// Routed traffic that is no service's.
struct Transit {
    bool is_open = false;  ///< YAML: `transit: open`; whoever filters upstream
    std::vector<AllowRule> allow{};
    SourceLine line{};
    friend bool operator==(const Transit&, const Transit&) = default;
};

/// An own address that clients' side may reach though it is not the ingress interface's.
struct OwnService {
    net::IpAddress address{};
    net::IpPrefix from{};
    OpenPort port{};
    SourceLine line{};
    friend bool operator==(const OwnService&, const OwnService&) = default;
};

/// The lcores of the fast path.
struct Workers {
    std::uint16_t count = 1;
    std::vector<std::uint16_t> cpus{};  ///< empty: not pinned; else as many as `count`
    Idle idle = Idle::sleep;
    SourceLine line{};
    friend bool operator==(const Workers&, const Workers&) = default;
};

struct Dpdk {
    std::uint32_t memory_mib = 256;  ///< YAML: memory; used without huge pages
    HugePages huge_pages = HugePages::automatic;
    std::vector<std::string> eal_args{};  ///< appended to EAL's command line as they are
    SourceLine line{};
    friend bool operator==(const Dpdk&, const Dpdk&) = default;
};

/// Sizes of the tables, in records. Fixed at start: nothing is allocated afterwards.
struct Limits {
    std::uint32_t flows = 262144;
    std::uint32_t bindings = 262144;
    std::uint32_t pairs = 262144;
    std::uint32_t esp_spis = 262144;
    std::uint32_t half_open = 65536;
    std::uint32_t fragments = 4096;
    std::uint32_t transit = 262144;
    SourceLine line{};
    friend bool operator==(const Limits&, const Limits&) = default;
};

/// How long a record lives after the last packet that refreshes it.
struct Timeouts {
    std::chrono::milliseconds flow{std::chrono::minutes{45}};
    std::chrono::milliseconds half_open{std::chrono::seconds{30}};
    std::chrono::milliseconds half_open_answered{std::chrono::seconds{75}};
    std::chrono::milliseconds answered{std::chrono::minutes{5}};
    std::chrono::milliseconds pair{std::chrono::hours{24}};
    std::chrono::milliseconds pending{std::chrono::seconds{10}};
    std::chrono::milliseconds fragment{std::chrono::seconds{5}};
    std::chrono::milliseconds delete_hint{std::chrono::minutes{3}};
    std::chrono::milliseconds transit_tcp{std::chrono::minutes{124}};
    std::chrono::milliseconds transit_tcp_opening{std::chrono::minutes{4}};
    std::chrono::milliseconds transit_udp{std::chrono::minutes{5}};
    std::chrono::milliseconds transit_icmp{std::chrono::minutes{1}};
    std::chrono::milliseconds transit_other{std::chrono::minutes{10}};
    std::chrono::milliseconds transit_grace{std::chrono::minutes{1}};  ///< 0: none
    SourceLine line{};
    friend bool operator==(const Timeouts&, const Timeouts&) = default;
};

/// Events a second on average, and how many at once.
struct Rate {
    std::uint32_t per_second = 0;
    std::uint32_t burst = 0;
    friend bool operator==(const Rate&, const Rate&) = default;
};

/// What strangers may do, all workers together.
struct Abuse {
    Rate requests_per_source{200, 2000};
    Rate requests_per_backend{2000, 4000};
    Rate logins_per_source{10, 2000};
    Rate unknown_pairs_per_backend{100, 200};
    Rate opened_by_backends{200, 200};
    Rate half_open_inserts{8000, 16000};
    Rate fragments_per_source{2000, 2000};
    Rate pending_per_source{100, 500};
    friend bool operator==(const Abuse&, const Abuse&) = default;
};

/// The file that keeps tunnels through a restart.
struct State {
    bool is_kept = true;                ///< false (YAML: `state: none`): nothing is saved
    std::optional<std::string> file{};  ///< absent: the daemon looks for its state directory
    std::chrono::milliseconds interval{std::chrono::seconds{10}};
    SourceLine line{};
    friend bool operator==(const State&, const State&) = default;
};

struct Admin {
    std::string socket = "/run/ikelb/admin.sock";  ///< path of the UNIX socket
    SourceLine line{};
    friend bool operator==(const Admin&, const Admin&) = default;
};

/// Where a TCP server listens.
struct Endpoint {
    net::IpAddress address{};
    std::uint16_t port = 0;  ///< host byte order
    friend bool operator==(const Endpoint&, const Endpoint&) = default;
};

struct Metrics {
    /// Absent (YAML: `metrics: none`): no metrics server. Default 127.0.0.1:9465.
    std::optional<Endpoint> listen = Endpoint{.address = *text::parse_address("127.0.0.1"),
                                              .port = 9465};
    SourceLine line{};
    friend bool operator==(const Metrics&, const Metrics&) = default;
};

struct Log {
    LogLevel level = LogLevel::info;
    SourceLine line{};
    friend bool operator==(const Log&, const Log&) = default;
};

struct Config {
    std::vector<Port> ports{};
    std::vector<Interface> interfaces{};
    std::vector<Route> routes{};
    std::vector<net::IpPrefix> inside_prefixes{};
    Transit transit{};
    std::vector<OwnService> own_services{};
    std::vector<Pool> pools{};
    std::vector<Service> services{};
    Workers workers{};
    Dpdk dpdk{};
    Limits limits{};
    Timeouts timeouts{};
    Abuse abuse{};
    State state{};
    Admin admin{};
    Metrics metrics{};
    Log log{};
    std::uint32_t maglev_table_size = 65537;  ///< a prime
    SourceLine inside_prefixes_line{};
    SourceLine maglev_table_size_line{};
    friend bool operator==(const Config&, const Config&) = default;
};

}  // namespace ikelb::config
