// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

#include <cstdint>

namespace ikelb::net {

/// Secret of the keyed hashes, drawn at the first start and saved with the state. An attacker
/// without the secret cannot aim keys at a bucket or a client at a backend.
struct HashKey {
    std::uint64_t k0 = 0;
    std::uint64_t k1 = 0;
};

__extension__ using Uint128 = unsigned __int128;  // not ISO C++; both compilers have it

/// Multiplies to 128 bits and folds: the mixing step of wyhash (public domain design).
constexpr std::uint64_t fold_multiply(std::uint64_t a, std::uint64_t b) noexcept {
    const auto product = static_cast<Uint128>(a) * b;
    return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64);
}

/// Keyed hash of one 64-bit word. Not a MAC: it resists an attacker who sees no hash values.
constexpr std::uint64_t keyed_hash(std::uint64_t word, HashKey key) noexcept {
    return fold_multiply(fold_multiply(word ^ key.k0, key.k1 | 1) ^ key.k1,
                         0x9e3779b97f4a7c15ULL ^ key.k0);
}

/// Chains words: hash(w0), then each further word mixed with the hash before.
constexpr std::uint64_t keyed_hash(std::uint64_t word, std::uint64_t before, HashKey key) noexcept {
    return keyed_hash(word ^ before, {.k0 = key.k1, .k1 = key.k0 ^ before});
}

}  // namespace ikelb::net
