// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "dataplane/net/byte_order.h"

namespace ikelb::ike {

#pragma pack(push, 1)
/// IKE header, RFC 7296 section 3.1; IKEv1 (RFC 2408 section 3.1) has cookies in the SPIs' place.
struct Header {
    net::be64 initiator_spi;
    net::be64 responder_spi;
    std::uint8_t next_payload;
    std::uint8_t version;  ///< major in the high nibble
    std::uint8_t exchange;
    std::uint8_t flags;
    net::be32 message_id;
    net::be32 length;

    std::uint8_t major_version() const noexcept { return version >> 4; }
    bool is_response() const noexcept { return (flags & 0x20) != 0; }
    bool is_from_initiator() const noexcept { return (flags & 0x08) != 0; }
};
#pragma pack(pop)
static_assert(sizeof(Header) == 28 && alignof(Header) == 1);

namespace exchange {
inline constexpr std::uint8_t ike_sa_init = 34, ike_auth = 35, create_child_sa = 36,
                              informational = 37, session_resume = 38, intermediate = 43;
}

namespace payload {
inline constexpr std::uint8_t none = 0, sa = 33, notify = 41, nonce = 40, encrypted = 46,
                              encrypted_fragment = 53, delete_sa = 42;
}

/// Kinds of datagrams on a service port.
enum class Kind : std::uint8_t {
    ike,
    esp,
    keepalive,
    truncated,          ///< shorter than its header
    bad_length,         ///< the IKE length field runs beyond the datagram, or below its header
    zero_initiator_spi,
    init_with_responder_spi,  ///< an IKE_SA_INIT request that names a responder SPI
    reserved_esp_spi,         ///< ESP SPI 1..255 (RFC 4303 section 2.1)
    version_zero,
};

/// A classified datagram. Offsets are into the UDP payload.
struct Datagram {
    Kind kind = Kind::truncated;
    std::uint8_t ike_offset = 0;  ///< of the IKE header: 0 on port 500, 4 on 4500
    net::be32 esp_spi = net::be32::from_wire(0);
};

/// Classifies by the VIP's port alone (RFC 3948 section 2, RFC 7296 section 2.23), since a client
/// may use any source port. payload: contiguous bytes of the UDP payload, at least 32 or all of it.
/// total: the payload's length by the UDP header.
Datagram classify(std::span<const std::uint8_t> payload, std::size_t total,
                  bool is_nat_t_port) noexcept;

/// The IKE header of a datagram of kind ike.
inline const Header& header_of(std::span<const std::uint8_t> payload,
                               const Datagram& datagram) noexcept {
    return *reinterpret_cast<const Header*>(payload.data() + datagram.ike_offset);
}

}  // namespace ikelb::ike
