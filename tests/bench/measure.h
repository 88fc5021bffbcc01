// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

#include <cstdint>
#include <vector>

#include "tests/bench/stream.h"

namespace ikelb::bench {

/// The middle of repeated measurements and how far they lie apart.
struct Median {
    double value = 0;
    double spread = 0;  ///< (largest - smallest) / median
};
Median median_of(std::vector<double> values);

/// Headers of packets in the caches, as where a driver has just written them; or in memory.
enum class Headers : std::uint8_t { warm, cold };

/// Packets in one timed piece. warm: few enough for the second cache to hold buffers and headers;
/// cold: so many that the first have left the caches when the last has been loaded.
inline constexpr std::size_t warm_packets = 256, cold_packets = 65536;

/// Runs a stream through a lane, piece by piece: loading a piece is not timed, its packets' way is.
/// Of each piece one packet's output is verified.
class Measurement {
public:
    Measurement(Stream& stream, Lane& lane, std::size_t burst, Headers headers)
        : stream_{stream}, lane_{lane}, burst_{burst}, headers_{headers} {}

    /// TSC cycles per packet over at least so many packets, which go on where the last call ended.
    /// Throws std::runtime_error if a packet was not forwarded or a sample is wrong.
    double cycles_per_packet(std::size_t packets);

private:
    std::uint64_t piece(std::size_t count);

    Stream& stream_;
    Lane& lane_;
    std::size_t burst_;
    Headers headers_;
    std::size_t next_ = 0, sample_ = 0;
};

}  // namespace ikelb::bench
