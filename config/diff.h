// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

#include <string>
#include <vector>

#include "config/config.h"
#include "config/key.h"

namespace ikelb::config {

enum class ChangeKind { added, removed, changed };

/// One difference between two configurations: an item of a list (or an optional map) that came or
/// went, or a changed value.
struct Change {
    ChangeKind kind = ChangeKind::changed;
    const Key* key = nullptr;  ///< its row: effect on live tunnels, live or restart
    std::string path{};        ///< by name: pools[rras].backends[rras1].weight
    std::string before{};      ///< empty: absent or not set
    std::string after{};       ///< empty: absent or not set

    bool needs_restart() const noexcept { return key->apply == Apply::restart; }
    /// pools[rras].backends[rras1].weight: 100 -> 50
    std::string to_string() const;
};

struct Diff {
    std::vector<Change> changes{};

    bool is_empty() const noexcept { return changes.empty(); }
    bool needs_restart() const noexcept;
    /// The reason why a reload can't apply the diff, with the keys; empty if a reload can.
    std::string restart_reason() const;
    /// One change a line, each line ended.
    std::string to_string() const;
};

struct Member {
    std::string service{};
    std::string backend{};
    friend bool operator==(const Member&, const Member&) = default;
};

/// The members whose tunnels end when `after` replaces `before`: the VIP, the backend or its place
/// in the pool is gone, or the server's address changed, where it knows no tunnel. Pure.
std::vector<Member> members_that_end(const Config& before, const Config& after);

/// The changes that turn `before` into `after`. Pure. The order of lists does not count. Removed
/// items come first, then changed and new items in the order of `after`.
Diff diff(const Config& before, const Config& after);

}  // namespace ikelb::config
