// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "dataplane/forwarding/ids.h"
#include "dataplane/net/address.h"

namespace ikelb::forwarding {

/// What ESP of an established SA over IPv4 needs of a forwarding table, worked out beforehand and
/// packed: a few cache lines that stay in the first-level cache. Parallel to the table's lists of
/// the same names. Immutable, as the table that it is a part of.
struct ExpressTable {
    /// An IPv4 address with what its words add to an Internet checksum (RFC 1624 eqn. 3).
    struct Address {
        net::Ipv4Address value{};
        std::uint16_t plus = 0;   ///< where it comes
        std::uint16_t minus = 0;  ///< where it goes
    };

    /// A neighbour: the link header that it wants, and where a backend takes a service's.
    struct alignas(32) Exit {
        std::array<std::uint8_t, 16> link{};  ///< MAC addresses, and a tag if length says so
        Address address;                      ///< of a backend over IPv4
        std::uint16_t mtu = 0;                ///< 0: not usable now, the stages know what to do
        PortIndex port = 0;
        std::uint8_t length = 14;             ///< of the whole header, as LinkHeader's
        std::uint8_t generation = 0;          ///< of a backend
        bool is_for_some = false;             ///< of a gateway: not every client is behind it
    };
    static_assert(sizeof(Exit) == 32);

    struct alignas(16) Frontend {
        Address vip;
        ServiceIndex service = 0;
        bool is_usable = false;  ///< over IPv4, on the NAT-T port, and served
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

    struct Network {
        std::uint32_t value = 0;  ///< host byte order
        std::uint32_t mask = 0;
    };

    std::vector<Interface> interfaces;
    std::vector<Interface> untagged;  ///< by port: the interface of frames without a tag
    // For each index that a record can hold, so that none is compared with a size.
    std::vector<Exit> members = std::vector<Exit>(no_member + 1);
    std::vector<Exit> gateways = std::vector<Exit>(on_link_client + 1);
    std::vector<Frontend> frontends;
    std::vector<Network> inside;

    bool is_inside(std::uint32_t address) const noexcept {
        bool is_in = false;
        for (const Network& network : inside) is_in |= (address & network.mask) == network.value;
        return is_in;
    }
};

}  // namespace ikelb::forwarding
