// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include "controlplane/table/link_header.h"

#include <algorithm>

namespace ikelb::table {

forwarding::LinkHeader make_link(const forwarding::Interface& interface,
                                 forwarding::InterfaceIndex index,
                                 const net::MacAddress& destination) {
    forwarding::LinkHeader link{.port = interface.port,
                                .interface = index,
                                .mtu = interface.mtu,
                                .is_resolved = interface.is_up && !destination.is_zero()};
    std::ranges::copy(destination.bytes, link.bytes.begin());
    std::ranges::copy(interface.mac.bytes, link.bytes.begin() + 6);
    if (interface.vlan != 0) {
        link.length = 18;
        net::store(&link.bytes[12], net::be16::from_host(net::ether_type::vlan));
        net::store(&link.bytes[14], net::be16::from_host(interface.vlan));
    }
    return link;
}

}  // namespace ikelb::table
