// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <cstdlib>
#include <random>

#include "dataplane/net/address.h"
#include "dataplane/net/hash.h"

namespace ikelb::test {

inline constexpr net::HashKey hash_key{.k0 = 0x243f6a8885a308d3ULL, .k1 = 0x13198a2e03707344ULL};

/// A generator whose seed stands in the output of a failed test. IKELB_TEST_SEED repeats a run.
class Random {
public:
    Random() : Random{chosen_seed()} {}

    std::uint64_t operator()() { return engine_(); }
    /// A number below the bound.
    std::uint64_t below(std::uint64_t bound) { return engine_() % bound; }
    bool one_in(std::uint64_t n) { return below(n) == 0; }

private:
    explicit Random(std::uint64_t seed)
        : engine_{seed}, trace_{__FILE__, __LINE__, ::testing::Message() << "seed " << seed} {}

    static std::uint64_t chosen_seed() {
        if (const char* text = std::getenv("IKELB_TEST_SEED"))
            return std::strtoull(text, nullptr, 0);
        return std::random_device{}();
    }

    std::mt19937_64 engine_;
    ::testing::ScopedTrace trace_;
};

inline net::IpAddress v6(std::uint64_t high, std::uint64_t low) {
    std::array<std::uint8_t, 16> bytes;
    net::store(bytes.data(), net::be64::from_host(high));
    net::store(bytes.data() + 8, net::be64::from_host(low));
    return net::IpAddress{bytes};
}

}  // namespace ikelb::test
