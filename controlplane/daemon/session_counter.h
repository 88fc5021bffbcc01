// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <vector>

#include "dataplane/sessions/session_tables.h"

namespace ikelb::daemon {

/// Live records at the end of the last complete walk.
struct SessionCounts {
    struct Member {
        std::uint64_t flows = 0;
        /// Flows to port 4500 whose backend has spoken: one for each tunnel.
        std::uint64_t sas = 0;
        // IKE SAs. An IKE SA with a delete hint counts as established.
        std::uint64_t pairs_half_open = 0;
        std::uint64_t pairs_answered = 0;
        std::uint64_t pairs_established = 0;
    };
    std::map<std::pair<forwarding::ServiceIndex, forwarding::BackendIndex>, Member> members;
    std::uint64_t flows = 0;
    std::uint64_t persistences = 0;
    std::uint64_t ike_sas = 0;
    std::uint64_t esp = 0;
    std::uint64_t half_open = 0;
    std::uint64_t fragments = 0;
    std::array<std::uint64_t, wall::transit_shares> transit{};  ///< by wall::TransitShare
};

/// Counts the live records of the session tables, a slice of buckets at a time: sixteen million
/// flows block it no longer at once than a thousand. Control thread only.
class SessionCounter {
public:
    explicit SessionCounter(sessions::SessionTables& sessions) : sessions_{sessions} {}

    /// Counts the next slice. True: the walk is complete, and counts() is new.
    bool step(const forwarding::ForwardingTable& table, forwarding::Seconds now);
    const SessionCounts& counts() const noexcept { return counts_; }

private:
    enum class Part : std::uint8_t {
        flows,
        persistences,
        ike_sas,
        esp,
        half_open,
        fragments,
        transit,  ///< one stage for each share
        done = transit + wall::transit_shares
    };

    std::size_t walk_transit(forwarding::Seconds now);
    std::size_t walk(const forwarding::ForwardingTable& table, forwarding::Seconds now);
    void publish();

    sessions::SessionTables& sessions_;
    Part part_ = Part::flows;
    std::size_t next_bucket_ = 0;
    SessionCounts counting_;
    SessionCounts counts_;
};

}  // namespace ikelb::daemon
