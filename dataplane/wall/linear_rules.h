// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

#include <utility>
#include <vector>

#include "dataplane/wall/wall.h"

namespace ikelb::wall {

/// Rules asked one after the other: what compiled ones are compared with, and enough where no EAL
/// runs.
class LinearRules : public AllowRules {
public:
    explicit LinearRules(std::vector<AllowRule> rules) : rules_{std::move(rules)} {}
    bool allow(const TransitPacket& packet) const noexcept override;

private:
    std::vector<AllowRule> rules_;
};

}  // namespace ikelb::wall
