// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include "controlplane/kernel/announcement.h"

#include <span>

#include "dataplane/net/checksum.h"

namespace ikelb::control {
namespace {

using Frame = std::vector<std::uint8_t>;

template <class Bytes>
void append(Frame& frame, const Bytes& bytes) {
    frame.insert(frame.end(), bytes.begin(), bytes.end());
}

void append(Frame& frame, std::initializer_list<std::uint8_t> bytes) {
    frame.insert(frame.end(), bytes);
}

/// A request by `address` for itself.
Frame arp_announcement(const net::IpAddress& address, const net::MacAddress& mac) {
    const auto own = std::span{address.bytes()}.last(4);
    Frame frame;
    append(frame, {0xff, 0xff, 0xff, 0xff, 0xff, 0xff});
    append(frame, mac.bytes);
    append(frame, {0x08, 0x06, 0, 1, 0x08, 0, 6, 4, 0, 1});
    append(frame, mac.bytes);
    append(frame, own);
    append(frame, {0, 0, 0, 0, 0, 0});
    append(frame, own);
    return frame;
}

/// Type 136, flags router and override, the target, option 2 (target link-layer address).
Frame advertisement(const net::IpAddress& address, const net::MacAddress& mac) {
    Frame message;
    append(message, {136, 0, 0, 0, 0xa0, 0, 0, 0});
    append(message, address.bytes());
    append(message, {2, 1});
    append(message, mac.bytes);
    return message;
}

Frame advertisement_frame(const net::IpAddress& address, const net::MacAddress& mac) {
    const net::IpAddress all_nodes = *net::IpAddress::parse("ff02::1");
    Frame message = advertisement(address, mac);
    const auto length = static_cast<std::uint8_t>(message.size());
    Frame pseudo;  // RFC 8200 section 8.1
    append(pseudo, address.bytes());
    append(pseudo, all_nodes.bytes());
    append(pseudo, {0, 0, 0, length, 0, 0, 0, 58});
    append(pseudo, message);
    net::store(message.data() + 2, net::checksum(pseudo));

    Frame frame;
    append(frame, {0x33, 0x33, 0, 0, 0, 1});
    append(frame, mac.bytes);
    // Version 6; hop limit 255 is what the receiver demands (RFC 4861 section 7.1.2).
    append(frame, {0x86, 0xdd, 0x60, 0, 0, 0, 0, length, 58, 255});
    append(frame, address.bytes());
    append(frame, all_nodes.bytes());
    append(frame, message);
    return frame;
}

}  // namespace

std::vector<std::uint8_t> make_announcement(const net::IpAddress& address,
                                            const net::MacAddress& mac) {
    return address.is_v4() ? arp_announcement(address, mac) : advertisement_frame(address, mac);
}

}  // namespace ikelb::control
