// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "dataplane/forwarding/address_map.h"
#include "dataplane/forwarding/ids.h"

namespace ikelb::forwarding {

/// Way of a (VIP, backend) in one word; 0: no such member. From the low bits: checksum change from
/// the VIP to the backend, memory order (16 bits); largest IP packet in bytes (16; 0: general path
/// decides); member (12); the backend's generation as in a record (8); 1.
struct Way {
    static constexpr std::uint64_t of_generation = 0xffULL << 44;

    static constexpr std::uint64_t pack(std::uint16_t delta, std::uint16_t mtu, MemberIndex member,
                                        std::uint8_t generation) noexcept {
        return delta | std::uint64_t{mtu} << 16 | std::uint64_t{member} << 32 |
               std::uint64_t{generation} << 44 | std::uint64_t{1} << 52;
    }
    static constexpr std::uint32_t delta(std::uint64_t way) noexcept { return way & 0xffff; }
    static constexpr std::uint16_t mtu(std::uint64_t way) noexcept { return way >> 16 & 0xffff; }
    static constexpr MemberIndex member(std::uint64_t way) noexcept { return way >> 32 & 0xfff; }
    static constexpr bool is_there(std::uint64_t way) noexcept { return way >> 52 != 0; }
};
static_assert(max_members <= 1 << 12);

/// Forwarding data for ESP of established SAs, precomputed and packed to stay in the first-level
/// cache. Parallel to the ForwardingTable's lists of the same names. Immutable.
struct FastTable {
    using Address = std::array<std::uint8_t, 16>;  ///< wire order; IPv4 in the first four bytes

    /// A neighbour: its link header, and the address at which a backend takes a service's packets.
    struct alignas(64) Exit {
        std::array<std::uint8_t, 16> bytes{};  ///< MAC addresses, and a tag if length is 18
        Address address{};                     ///< the backend's
        std::uint16_t mtu = 0;                 ///< the gateway's; 0: unusable now
        PortIndex port = 0;
        std::uint8_t length = 14;           ///< bytes of the header, see LinkHeader
        std::array<bool, 2> is_for_some{};  ///< a gateway's, by family: not for all clients
    };

    struct Frontend {
        Address vip{};
        std::uint32_t row = 0;  ///< start of its ways; 0: no way leads anywhere
        ServiceIndex service = 0;
    };

    /// A service port of a VIP, or the NAT-T port of a backend whose replies take one VIP.
    struct End {
        std::uint32_t row = 0;  ///< the frontend's row in ways
        FrontendIndex frontend = 0;
        BackendIndex backend = 0;
    };
    /// address, port: in wire order.
    static std::uint64_t end_key(std::uint32_t address, net::be16 port) noexcept {
        return address | std::uint64_t{port.wire()} << 48;
    }
    static std::uint64_t end_key(std::uint64_t high, std::uint64_t low, net::be16 port) noexcept {
        return net::fold_multiply(high ^ 0xd1b54a32d192ed03ULL, low ^ 0x9e3779b97f4a7c15ULL) ^
               port.wire();
    }

    struct alignas(16) Interface {
        std::uint64_t mac = 0;  ///< as from load_mac(); 0: no such interface
        InterfaceIndex index = no_interface;
        bool faces_servers = false;
        bool faces_clients = false;
    };
    /// A MAC address as a number other than 0. Reads eight bytes and leaves two out.
    static std::uint64_t load_mac(const std::uint8_t* bytes) noexcept {
        return net::load<std::uint64_t>(bytes) << 16 | 1;
    }

    std::vector<Interface> interfaces;
    std::vector<Interface> untagged;  ///< by port: the interface of frames without a tag
    // An entry for each index that a record can hold: look-ups compare no index with a size.
    std::vector<Exit> members = std::vector<Exit>(no_member + 1);
    std::vector<Exit> gateways = std::vector<Exit>(on_link_client + 1);
    std::vector<Frontend> frontends;
    /// Owner of the label that all ESP SPIs with these upper 12 bits carry: no_backend, a backend,
    /// or labelled_in_part. Empty: no backend has an ESP label.
    std::vector<BackendIndex> labels;
    static constexpr unsigned label_shift = 20;
    static constexpr BackendIndex labelled_in_part = max_backends;
    std::array<WordMap<1, End>, 2> vips, sources;  ///< by family, by end_key()
    std::vector<std::uint64_t> ways = std::vector<std::uint64_t>(max_backends);  ///< by row, index
};

}  // namespace ikelb::forwarding
