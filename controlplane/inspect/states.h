// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

#include <string_view>

#include "dataplane/sessions/ike_sa.h"
#include "dataplane/sessions/records.h"

namespace ikelb::inspect {

// Names of records' states for people, and the records that people do not see.

/// The last news of the record was a delete, longer ago than timeouts.delete_hint. The record still
/// steers: in an idle tunnel the delete may have been another SA's.
template <typename Record>
constexpr bool has_ended(const Record& record, const forwarding::Timeouts& lives,
                         forwarding::Seconds now) noexcept {
    return record.is_over && !forwarding::is_within(lives.closing, record.last_seen, now);
}

constexpr std::string_view to_string(sessions::SaState state) noexcept {
    switch (state) {
        case sessions::SaState::half_open: return "half_open";
        case sessions::SaState::answered: return "answered";
        case sessions::SaState::established: return "established";
        case sessions::SaState::closing: return "closing";
    }
    return "unknown";
}

constexpr std::string_view to_string(sessions::Standing standing) noexcept {
    switch (standing) {
        case sessions::Standing::called: return "called";
        case sessions::Standing::nominated: return "nominated";
        case sessions::Standing::strong: return "strong";
        case sessions::Standing::spoke: return "spoke";
    }
    return "unknown";
}

}  // namespace ikelb::inspect
