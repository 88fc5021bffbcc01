// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

#include <netlink/msg.h>

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>

#include "dataplane/net/address.h"

namespace ikelb::netlink {

/// AF_INET or AF_INET6.
std::uint8_t family_of(const net::IpAddress& address) noexcept;
/// 4 bytes for IPv4, 16 for IPv6. A view into `address`.
std::span<const std::uint8_t> wire_bytes(const net::IpAddress& address) noexcept;
/// nullopt when the family is neither IPv4 nor IPv6 or the length doesn't fit it.
std::optional<net::IpAddress> address_from_wire(int family,
                                                std::span<const std::uint8_t> bytes) noexcept;

class Message {
public:
    /// `header` is the family header of the message type: ifaddrmsg, rtmsg, ndmsg, ...
    template <class Header>
    Message(std::uint16_t type, unsigned flags, const Header& header)
        : Message{type, flags, &header, sizeof header} {}
    /// `size` bytes at `header`.
    Message(std::uint16_t type, unsigned flags, const void* header, std::size_t size);

    void put(int attribute, const net::IpAddress& address);
    void put(int attribute, std::uint32_t value);
    void put_bytes(int attribute, std::span<const std::uint8_t> bytes);

    nlmsghdr* header() noexcept { return nlmsg_hdr(message_.get()); }

private:
    struct Free {
        void operator()(nl_msg* message) const noexcept { nlmsg_free(message); }
    };

    std::unique_ptr<nl_msg, Free> message_;
};

/// The attributes of a message, or nested in an attribute, with checked bounds. Views into the
/// message.
template <int max>
class Attributes {
public:
    Attributes(nlmsghdr* message, std::size_t header_size) noexcept {
        is_valid_ = nlmsg_parse(message, static_cast<int>(header_size), table_.data(), max,
                                nullptr) == 0;
    }
    Attributes(nlattr* first, int length) noexcept {
        is_valid_ = nla_parse(table_.data(), max, first, length, nullptr) == 0;
    }

    bool is_valid() const noexcept { return is_valid_; }
    /// nullptr when absent.
    nlattr* find(int attribute) const noexcept {
        return table_[static_cast<std::size_t>(attribute)];
    }
    /// Empty when absent.
    std::span<const std::uint8_t> bytes(int attribute) const noexcept {
        const nlattr* found = find(attribute);
        if (found == nullptr) return {};
        return {static_cast<const std::uint8_t*>(nla_data(found)),
                static_cast<std::size_t>(nla_len(found))};
    }
    std::optional<std::uint32_t> number(int attribute) const noexcept {
        const nlattr* found = find(attribute);
        if (found == nullptr || nla_len(found) < 4) return std::nullopt;
        return nla_get_u32(found);
    }
    std::optional<net::IpAddress> address(int attribute, int family) const noexcept {
        return address_from_wire(family, bytes(attribute));
    }

private:
    std::array<nlattr*, max + 1> table_{};
    bool is_valid_ = false;
};

}  // namespace ikelb::netlink
