// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include "controlplane/kernel/netlink/message.h"

#include <netinet/in.h>

#include <cstring>
#include <new>

namespace ikelb::netlink {

std::uint8_t family_of(const net::IpAddress& address) noexcept {
    return address.is_v4() ? AF_INET : AF_INET6;
}

std::span<const std::uint8_t> wire_bytes(const net::IpAddress& address) noexcept {
    const std::span<const std::uint8_t> all{address.bytes()};
    return address.is_v4() ? all.subspan(12) : all;
}

std::optional<net::IpAddress> address_from_wire(int family,
                                                std::span<const std::uint8_t> bytes) noexcept {
    if (family == AF_INET && bytes.size() == 4)
        return net::IpAddress::from_v4({net::load<net::be32>(bytes.data())});
    if (family == AF_INET6 && bytes.size() == 16)
        return net::IpAddress{net::load<std::array<std::uint8_t, 16>>(bytes.data())};
    return std::nullopt;
}

Message::Message(std::uint16_t type, unsigned flags, const void* header, std::size_t size)
    : message_{nlmsg_alloc_simple(type, static_cast<int>(flags | NLM_F_REQUEST))} {
    if (message_ == nullptr ||
        nlmsg_append(message_.get(), const_cast<void*>(header), size, NLMSG_ALIGNTO) != 0)
        throw std::bad_alloc{};
}

void Message::put(int attribute, const net::IpAddress& address) {
    put_bytes(attribute, wire_bytes(address));
}

void Message::put(int attribute, std::uint32_t value) {
    if (nla_put_u32(message_.get(), attribute, value) != 0) throw std::bad_alloc{};
}

void Message::put_bytes(int attribute, std::span<const std::uint8_t> bytes) {
    if (nla_put(message_.get(), attribute, static_cast<int>(bytes.size()), bytes.data()) != 0)
        throw std::bad_alloc{};
}

}  // namespace ikelb::netlink
