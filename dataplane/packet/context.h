// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

#include <array>
#include <cstdint>

#include "dataplane/forwarding/forwarding_table.h"
#include "dataplane/packet/buckets.h"
#include "dataplane/packet/counters.h"
#include "dataplane/sessions/directory.h"

namespace ikelb::pipeline {

/// Neighbours that the kernel should resolve, asked for by a burst. What does not fit is asked
/// for again by the next packet.
struct NeighbourRequests {
    struct Request {
        forwarding::InterfaceIndex interface;
        net::IpAddress address;
    };
    std::array<Request, 8> requests;
    std::size_t count = 0;

    void add(forwarding::InterfaceIndex interface, const net::IpAddress& address) noexcept {
        for (std::size_t i = 0; i < count; ++i)
            if (requests[i].interface == interface && requests[i].address == address) return;
        if (count < requests.size())
            requests[count++] = {.interface = interface, .address = address};
    }
};

/// Until when no backend of a service has a token for a new SA, without a server's COOKIE and ([1])
/// with one: what comes before then is refused unseen. Of one forwarding table.
struct Gates {
    std::uint64_t table_version = 0;
    forwarding::PerId<std::array<std::uint64_t, 2>, forwarding::max_services> shut_until{};
    std::uint64_t some_shut_until = 0;  ///< no gate for longer
    forwarding::PerId<forwarding::BackendIndex, forwarding::max_services> had_token{};  ///< a hint
};

/// What a worker keeps from burst to burst, for itself alone.
struct WorkerMemory {
    forwarding::PerId<std::uint16_t, forwarding::max_services> round_robin_turn{};
    /// Choices of this worker since the control thread last counted SAs, by backend.
    forwarding::PerId<std::uint16_t, forwarding::max_backends> chosen{};
    std::uint32_t chosen_since_count = 0;
    NeighbourRequests neighbours;
    std::array<std::uint64_t, 4096> refused_fragments{};  ///< first ones: by a keyed hash, and when
    HashedBuckets<> requests_by_source, logins_by_source, fragments_by_source, pending_by_source,
        nominations_by_source, speech_by_source, asked_all_by_source, nominations_by_pair,
        copies_by_tuple, retries_by_tuple;
    HashedBuckets<1 << 16> claims_by_tuple;  ///< all of a farm's clients may come back at once
    forwarding::PerId<Spending, forwarding::max_backends> requests_by_backend{},
        unknown_pairs_by_backend{};
    Gates gates;  ///< of requests_by_backend
    forwarding::PerId<Spending, forwarding::max_services> asked_all{}, copies_by_service{};
    Spending opened_by_backends, half_open_inserts;

    // What comes from the servers' side has buckets of its own: no flood of clients takes ARP or
    // health checks away from the backends. On one arm all that parse() punts counts as theirs.
    SideBuckets of_clients;
    SideBuckets of_servers;
    TokenBucket asked_senders{50, 50};  ///< per second: sources whose neighbour entry is missing
};

/// All that the stages may look at. Time comes from outside; nothing here reads a clock.
struct Context {
    const forwarding::ForwardingTable& table;
    sessions::Directory& directory;
    Counters& counters;
    WorkerMemory& memory;
    forwarding::Seconds now = 0;      ///< coarse clock of the records
    std::uint64_t now_micros = 0;    ///< of the token buckets
};

/// Counts a write to the directory that was not made. True: it was.
inline bool note(sessions::WriteOutcome outcome, Context& context) noexcept {
    if (outcome == sessions::WriteOutcome::busy || outcome == sessions::WriteOutcome::changed)
        context.counters.directory_busy.add(1);
    if (outcome == sessions::WriteOutcome::full) context.counters.directory_full.add(1);
    return outcome == sessions::WriteOutcome::written;
}

/// The key's live record.
auto find_live(const auto& table, const auto& key, const Context& context) noexcept {
    return table.find(key, context.table.timeouts, context.now);
}
auto find_noted(const auto& table, const auto& key, const Context& context) noexcept {
    return table.find_noted(key, context.table.timeouts, context.now);
}
/// As the table's write(). False: there is no room now, or another worker is there.
template <typename Table, typename Record>
bool write(Table& table, const auto& key, const Record& record, sessions::Evict evict,
           Context& context, const typename Table::Notes* notes = nullptr,
           const std::optional<Record>* before = nullptr, const auto&... first) noexcept {
    return note(table.write(key, record, context.table.timeouts, context.now, evict, notes, before,
                            first...),
                context);
}
/// Writes a record that newer ones may replace, with its notes if it has any.
bool keep(auto& table, const auto& key, const auto& record, Context& context,
          const auto*... notes) noexcept {
    return write(table, key, record, sessions::Evict::oldest, context, notes...);
}

}  // namespace ikelb::pipeline
