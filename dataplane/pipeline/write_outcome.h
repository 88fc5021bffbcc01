// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

#include "dataplane/pipeline/context.h"

namespace ikelb::pipeline {

/// Counts a write to the directory that was not made. True: it was.
inline bool note(tables::WriteOutcome outcome, Context& context) noexcept {
    if (outcome == tables::WriteOutcome::busy) context.counters.directory_busy.add(1);
    if (outcome == tables::WriteOutcome::full) context.counters.directory_full.add(1);
    return outcome == tables::WriteOutcome::written;
}

/// Writes a record that newer ones may replace. False: there is no room now.
template <typename Table, typename Key>
bool keep(Table& table, const Key& key, const tables::Record& record, tables::Seconds life,
          Context& context) noexcept {
    return note(table.write(key, record, tables::Lifetimes::of(life), context.now,
                            tables::Evict::oldest), context);
}

}  // namespace ikelb::pipeline
