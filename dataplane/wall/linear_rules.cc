// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include "dataplane/wall/linear_rules.h"

#include <algorithm>

#include "dataplane/net/headers.h"

namespace ikelb::wall {

bool LinearRules::allow(const TransitPacket& packet) const noexcept {
    return std::ranges::any_of(rules_, [&](const AllowRule& rule) {
        return rule.from.contains(packet.source) && rule.to.contains(packet.destination) &&
               (rule.protocol == any_protocol || rule.protocol == packet.protocol) &&
               packet.destination_port >= rule.first_port &&
               packet.destination_port <= rule.last_port &&
               (!rule.is_established || packet.is_established);
    });
}

}  // namespace ikelb::wall
