// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

// The types that the values of the configuration have, where the standard library has none.

#include <boost/describe/enum.hpp>
#include <cstdint>

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
BOOST_DESCRIBE_ENUM(Side, clients, servers, both)

/// When a VIP is served: while the kernel has its address, or regardless of the kernel.
enum class Announce { address, always };
BOOST_DESCRIBE_ENUM(Announce, address, always)

/// How a client nobody has recorded yet finds its backend.
enum class Scheduler { maglev, weighted_round_robin, least_sas };
BOOST_DESCRIBE_ENUM(Scheduler, maglev, weighted_round_robin, least_sas)

/// What keeps to one backend: a client address with all its SAs, or each SA by itself.
enum class Affinity { source, sa };
BOOST_DESCRIBE_ENUM(Affinity, source, sa)

/// What becomes of the recorded clients of a backend whose health check fails.
enum class OnDown { keep, flush };
BOOST_DESCRIBE_ENUM(OnDown, keep, flush)

/// Whether DPDK takes its memory from huge pages; `auto_`: if there are any.
enum class HugePages { auto_, on, off };
BOOST_DESCRIBE_ENUM(HugePages, auto_, on, off)

/// What a worker does that finds no packet: sleep, longer and longer up to 1 ms, or poll on.
enum class Idle { sleep, poll };
BOOST_DESCRIBE_ENUM(Idle, sleep, poll)

enum class LogLevel { debug, info, warning, error };
BOOST_DESCRIBE_ENUM(LogLevel, debug, info, warning, error)

/// Where a TCP server listens.
struct Endpoint {
    net::IpAddress address{};
    std::uint16_t port = 0;  ///< host byte order
    friend bool operator==(const Endpoint&, const Endpoint&) = default;
};

/// Events a second on average, and how many at once.
struct Rate {
    std::uint32_t per_second = 0;
    std::uint32_t burst = 0;
    friend bool operator==(const Rate&, const Rate&) = default;

    /// Of the map that a rate may be written as.
    static void rows(auto& keys) {
        keys.add("per_second", &Rate::per_second,
                 {.range = {1, 10'000'000}, .unit = "a second", .example = "200"},
                 "The average.");
        keys.add("burst", &Rate::burst,
                 {.range = {1, 10'000'000}, .unit = "at once", .example = "2000"},
                 "The number at once after a pause.");
    }
};

/// From first to last, inclusive, host byte order.
struct PortRange {
    std::uint16_t first = 0;
    std::uint16_t last = 65535;
    friend bool operator==(const PortRange&, const PortRange&) = default;
};

/// A protocol and a range of ports of one of our own addresses or of a destination.
struct OpenPort {
    std::uint8_t protocol = 0;  ///< IP protocol number; 0: any
    PortRange ports{};
    friend bool operator==(const OpenPort&, const OpenPort&) = default;
};

}  // namespace ikelb::config
