// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

#include <vector>

#include "dataplane/sessions/session_tables.h"

namespace ikelb::testlib {

/// The backends beside a flow, dead or alive.
inline std::vector<sessions::RivalEntry> rivals_of(const sessions::FlowKey& flow,
                                                   const sessions::SessionTables& sessions) {
    const auto& table = sessions.rivals;
    const auto key = sessions::hashed(flow, sessions.secret);
    std::vector<sessions::RivalEntry> entries;
    if (const auto found = table.find_noted(key))
        for (const std::uint64_t word : found->notes)
            for (const unsigned shift : {0u, 32u})
                if (const auto bits = static_cast<std::uint32_t>(word >> shift))
                    entries.push_back(sessions::RivalEntry::unpack(bits));
    return entries;
}

}  // namespace ikelb::testlib
