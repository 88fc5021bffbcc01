// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

#include <algorithm>
#include <utility>
#include <vector>

#include "dataplane/wall/wall.h"

namespace ikelb::replay {

/// Asks the rules one after the other. For use without EAL, and as the reference for compiled
/// rules.
class LinearRules : public wall::AllowRules {
public:
    explicit LinearRules(std::vector<wall::AllowRule> rules) : rules_{std::move(rules)} {}
    bool allow(const wall::TransitPacket& packet) const noexcept override {
        return std::ranges::any_of(rules_, [&](const wall::AllowRule& rule) {
            return rule.from.contains(packet.source) && rule.to.contains(packet.destination) &&
                   (rule.protocol == wall::any_protocol || rule.protocol == packet.protocol) &&
                   packet.destination_port >= rule.first_port &&
                   packet.destination_port <= rule.last_port &&
                   (!rule.is_established || packet.is_established);
        });
    }

private:
    std::vector<wall::AllowRule> rules_;
};

}  // namespace ikelb::replay
