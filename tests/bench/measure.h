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

/// Packets loaded at once. warm: few enough for the second cache to hold buffers and headers; cold:
/// so many that the first have left the caches when the last has been loaded.
inline constexpr std::size_t warm_packets = 256, cold_packets = 65536;

/// A sum of timed pieces of work that leaves out those in which the machine did something else:
/// they took more than four times the median. Nothing that the packet path does by itself is so
/// rare and so long.
class Pieces {
public:
    void add(std::uint64_t cycles) { cycles_.push_back(cycles); }
    /// Of a piece, on average.
    double mean();
    std::size_t left_out() const noexcept { return left_out_; }

private:
    std::vector<std::uint64_t> cycles_;
    std::size_t left_out_ = 0;
};

/// Runs a stream through a lane: loading packets is not timed, their way is, 256 of them at a time
/// whatever the burst. Of each 256 one packet's output is verified.
class Measurement {
public:
    Measurement(Stream& stream, Lane& lane, std::size_t burst, Headers headers)
        : stream_{stream}, lane_{lane}, burst_{burst}, headers_{headers} {}

    /// TSC cycles per packet over at least so many packets, which go on where the last call ended.
    /// Throws std::runtime_error if a packet was not forwarded or a sample is wrong.
    double cycles_per_packet(std::size_t packets);
    /// The same way for packets that are counted by another means; returns how many there were.
    std::size_t walk(std::size_t pieces, bool is_warm_up);
    /// The share of the last call's packets that Pieces has left out.
    double interrupted() const noexcept { return interrupted_; }

private:
    void load_and_run(std::size_t count, Pieces& pieces);

    Stream& stream_;
    Lane& lane_;
    std::size_t burst_;
    Headers headers_;
    std::size_t next_ = 0, sample_ = 0;
    double interrupted_ = 0;
};

}  // namespace ikelb::bench
