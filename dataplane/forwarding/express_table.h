// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "dataplane/forwarding/address_map.h"
#include "dataplane/forwarding/ids.h"

namespace ikelb::forwarding {

/// What one word says of a (VIP, backend). 0: no such member. Low to high: what a checksum that
/// covers the VIP changes by with the backend instead 16, the largest IP packet 16 (0: not now, the
/// steps know what to do), the member 12, the backend's generation 8 where a record has it, 1.
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

/// What ESP of an established SA needs of a forwarding table, worked out beforehand and packed to
/// stay in the first-level cache. Parallel to the table's lists of the same names. Immutable.
struct ExpressTable {
    using Address = std::array<std::uint8_t, 16>;  ///< as in a packet; IPv4's in the first four

    /// A neighbour: the link header that it wants, and where a backend takes a service's.
    struct alignas(64) Exit {
        std::array<std::uint8_t, 16> bytes{};  ///< MAC addresses, and a tag if length says so
        Address address{};                    ///< of a backend
        std::uint16_t mtu = 0;                ///< of a gateway; 0: not usable now
        PortIndex port = 0;
        std::uint8_t length = 14;             ///< of the whole header, as LinkHeader's
        std::array<bool, 2> is_for_some{};    ///< of a gateway, by family: not for all clients
    };

    struct Frontend {
        Address vip{};
        std::uint32_t row = 0;  ///< of its ways; 0: none of them goes anywhere
        ServiceIndex service = 0;
    };

    /// A service port of a VIP, or the NAT-T port of a backend whose replies take one VIP.
    struct End {
        std::uint32_t row = 0;  ///< of the frontend's ways
        FrontendIndex frontend = 0;
        BackendIndex backend = 0;
    };
    /// address, port: as they lie in a packet.
    static std::uint64_t end_key(std::uint32_t address, net::be16 port) noexcept {
        return address | std::uint64_t{port.wire()} << 48;
    }
    static std::uint64_t end_key(std::uint64_t high, std::uint64_t low, net::be16 port) noexcept {
        return net::fold_multiply(high ^ 0xd1b54a32d192ed03ULL, low ^ 0x9e3779b97f4a7c15ULL) ^
               port.wire();
    }

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
    /// Whose label all ESP SPIs with these upper 12 bits have: no_backend, a backend, or
    /// labelled_in_part. Empty: there is no such label.
    std::vector<BackendIndex> labels;
    static constexpr unsigned label_shift = 20;
    static constexpr BackendIndex labelled_in_part = max_backends;
    std::array<WordMap<1, End>, 2> vips, sources;  ///< by family, by end_key()
    std::vector<std::uint64_t> ways = std::vector<std::uint64_t>(max_backends);  ///< in rows
};

}  // namespace ikelb::forwarding
