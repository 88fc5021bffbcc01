// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

#include <string>
#include <vector>

#include "config/config.h"
#include "config/key.h"

namespace ikelb::config {

enum class ChangeKind { added, removed, changed };

/// One difference between two configurations: an item of a list (or a map that can be none) that
/// came or went, or a value that is another one.
struct Change {
    ChangeKind kind = ChangeKind::changed;
    const Key* key = nullptr;  ///< its row: effect on live tunnels, live or restart
    std::string path{};        ///< by name: pools[rras].backends[rras1].weight
    std::string before{};      ///< empty: was not there or not set
    std::string after{};       ///< empty: is not there or not set

    bool needs_restart() const noexcept { return key->apply == Apply::restart; }
    /// pools[rras].backends[rras1].weight: 100 -> 50
    std::string to_string() const;
};

struct Diff {
    std::vector<Change> changes{};

    bool is_empty() const noexcept { return changes.empty(); }
    bool needs_restart() const noexcept;
    /// Why a reload can't do it, naming the keys; empty if it can.
    std::string restart_reason() const;
    /// One change a line, each line ended.
    std::string to_string() const;
};

/// A service's tunnels at a backend.
struct Member {
    std::string service{};
    std::string backend{};
    friend bool operator==(const Member&, const Member&) = default;
};

/// Whose tunnels end when `before` becomes `after`: the VIP, the backend or its place in the VIP's
/// pool is gone, or the server has another address there, at which it knows none of them. Pure.
std::vector<Member> members_that_end(const Config& before, const Config& after);

/// What has to change for `before` to become `after`. Pure. The order of lists does not count.
/// Removed items come first, then what changed or is new in the order of `after`.
Diff diff(const Config& before, const Config& after);

}  // namespace ikelb::config
