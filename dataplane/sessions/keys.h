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

// What the directory's records are found by. A key of IPv4 packs into fewer words than any other:
// narrow() and wide() are a FamilyTable's two kinds. The first word is never zero.

/// A client address with 32 bits beside it, which are not zero.
struct ClientKey {
    static constexpr std::size_t narrow_words = 1, wide_words = 3;

    net::IpAddress client{};
    std::uint32_t rest = 0;

    bool is_narrow() const noexcept { return client.is_v4(); }
    std::array<std::uint64_t, narrow_words> narrow() const noexcept {
        return {(client.low() & 0xffffffff) << 32 | rest};
    }
    std::array<std::uint64_t, wide_words> wide() const noexcept {
        return {rest, client.high(), client.low()};
    }
    static ClientKey from(const std::array<std::uint64_t, narrow_words>& words) noexcept {
        return {.client = net::IpAddress::from_v4_host(static_cast<std::uint32_t>(words[0] >> 32)),
                .rest = static_cast<std::uint32_t>(words[0])};
    }
    static ClientKey from(const std::array<std::uint64_t, wide_words>& words) noexcept {
        return {.client = net::IpAddress::from_halves(words[1], words[2]),
                .rest = static_cast<std::uint32_t>(words[0])};
    }
    friend bool operator==(const ClientKey&, const ClientKey&) = default;
};

using FlowKey = ClientKey;     ///< client port, frontend
using BindingKey = ClientKey;  ///< of the masked client; service
using EspKey = ClientKey;      ///< the SPI, host byte order

constexpr std::uint32_t flow_rest(net::be16 client_port,
                                  forwarding::FrontendIndex frontend) noexcept {
    return std::uint32_t{client_port.to_host()} << 16 | 0x8000u | frontend;
}
inline FlowKey flow_key(const net::IpAddress& client, net::be16 client_port,
                        forwarding::FrontendIndex frontend) noexcept {
    return {.client = client, .rest = flow_rest(client_port, frontend)};
}

inline BindingKey binding_key(const net::IpAddress& client,
                              forwarding::ServiceIndex service) noexcept {
    return {.client = client, .rest = 0x8000u | service};
}

/// spi: at least 256, as classified datagrams' are.
inline EspKey esp_key(const net::IpAddress& client, net::be32 spi) noexcept {
    return {.client = client, .rest = spi.to_host()};
}

/// Tells clients apart that use one SPI at one address, and the VIPs of one client. Nobody can aim
/// at another's. key: esp_key().narrow(), in either family.
inline std::uint8_t claim_tag(std::array<std::uint64_t, 1> key, net::be16 client_port,
                              forwarding::FrontendIndex frontend, net::HashKey secret) noexcept {
    const std::uint64_t word = key[0] ^ client_port.wire() ^ secret.k0;
    return static_cast<std::uint8_t>(net::fold_multiply(word, secret.k1) + frontend);
}

/// Buckets by the 32 bits beside the address alone, so that one place holds all claims to an SPI.
struct BySpi {
    template <std::size_t Words>
    static constexpr std::uint64_t hash(const std::array<std::uint64_t, Words>& key,
                                        net::HashKey secret) noexcept {
        return net::keyed_hash(key[0] & 0xffffffff, secret);
    }
};

/// SPIi and SPIr in wire order. SPIi is never zero: such datagrams are dropped before any look-up.
using PairKey = std::array<std::uint64_t, 2>;

inline PairKey pair_key(const ike::Header& header) noexcept {
    return {header.initiator_spi.wire(), header.responder_spi.wire()};
}

struct HalfOpenKey {
    static constexpr std::size_t narrow_words = 2, wide_words = 4;

    net::IpAddress client{};
    std::uint64_t initiator_spi = 0;  ///< wire order, not zero
    forwarding::ServiceIndex service = 0;

    bool is_narrow() const noexcept { return client.is_v4(); }
    std::array<std::uint64_t, narrow_words> narrow() const noexcept {
        return {initiator_spi, (client.low() & 0xffffffff) << 32 | service};
    }
    std::array<std::uint64_t, wide_words> wide() const noexcept {
        return {initiator_spi, service, client.high(), client.low()};
    }
};

inline HalfOpenKey half_open_key(const ike::Header& header, const net::IpAddress& client,
                                 forwarding::ServiceIndex service) noexcept {
    return {.client = client,
            .initiator_spi = header.initiator_spi.wire(),
            .service = service};
}

/// What a receiver puts fragments together by: RFC 791 section 2.3, RFC 8200 section 4.5.
struct FragmentKey {
    static constexpr std::size_t narrow_words = 2, wide_words = 5;

    net::IpAddress source{};
    net::IpAddress destination{};
    std::uint32_t identification = 0;
    std::uint8_t protocol = 0;

    bool is_narrow() const noexcept { return source.is_v4(); }
    std::array<std::uint64_t, narrow_words> narrow() const noexcept {
        return {marked(), (source.low() & 0xffffffff) << 32 | (destination.low() & 0xffffffff)};
    }
    std::array<std::uint64_t, wide_words> wide() const noexcept {
        return {marked(), source.high(), source.low(), destination.high(), destination.low()};
    }

private:
    std::uint64_t marked() const noexcept {
        return 1ULL << 63 | std::uint64_t{identification} << 8 | protocol;
    }
};

}  // namespace ikelb::sessions
