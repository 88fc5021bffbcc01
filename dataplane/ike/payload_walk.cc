// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include "dataplane/ike/payload_walk.h"

#include <algorithm>
#include <cstring>

namespace ikelb::ike {
namespace {

constexpr std::size_t generic_header_bytes = 4;
// An IKE_SA_INIT answer holds SA, KE, Nonce and a few notifies and vendor ids. An attacker who
// relays through a backend gets no longer message than the backend's own answers.
constexpr int longest_walk = 16;

// IKEv1 (RFC 2408, RFC 2409): exchanges (Transaction: XAUTH's passwords too); encryption flag.
constexpr std::uint8_t v1_main_mode = 2, v1_aggressive_mode = 4, v1_informational = 5,
                       v1_transaction = 6;
constexpr std::uint8_t v1_encrypted = 0x01;

bool chain_holds(std::span<const std::uint8_t> message, std::uint8_t first,
                 std::uint8_t wanted) noexcept {
    std::uint8_t next = first;
    std::size_t offset = sizeof(Header);
    for (int step = 0; step < longest_walk && next != payload::none; ++step) {
        if (next == wanted) return true;
        if (offset + generic_header_bytes > message.size()) return false;
        const std::size_t length = net::load<net::be16>(message.data() + offset + 2).to_host();
        if (length < generic_header_bytes) return false;
        next = message[offset];
        offset += length;
    }
    return false;
}

Evidence evidence_of_v1(const Header& header) noexcept {
    if (header.responder_spi.wire() == 0) return Evidence::none;
    const bool is_encrypted = (header.flags & v1_encrypted) != 0;
    switch (header.exchange) {
        case v1_main_mode:
        case v1_aggressive_mode: return is_encrypted ? Evidence::login : Evidence::half_open;
        case v1_transaction: return is_encrypted ? Evidence::login : Evidence::none;
        case v1_informational: return is_encrypted ? Evidence::life : Evidence::none;
        default: return is_encrypted ? Evidence::session : Evidence::none;
    }
}

}  // namespace

Evidence evidence_of(std::span<const std::uint8_t> message) noexcept {
    if (message.size() < sizeof(Header)) return Evidence::none;
    const auto& header = *reinterpret_cast<const Header*>(message.data());
    if (header.major_version() == 1) return evidence_of_v1(header);
    if (header.responder_spi.wire() == 0) return Evidence::none;
    if (header.next_payload == payload::encrypted ||
        header.next_payload == payload::encrypted_fragment)
        return header.exchange == exchange::ike_auth || header.exchange == exchange::intermediate
                   ? Evidence::login
                   : Evidence::session;
    const std::uint8_t accepts = header.exchange == exchange::ike_sa_init      ? payload::sa
                                 : header.exchange == exchange::session_resume ? payload::nonce
                                                                               : payload::none;
    const bool is_accepted = header.is_response() && accepts != payload::none &&
                             chain_holds(message, header.next_payload, accepts);
    return is_accepted ? Evidence::half_open : Evidence::none;
}

std::uint64_t cookie_of(std::span<const std::uint8_t> message, net::HashKey secret) noexcept {
    constexpr std::size_t type_offset = sizeof(Header) + generic_header_bytes,
                          data_offset = type_offset + 4, longest = 64;
    // Protocol 0, SPI size 0, notify type 16390.
    constexpr std::uint32_t cookie = 16390;
    if (message.size() <= data_offset) return 0;
    const auto& header = *reinterpret_cast<const Header*>(message.data());
    if (header.exchange != exchange::ike_sa_init || header.next_payload != payload::notify ||
        net::load<net::be32>(message.data() + type_offset).to_host() != cookie)
        return 0;
    const std::size_t end =
        sizeof(Header) + net::load<net::be16>(message.data() + sizeof(Header) + 2).to_host();
    if (end <= data_offset || end > std::min(message.size(), data_offset + longest)) return 0;
    std::uint64_t hash = header.initiator_spi.wire();
    for (std::size_t offset = data_offset; offset < end; offset += sizeof hash) {
        std::uint64_t word = 0;
        std::memcpy(&word, message.data() + offset, std::min(end - offset, sizeof word));
        hash = net::keyed_hash(word, hash, secret);
    }
    return hash | 1;
}

bool hints_at_delete(std::span<const std::uint8_t> message) noexcept {
    if (message.size() < sizeof(Header) + generic_header_bytes) return false;
    const auto& header = *reinterpret_cast<const Header*>(message.data());
    return header.major_version() == 2 && header.exchange == exchange::informational &&
           header.next_payload == payload::encrypted &&
           message[sizeof(Header)] == payload::delete_sa;
}

}  // namespace ikelb::ike
