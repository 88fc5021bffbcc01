// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "dataplane/forwarding/ids.h"
#include "dataplane/net/address.h"

namespace ikelb::forwarding {

/// What ESP of an established SA needs of a forwarding table, worked out beforehand and packed: a
/// few cache lines that stay in the first-level cache. Parallel to the table's lists of the same
/// names. Immutable, as the table that it is a part of.
struct ExpressTable {
    /// An address with what its words add to an Internet checksum (RFC 1624 eqn. 3).
    struct Address {
        std::uint16_t plus = 0;                ///< where it comes
        std::uint16_t minus = 0;               ///< where it goes
        std::array<std::uint8_t, 16> value{};  ///< IPv4's in the first four
    };

    /// A neighbour: the link header that it wants, and where a backend takes a service's.
    struct alignas(64) Exit {
        std::array<std::uint8_t, 16> link{};  ///< MAC addresses, and a tag if length says so
        Address address;                      ///< of a backend
        std::uint16_t mtu = 0;                ///< 0: not usable now, the steps know what to do
        PortIndex port = 0;
        std::uint8_t length = 14;             ///< of the whole header, as LinkHeader's
        std::uint8_t generation = 0;          ///< of a backend
        std::array<bool, 2> is_for_some{};    ///< of a gateway, by family: not for all clients
    };

    struct Frontend {
        Address vip;
        ServiceIndex service = 0;
        bool is_usable = false;  ///< on the NAT-T port, and served
    };

    struct alignas(16) Interface {
        std::uint64_t mac = 0;  ///< as load_mac() reads it; 0: there is no such interface
        InterfaceIndex index = no_interface;
        bool faces_servers = false;
        bool faces_clients = false;
    };
    /// The six bytes of a MAC address as some number that is not 0; two more are read and left out.
    static std::uint64_t load_mac(const std::uint8_t* bytes) noexcept {
        return net::load<std::uint64_t>(bytes) << 16 | 1;
    }

    std::vector<Interface> interfaces;
    std::vector<Interface> untagged;  ///< by port: the interface of frames without a tag
    // For each index that a record can hold, so that none is compared with a size.
    std::vector<Exit> members = std::vector<Exit>(no_member + 1);
    std::vector<Exit> gateways = std::vector<Exit>(on_link_client + 1);
    std::vector<Frontend> frontends;
};

}  // namespace ikelb::forwarding
