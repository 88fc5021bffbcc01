// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include "tests/bench/reference.h"

#include <rte_hash.h>
#include <rte_hash_crc.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <stdexcept>
#include <string>

namespace ikelb::bench {

namespace {

constexpr std::size_t burst = 32, source_address = 26, source_port = 34;

constexpr std::uint64_t key_of(std::uint32_t address, std::uint16_t port) noexcept {
    return std::uint64_t{address} << 32 | port;
}

/// A sixteenth more than there are keys, and a power of 2: with 1 Mi keys the table is half full.
std::uint32_t entries_for(std::size_t flows) noexcept {
    const std::size_t least = std::max<std::size_t>(flows + flows / 16, 2048);
    return static_cast<std::uint32_t>(std::bit_ceil(least));
}

}  // namespace

std::uint64_t Reference::bytes(std::size_t flows) noexcept {
    // Buckets, keys with data, the ring of free places; as 22.11 lays them out.
    return entries_for(flows) * std::uint64_t{8 + 16 + 8} + (std::uint64_t{8} << 20);
}

void Reference::Deleter::operator()(rte_hash* hash) const noexcept { rte_hash_free(hash); }

Reference::Reference(const Town& town, Stream& stream, Lane& lane)
    : stream_{stream}, lane_{lane} {
    const std::size_t flows = town.options().clients;
    const std::string table = "reference" + std::to_string(flows);
    rte_hash_parameters wanted{};
    wanted.name = table.c_str();
    wanted.entries = entries_for(flows);
    wanted.key_len = sizeof(std::uint64_t);
    wanted.hash_func = rte_hash_crc;
    wanted.extra_flag = RTE_HASH_EXTRA_FLAGS_RW_CONCURRENCY_LF;
    hash_.reset(rte_hash_create(&wanted));
    if (!hash_) throw std::runtime_error{"no memory for rte_hash of " + std::to_string(flows)};
    for (std::size_t number = 0; number < flows; ++number) {
        const Client client = town.client(number);
        const std::uint64_t key = key_of(client.address.v4().value.wire(),
                                         net::be16::from_host(client.nat_t_port).wire());
        const auto value = std::uintptr_t{town.backend_of(client)};
        if (rte_hash_add_key_data(hash_.get(), &key, reinterpret_cast<void*>(value)) != 0)
            throw std::runtime_error{"rte_hash has no room"};
    }
}

Reference::~Reference() = default;

Sample Reference::cycles_per_packet(std::size_t packets) {
    Pieces pieces;
    asked_ = found_ = 0;
    const auto is_too_little = [&] {
        return asked_ < packets || (asked_ < 3 * packets && pieces.disturbed() > 0.75);
    };
    while (is_too_little()) {
        load();
        pieces.time([&] {
            const std::uint64_t begin = fenced_cycles();
            look_up();
            return fenced_cycles() - begin;
        });
    }
    if (found_ != asked_) throw std::runtime_error{"rte_hash has not found every client"};
    return pieces.sample().each(warm_packets);
}

void Reference::warm_up() {
    for (std::size_t i = 0; i < warm_up_of(stream_.flows()) / warm_packets; ++i) {
        load();
        look_up();
    }
}

void Reference::load() {
    const std::size_t first = stream_.take(warm_packets);
    for (std::size_t i = 0; i < warm_packets; ++i) stream_.load(first + i, lane_, i);
}

void Reference::look_up() const noexcept {
    std::array<std::uint64_t, burst> keys;
    std::array<const void*, burst> places;
    std::array<void*, burst> data;
    for (std::size_t first = 0; first < warm_packets; first += burst) {
        for (std::size_t i = 0; i < burst; ++i) {
            const std::uint8_t* const frame = lane_.frame(first + i).data();
            std::uint32_t address;
            std::uint16_t port;
            std::memcpy(&address, frame + source_address, sizeof address);
            std::memcpy(&port, frame + source_port, sizeof port);
            keys[i] = key_of(address, port);
            places[i] = &keys[i];
        }
        std::uint64_t hits = 0;
        rte_hash_lookup_bulk_data(hash_.get(), places.data(), burst, &hits, data.data());
        // Nobody reads what has been found.
        asm volatile("" ::"r"(data.data()) : "memory");
        asked_ += burst;
        found_ += static_cast<std::uint64_t>(std::popcount(hits));
    }
}

}  // namespace ikelb::bench
