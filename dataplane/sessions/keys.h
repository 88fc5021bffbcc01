// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

#include <array>
#include <cstdint>

#include "dataplane/forwarding/ids.h"
#include "dataplane/ike/datagram.h"
#include "dataplane/net/address.h"
#include "dataplane/net/hash.h"

namespace ikelb::sessions {

// Keys of the session tables. An IPv4 key packs into fewer words than an IPv6 key: narrow() and
// wide() are a FamilyTable's two kinds. The first word is never zero.

/// A client address and 32 bits more, which are not zero.
struct ClientKey {
    static constexpr std::size_t narrow_words = 1, wide_words = 3;

    net::IpAddress client{};
    std::uint32_t rest = 0;

    bool is_narrow() const noexcept { return client.is_v4(); }
    std::array<std::uint64_t, narrow_words> narrow() const noexcept {
        return {(client.low() & 0xffffffff) << 32 | rest};
    }
    std::array<std::uint64_t, wide_words> wide() const noexcept {
        return {narrow()[0], client.high(), client.low() >> 32};
    }
    static ClientKey from(const std::array<std::uint64_t, narrow_words>& words) noexcept {
        return {.client = net::IpAddress::from_v4_host(static_cast<std::uint32_t>(words[0] >> 32)),
                .rest = static_cast<std::uint32_t>(words[0])};
    }
    static ClientKey from(const std::array<std::uint64_t, wide_words>& words) noexcept {
        return {.client = net::IpAddress::from_halves(words[1], words[2] << 32 | words[0] >> 32),
                .rest = static_cast<std::uint32_t>(words[0])};
    }
    friend bool operator==(const ClientKey&, const ClientKey&) = default;
};

using FlowKey = ClientKey;     ///< client port, frontend
using PersistenceKey = ClientKey;  ///< of the masked client; service
using EspKey = ClientKey;      ///< the SPI, host byte order

constexpr std::uint32_t flow_rest(net::be16 client_port,
                                  forwarding::FrontendIndex frontend) noexcept {
    return std::uint32_t{client_port.to_host()} << 16 | 0x8000u | frontend;
}
inline FlowKey flow_key(const net::IpAddress& client, net::be16 client_port,
                        forwarding::FrontendIndex frontend) noexcept {
    return {.client = client, .rest = flow_rest(client_port, frontend)};
}

inline PersistenceKey persistence_key(const net::IpAddress& client,
                                      forwarding::ServiceIndex service) noexcept {
    return {.client = client, .rest = 0x8000u | service};
}

/// spi: at least 256, as in every classified datagram.
inline EspKey esp_key(const net::IpAddress& client, net::be32 spi) noexcept {
    return {.client = client, .rest = spi.to_host()};
}

/// Tells apart the clients that use one SPI at one address, and a client's VIPs. No client can
/// choose another's tag. key: esp_key().narrow(), in either family.
inline std::uint8_t claim_tag(std::array<std::uint64_t, 1> key, net::be16 client_port,
                              forwarding::FrontendIndex frontend, net::HashKey secret) noexcept {
    const std::uint64_t word = key[0] ^ client_port.wire() ^ secret.k0;
    return static_cast<std::uint8_t>(net::fold_multiply(word, secret.k1) + frontend);
}

/// Hashes only the 32 bits beside the address: all claims to an SPI stand in the same buckets.
struct BySpi {
    template <std::size_t Words>
    static constexpr std::uint64_t hash(const std::array<std::uint64_t, Words>& key,
                                        net::HashKey secret) noexcept {
        return net::fold_multiply((key[0] & 0xffffffff) ^ secret.k0,
                                  secret.k1 ^ 0x9e3779b97f4a7c15ULL);
    }
};

/// SPIi and SPIr in wire order. SPIi is never zero: classify() drops a datagram without one.
using IkeSaKey = std::array<std::uint64_t, 2>;

inline IkeSaKey ike_sa_key(const ike::Header& header) noexcept {
    return {header.initiator_spi.wire(), header.responder_spi.wire()};
}

/// A 64-bit keyed hash that clients cannot aim at, for records whose key nobody reads back.
using HashedKey = std::array<std::uint64_t, 1>;

inline std::uint64_t hash_of(const ClientKey& key, net::HashKey secret) noexcept {
    const std::uint64_t who = net::keyed_hash(key.client.low(), key.client.high(), secret);
    return net::keyed_hash(key.rest, who, secret);
}
inline HashedKey hashed(const ClientKey& key, net::HashKey secret) noexcept {
    return {hash_of(key, secret) | 1};
}
inline HashedKey half_open_key(net::be64 initiator_spi, const net::IpAddress& client,
                               forwarding::ServiceIndex service, net::HashKey secret) noexcept {
    const std::uint64_t who = hash_of({.client = client, .rest = service}, secret);
    return {net::keyed_hash(initiator_spi.wire(), who, secret) | 1};
}

}  // namespace ikelb::sessions
