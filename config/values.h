// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

// The types of configuration values that the standard library lacks.

#include <boost/describe/enum.hpp>
#include <cstdint>

#include "dataplane/net/address.h"

namespace ikelb::config {

/// The line of a setting in the file: 1-based; 0: the file does not have the setting. All lines are
/// equal, so that structs with a line compare by meaning.
struct SourceLine {
    int number = 0;
    friend constexpr bool operator==(SourceLine, SourceLine) noexcept { return true; }
};

/// The peers behind an interface; `both` is the one-armed set-up.
enum class Side { clients, servers, both };
BOOST_DESCRIBE_ENUM(Side, clients, servers, both)

/// When ikelb serves a VIP: while the kernel has its address, or always.
enum class Announce { address, always };
BOOST_DESCRIBE_ENUM(Announce, address, always)

/// How a client without a record finds its backend.
enum class Scheduler { maglev, weighted_round_robin, least_sas };
BOOST_DESCRIBE_ENUM(Scheduler, maglev, weighted_round_robin, least_sas)

/// The unit that keeps to one backend: a client address with all its SAs, or each SA by itself.
enum class Affinity { source, sa };
BOOST_DESCRIBE_ENUM(Affinity, source, sa)

/// Whether a backend whose health check fails keeps its recorded clients.
enum class OnDown { keep, flush };
BOOST_DESCRIBE_ENUM(OnDown, keep, flush)

/// Whether DPDK takes its memory from huge pages; `auto_`: if there are any.
enum class HugePages { auto_, on, off };
BOOST_DESCRIBE_ENUM(HugePages, auto_, on, off)

/// A worker without packets sleeps, longer and longer up to 1 ms, or polls on.
enum class Idle { sleep, poll };
BOOST_DESCRIBE_ENUM(Idle, sleep, poll)

enum class LogLevel { debug, info, warning, error };
BOOST_DESCRIBE_ENUM(LogLevel, debug, info, warning, error)

struct Endpoint {
    net::IpAddress address{};
    std::uint16_t port = 0;  ///< host byte order
    friend bool operator==(const Endpoint&, const Endpoint&) = default;
};

/// Events per second on average, and the most at once.
struct Rate {
    std::uint32_t per_second = 0;
    std::uint32_t burst = 0;
    friend bool operator==(const Rate&, const Rate&) = default;

    static void rows(auto& keys) {
        keys.add("per_second", &Rate::per_second,
                 {.range = {1, 10'000'000}, .unit = "a second", .example = "200"},
                 "The average.");
        keys.add("burst", &Rate::burst,
                 {.range = {1, 10'000'000}, .unit = "at once", .example = "2000"},
                 "The number at once after a pause.");
    }
};

/// Inclusive, host byte order.
struct PortRange {
    std::uint16_t first = 0;
    std::uint16_t last = 65535;
    friend bool operator==(const PortRange&, const PortRange&) = default;
};

/// A protocol and a range of ports, of one of our own addresses or of a destination.
struct OpenPort {
    std::uint8_t protocol = 0;  ///< IP protocol number; 0: any
    PortRange ports{};
    friend bool operator==(const OpenPort&, const OpenPort&) = default;
};

}  // namespace ikelb::config
