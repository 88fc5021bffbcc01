// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "dataplane/net/address.h"
#include "tests/bench/clients.h"
#include "tests/testlib/packet_builder.h"

namespace ikelb::bench {

enum class Towards : std::uint8_t { server, client };

/// What a client and its server say to each other.
enum class Kind : std::uint8_t {
    init,            ///< IKE_SA_INIT on port 500, and its answer
    auth,            ///< IKE_AUTH on port 4500, and its answer
    dpd,             ///< an INFORMATIONAL of the SA, and its answer
    esp,             ///< ESP in UDP
    first_fragment,  ///< of an IKE message that IP has cut in two
    later_fragment,
};
inline constexpr std::size_t kinds = 6;

/// What tells one frame of a kind from another.
struct Said {
    Client by{};
    net::IpAddress backend{};       ///< read towards the client only
    std::uint32_t esp_spi = 0;      ///< of Kind::esp
    std::uint32_t sequence = 0;     ///< of Kind::esp
};

/// Where the frames of a town come from: link addresses as the neighbours send them.
struct Links {
    net::MacAddress from_gateway{}, to_gateway_side{};  ///< sender and receiver, client side
    net::MacAddress from_server{}, to_server_side{};
    net::IpAddress vip{};
};

/// Makes frames, all of them valid to the last checksum: one of each kind is built by the tests'
/// packet builder, and what differs is written over it, checksums corrected.
class FrameMaker {
public:
    /// esp_frame: bytes of an ESP frame, raised to what the family's headers take.
    FrameMaker(Family family, const Links& links, std::size_t esp_frame);

    std::size_t length(Towards towards, Kind kind) const { return at(towards, kind).bytes.size(); }
    std::size_t esp_frame() const { return length(Towards::server, Kind::esp); }
    /// Writes the frame to out, which has room for length().
    void make(Towards towards, Kind kind, const Said& said, std::uint8_t* out) const;
    testlib::Bytes make(Towards towards, Kind kind, const Said& said) const;

    /// Replaces the ESP SPI of a frame that make() has made.
    void change_esp_spi(Towards towards, std::uint8_t* frame, std::uint32_t spi) const;

private:
    struct Template {
        testlib::Bytes bytes{};
        std::size_t addresses = 0;  ///< the source; the destination follows
        std::size_t ports = 0;      ///< 0: it has none
        std::size_t ip_checksum = 0;
        std::size_t udp_checksum = 0;
        std::size_t payload = 0;
    };
    const Template& at(Towards towards, Kind kind) const {
        return templates_[static_cast<std::size_t>(towards)][static_cast<std::size_t>(kind)];
    }
    void add(Towards towards, Kind kind, testlib::Bytes frame);

    std::size_t address_bytes_;
    std::array<std::array<Template, kinds>, 2> templates_;
};

}  // namespace ikelb::bench
