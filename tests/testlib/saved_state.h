// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>
#include <vector>

#include "controlplane/state/snapshot.h"
#include "controlplane/state/state_file.h"
#include "dataplane/sessions/session_tables.h"

namespace ikelb::testlib {

/// The bytes of the state file that ikelbd would write of these session tables now.
inline std::vector<std::uint8_t> saved_state(const sessions::SessionTables& sessions,
                                             const state::View& view) {
    std::vector<std::uint8_t> bytes(state::head_bytes);
    state::Encoder encoder{view.facts, [&](std::span<const std::uint8_t> piece) {
                               bytes.insert(bytes.end(), piece.begin(), piece.end());
                           }};
    state::add_records(sessions, view, encoder);
    const auto head = encoder.finish();  // finish() gives the last bytes to the sink first
    std::ranges::copy(head, bytes.begin());
    return bytes;
}

}  // namespace ikelb::testlib
