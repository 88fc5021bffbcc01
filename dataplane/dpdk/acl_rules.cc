// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include "dataplane/dpdk/acl_rules.h"

namespace ikelb::dpdk {
namespace {

template <std::size_t AddressWords>
bool is_named(const rte_acl_ctx& context, const wall::TransitPacket& packet) noexcept {
    using Input = AclInput<AddressWords>;
    const Input input{.protocol = packet.protocol,
                      .unused = {},
                      .source = Input::words_of(packet.source),
                      .destination = Input::words_of(packet.destination),
                      .port = net::be16::from_host(packet.destination_port),
                      .is_established = net::be16::from_host(packet.is_established)};
    const auto* bytes = reinterpret_cast<const std::uint8_t*>(&input);
    std::uint32_t found = 0;
    rte_acl_classify(&context, &bytes, &found, 1, 1);
    return found != 0;
}

}  // namespace

bool AclRules::allow(const wall::TransitPacket& packet) const noexcept {
    if (packet.source.is_v4()) return v4_ != nullptr && is_named<1>(*v4_, packet);
    return v6_ != nullptr && is_named<4>(*v6_, packet);
}

}  // namespace ikelb::dpdk
