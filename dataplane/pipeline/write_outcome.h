// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

#include "dataplane/packet/context.h"

namespace ikelb::pipeline {

/// Counts a write to the directory that was not made. True: it was.
inline bool note(sessions::WriteOutcome outcome, Context& context) noexcept {
    if (outcome == sessions::WriteOutcome::busy) context.counters.directory_busy.add(1);
    if (outcome == sessions::WriteOutcome::full) context.counters.directory_full.add(1);
    return outcome == sessions::WriteOutcome::written;
}

/// Writes a record that newer ones may replace. False: there is no room now.
template <typename Table, typename Key>
bool keep(Table& table, const Key& key, const sessions::Record& record, forwarding::Seconds life,
          Context& context) noexcept {
    return note(table.write(key, record, forwarding::Lifetimes::of(life), context.now,
                            sessions::Evict::oldest), context);
}

}  // namespace ikelb::pipeline
