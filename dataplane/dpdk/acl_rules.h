// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

#include <rte_acl.h>

#include <array>
#include <cstring>
#include <memory>
#include <utility>

#include "dataplane/net/byte_order.h"
#include "dataplane/wall/wall.h"

namespace ikelb::dpdk {

/// Key of a packet in one family's trie, in rte_acl's layout: one byte, then groups of four, each
/// in network byte order. An IPv4 address is one word, an IPv6 address four.
template <std::size_t AddressWords>
struct AclInput {
    using Words = std::array<net::be32, AddressWords>;

    std::uint8_t protocol;
    std::array<std::uint8_t, 3> unused;
    Words source;
    Words destination;
    net::be16 port;
    net::be16 is_established;

    static constexpr std::uint32_t count = 3 + 2 * AddressWords;

    static Words words_of(const net::IpAddress& address) noexcept {
        Words words;
        std::memcpy(words.data(), address.bytes().data() + 16 - sizeof words, sizeof words);
        return words;
    }
};

struct AclDeleter {
    void operator()(rte_acl_ctx* context) const noexcept { rte_acl_free(context); }
};
/// Built for the AclInput of one family; its result is 1 for a packet that a rule names.
using AclContext = std::unique_ptr<rte_acl_ctx, AclDeleter>;

/// The rules as one rte_acl trie for each family: a packet's cost does not grow with their number.
class AclRules : public wall::AllowRules {
public:
    /// nullptr: no rule of this family.
    AclRules(AclContext v4, AclContext v6) noexcept : v4_{std::move(v4)}, v6_{std::move(v6)} {}
    bool allow(const wall::TransitPacket& packet) const noexcept override;

private:
    AclContext v4_;
    AclContext v6_;
};

}  // namespace ikelb::dpdk
