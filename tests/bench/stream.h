// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

#include <utility>
#include <vector>

#include "tests/bench/lane.h"

namespace ikelb::bench {

/// What a stream holds besides ESP of established clients.
enum class Mix : std::uint8_t {
    esp,    ///< nothing
    mixed,  ///< 1 % IKE, 0.1 % fragments, 1 % ESP of an SPI that is seen for the first time
};

struct StreamOptions {
    Towards towards = Towards::server;
    Mix mix = Mix::esp;
    std::size_t esp_frame = 64;
    /// 0: as many as the size of the frames allows, see least_packets, and 2 M of many flows.
    std::size_t packets = 0;
    std::uint64_t seed = 1;
    /// Of clients that are dealt at random to so many parts, those of one part.
    std::size_t part = 0, parts = 1;
};

/// Packets of a town's established clients, each of a client drawn at random, made beforehand: so
/// many that neither a cache nor a branch predictor learns them by heart.
class Stream {
public:
    static constexpr std::size_t least_packets = std::size_t{1} << 16;
    static constexpr std::size_t most_packets = std::size_t{1} << 19;

    Stream(const Town& town, const StreamOptions& options);

    std::size_t packets() const noexcept { return entries_.size(); }
    /// Of an ESP frame.
    std::size_t esp_frame() const noexcept { return frames_.esp_frame(); }
    Towards towards() const noexcept { return options_.towards; }
    /// The clients whose packets these are.
    std::size_t flows() const noexcept { return town_.options().clients; }

    /// The number of the first of so many packets, which follow the last that were taken; behind
    /// the last packet stands the first again, for load() and check() as well.
    std::size_t take(std::size_t count) noexcept { return std::exchange(next_, next_ + count); }

    /// Puts packet n into buffer i of the lane. An SPI that is to be new is another one each time.
    void load(std::size_t n, Lane& lane, std::size_t i) noexcept;

    /// Empty if the frame is what packet n must have become; else what is wrong with it.
    std::string check(std::size_t n, std::span<const std::uint8_t> frame) const;

private:
    struct Entry {
        std::uint32_t client = 0;
        std::uint16_t length = 0;
        Kind kind = Kind::esp;
        bool has_new_spi = false;
    };
    void add(Kind kind, std::size_t client, std::uint64_t random);
    std::size_t place(std::size_t n) const noexcept { return n % entries_.size(); }
    std::size_t draw_client(std::uint64_t random) const noexcept;
    std::span<const std::uint8_t> bytes(std::size_t n) const noexcept {
        return {bytes_.data() + place(n) * stride_, entries_[place(n)].length};
    }

    const Town& town_;
    StreamOptions options_;
    FrameMaker frames_;
    std::size_t stride_ = 0;
    std::vector<Entry> entries_;
    std::vector<std::uint8_t> bytes_;
    std::uint32_t new_spi_ = 1;
    std::size_t next_ = 0;
};

/// Between whom a packet is.
struct Ends {
    Towards towards = Towards::server;
    net::IpAddress client{};
    forwarding::BackendIndex backend = forwarding::no_backend;
};

/// Compares a frame that has left with the one that came in: addresses, ports, TTL, both checksums,
/// link addresses, and every byte that nobody may touch. Empty if all is well.
std::string check_output(const Town& town, const Ends& ends, std::span<const std::uint8_t> in,
                         std::span<const std::uint8_t> out);

}  // namespace ikelb::bench
