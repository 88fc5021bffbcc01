// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

#include <cstdint>
#include <vector>

#include "tests/bench/quiet.h"
#include "tests/bench/stream.h"

namespace ikelb::bench {

/// The middle of repeated measurements and how far they lie apart.
struct Median {
    double value = 0;
    double spread = 0;  ///< (largest - smallest) / median
};
Median median_of(std::vector<double> values);

/// A run's result, what it would be if everything counted, and the share of it that went while the
/// core was not quiet.
struct Sample {
    double value = 0;
    double unfiltered = 0;
    double disturbed = 0;

    /// For a quarter of the time or more.
    bool is_quiet() const noexcept { return disturbed <= 0.75; }
    /// Of a thing that there are so many of in what was measured.
    Sample each(double count) const noexcept {
        return {.value = value / count, .unfiltered = unfiltered / count, .disturbed = disturbed};
    }
};
/// Of those runs that were quiet for a quarter of the time or more; of all if none was.
struct QuietMedian : Median {
    double unfiltered = 0;     ///< the median of all runs' unfiltered means
    std::size_t runs = 0;      ///< that count
    double disturbed = 0;      ///< the share of all runs
};
QuietMedian median_of(const std::vector<Sample>& samples);

/// Headers of packets in the caches, as where a driver has just written them; or in memory.
enum class Headers : std::uint8_t { warm, cold };

/// Packets loaded at once. warm: few enough for the second cache to hold buffers and headers; cold:
/// so many that the first have left the caches when the last has been loaded.
inline constexpr std::size_t warm_packets = 256, cold_packets = 65536;

/// Packets that go untimed before a run, so that nothing of what ran before is left in caches and
/// page walkers: without them whoever comes first after others pays a fifth more and above.
constexpr std::size_t warm_up_of(std::size_t flows) noexcept {
    return flows < std::size_t{1} << 24 ? std::size_t{1} << 16 : std::size_t{1} << 19;
}

/// A sum of timed pieces of work that leaves out those in which something else went on: the core
/// was not quiet before or after, or they took more than four times the median of the rest. Nothing
/// that the packet path does by itself is so rare and so long. If hardly any piece was quiet, all
/// count: the machine shows no better.
class Pieces {
public:
    /// all: whatever went on counts, as where the own work may be what disturbs.
    enum class Keep : std::uint8_t { quiet, all };
    explicit Pieces(Keep keep = Keep::quiet) : keep_{keep} {}

    /// Times the work, which returns TSC cycles, if it is wanted between two looks at the core.
    template <typename Work>
    void time(Work&& work) {
        const bool was_quiet = is_quiet();
        const std::uint64_t cycles = work();
        (was_quiet && is_quiet() ? quiet_ : disturbed_).push_back(cycles);
    }
    /// Of a piece, on average.
    double mean() const;
    /// The same of all pieces, whatever disturbed them.
    double unfiltered_mean() const;
    Sample sample() const {
        return {.value = mean(), .unfiltered = unfiltered_mean(), .disturbed = disturbed()};
    }
    /// The share of the pieces in which the core was not quiet.
    double disturbed() const noexcept;

private:
    bool is_quiet() const noexcept { return keep_ == Keep::all || is_core_quiet(); }
    bool are_quiet_enough() const noexcept { return quiet_.size() * 8 >= disturbed_.size(); }

    Keep keep_;
    std::vector<std::uint64_t> quiet_, disturbed_;
};

/// Runs a stream through a lane: loading packets is not timed, their way is, 256 of them at a time
/// whatever the burst. Of each 256 one packet's output is verified.
class Measurement {
public:
    Measurement(Stream& stream, Lane& lane, std::size_t burst, Headers headers)
        : stream_{stream}, lane_{lane}, burst_{burst}, headers_{headers} {}

    /// TSC cycles per packet over at least so many packets, which go on where the stream's last
    /// ended: three times as many if the core is quiet too seldom. Throws std::runtime_error if a
    /// packet was not forwarded or a sample is wrong.
    Sample cycles_per_packet(std::size_t packets, Pieces::Keep keep = Pieces::Keep::quiet);
    /// The same way for packets that are counted by another means; returns how many there were.
    std::size_t walk(std::size_t pieces, bool is_warm_up);
    /// Packets as many as warm_up_of() says, untimed, of a worker that begins with them.
    void warm_up();

private:
    void load_and_run(std::size_t count, Pieces& pieces);

    Stream& stream_;
    Lane& lane_;
    std::size_t burst_;
    Headers headers_;
    std::size_t sample_ = 0;
};

}  // namespace ikelb::bench
