// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <vector>

#include "dataplane/sessions/directory.h"

namespace ikelb::daemon {

/// Live records at the end of the last complete walk.
struct CensusCounts {
    struct Member {
        std::uint64_t flows = 0;
        /// Flows to port 4500 whose backend has spoken: one for each tunnel.
        std::uint64_t sas = 0;
        // IKE SAs. Those with a delete hint count as established.
        std::uint64_t pairs_half_open = 0;
        std::uint64_t pairs_answered = 0;
        std::uint64_t pairs_established = 0;
    };
    std::map<std::pair<forwarding::ServiceIndex, forwarding::BackendIndex>, Member> members;
    std::uint64_t flows = 0;
    std::uint64_t bindings = 0;
    std::uint64_t pairs = 0;
    std::uint64_t esp = 0;
    std::uint64_t half_open = 0;
    std::uint64_t fragments = 0;
    std::array<std::uint64_t, wall::transit_shares> transit{};  ///< by wall::TransitShare
};

/// Counts the directory's live records, a slice of buckets at a time, so that sixteen million flows
/// cost the control thread no more at once than a thousand.
/// Threads: the control thread's.
class Census {
public:
    explicit Census(sessions::Directory& directory) : directory_{directory} {}

    /// Looks at the next slice. True: that completed a walk, and counts() is new.
    bool step(const forwarding::ForwardingTable& table, forwarding::Seconds now);
    const CensusCounts& counts() const noexcept { return counts_; }

private:
    enum class Part : std::uint8_t {
        flows,
        bindings,
        pairs,
        esp,
        half_open,
        fragments,
        transit,  ///< one of each share
        done = transit + wall::transit_shares
    };

    std::size_t walk_transit(forwarding::Seconds now);
    std::size_t walk(const forwarding::ForwardingTable& table, forwarding::Seconds now);
    void publish();

    sessions::Directory& directory_;
    Part part_ = Part::flows;
    std::size_t next_bucket_ = 0;
    CensusCounts counting_;
    CensusCounts counts_;
};

}  // namespace ikelb::daemon
