// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

#include <algorithm>
#include <array>
#include <boost/container/static_vector.hpp>
#include <cstdint>
#include <optional>

#include "dataplane/forwarding/forwarding_table.h"
#include "dataplane/packet/counters.h"
#include "dataplane/sessions/session_tables.h"

namespace ikelb::pipeline {

/// A token bucket that stores only its spent tokens; callers pass rate and time. All zero is full.
class Spending {
public:
    /// reserve: tokens that must be left after taking one. now: microseconds.
    constexpr bool take(std::uint64_t now, forwarding::Rate rate,
                        std::uint32_t reserve = 0) noexcept {
        if (now > last_) {
            const std::uint64_t elapsed = now - last_ < longest ? now - last_ : longest;
            const std::uint64_t regained = elapsed * rate.per_second;
            spent_ = regained < spent_ ? spent_ - regained : 0;
            last_ = now;
        }
        if (spent_ + (std::uint64_t{reserve} + 1) * micros > rate.burst * micros) return false;
        spent_ += micros;
        return true;
    }
    /// Time before which take() returns false, in microseconds; at most an hour after the last one.
    constexpr std::uint64_t opens_at(forwarding::Rate rate, std::uint32_t reserve) const noexcept {
        const std::uint64_t wanted = spent_ + (std::uint64_t{reserve} + 1) * micros;
        const std::uint64_t allowed = rate.burst * micros;
        if (wanted <= allowed) return 0;
        if (wanted - allowed >= longest * rate.per_second) return last_ + longest;
        return last_ + (wanted - allowed + rate.per_second - 1) / rate.per_second;
    }

private:
    static constexpr std::uint64_t micros = 1'000'000, longest = 3600 * micros;
    std::uint64_t spent_ = 0, last_ = 0;
};

/// A token bucket with its rate.
struct TokenBucket {
    forwarding::Rate rate;
    Spending spending{};
    constexpr bool take(std::uint64_t now) noexcept { return spending.take(now, rate); }
};

/// Buckets by a keyed hash of the caller's choice. Two keys may share a bucket.
template <std::size_t Count = 8192>
class HashedBuckets {
public:
    bool take(std::uint64_t hash, std::uint64_t now, forwarding::Rate rate) noexcept {
        return buckets_[hash % buckets_.size()].take(now, rate);
    }
    /// By source: an IPv4 address or an IPv6 /64.
    bool take(const net::IpAddress& source, net::HashKey secret, std::uint64_t now,
              forwarding::Rate rate) noexcept {
        const std::uint64_t word = source.is_v4() ? source.low() : source.high();
        return take(net::keyed_hash(word, secret), now, rate);
    }

private:
    std::array<Spending, Count> buckets_{};
};

/// One side's buckets: for punts by class, enough for a busy segment and far below the kernel's
/// limits, and for ICMP errors (RFC 1812 section 4.3.2.8).
struct SideBuckets {
    TokenBucket icmp_errors{{1000, 100}}, hello{{5000, 1000}}, routing{{10000, 2000}};
    TokenBucket arp{{2000, 500}}, ndp{{2000, 500}}, ping{{1000, 200}}, icmp{{1000, 200}};
    TokenBucket backend{{5000, 1000}}, local{{20000, 4000}}, multicast{{1000, 200}};
    TokenBucket unresolved{{2000, 500}};
};

/// Neighbours for the kernel to resolve. A full list drops a request; the next packet repeats it.
struct NeighbourRequest {
    forwarding::InterfaceIndex interface;
    net::IpAddress address;
    friend bool operator==(const NeighbourRequest&, const NeighbourRequest&) = default;
};
struct NeighbourRequests : boost::container::static_vector<NeighbourRequest, 8> {
    void add(forwarding::InterfaceIndex interface, const net::IpAddress& address) noexcept {
        const NeighbourRequest wanted{interface, address};
        if (size() < capacity() && std::ranges::find(*this, wanted) == end()) push_back(wanted);
    }
};

/// Time before which no backend of a service has a token for a new SA, without a server's COOKIE
/// and ([1]) with one: requests are refused before any look-up. Belongs to one forwarding table.
struct Gates {
    std::uint64_t table_version = 0;
    forwarding::PerId<std::array<std::uint64_t, 2>, forwarding::max_services> shut_until{};
    std::uint64_t some_shut_until = 0;  ///< the latest end of all gates
    forwarding::PerId<forwarding::BackendIndex, forwarding::max_services> had_token{};  ///< a hint
};

/// Memory of one worker across bursts; no other thread reads or writes it.
struct WorkerMemory {
    forwarding::PerId<std::uint16_t, forwarding::max_services> round_robin_turn{};
    /// Choices of this worker since the control thread last counted SAs, by backend.
    forwarding::PerId<std::uint16_t, forwarding::max_backends> chosen{};
    std::uint32_t chosen_since_count = 0;
    NeighbourRequests neighbours;
    std::array<std::uint64_t, 4096> refused_fragments{};  ///< of first ones: keyed hash and time
    HashedBuckets<> requests_by_source, logins_by_source, fragments_by_source, pending_by_source,
        nominations_by_source, speech_by_source, asked_all_by_source, nominations_by_pair,
        copies_by_tuple, retries_by_tuple;
    HashedBuckets<1 << 16> claims_by_tuple;  ///< many: a farm's clients may all return at once
    forwarding::PerId<Spending, forwarding::max_backends> requests_by_backend{},
        unknown_pairs_by_backend{};
    Gates gates;  ///< of requests_by_backend
    forwarding::PerId<Spending, forwarding::max_services> asked_all{}, copies_by_service{};
    Spending opened_by_backends, half_open_inserts;

    // The servers' side has buckets of its own: no flood of clients takes ARP or health checks away
    // from the backends. On one arm all packets that parse() punts count as the servers'.
    SideBuckets of_clients;
    SideBuckets of_servers;
    TokenBucket asked_senders{{50, 50}};  ///< per second: sources whose neighbour entry is missing
};

/// State for the stages. Time comes from the caller; no stage reads a clock.
struct Context {
    const forwarding::ForwardingTable& table;
    sessions::SessionTables& sessions;
    Counters& counters;
    WorkerMemory& memory;
    forwarding::Seconds now = 0;      ///< coarse clock of the records
    std::uint64_t now_micros = 0;     ///< clock of the token buckets
};

/// Counts a failed write to the session tables. Returns true if the record was written.
inline bool note(sessions::WriteOutcome outcome, Context& context) noexcept {
    if (outcome == sessions::WriteOutcome::busy || outcome == sessions::WriteOutcome::changed)
        context.counters.sessions_busy.add(1);
    if (outcome == sessions::WriteOutcome::full) context.counters.sessions_full.add(1);
    return outcome == sessions::WriteOutcome::written;
}

auto find_live(const auto& table, const auto& key, const Context& context) noexcept {
    return table.find(key, context.table.timeouts, context.now);
}
auto find_noted(const auto& table, const auto& key, const Context& context) noexcept {
    return table.find_noted(key, context.table.timeouts, context.now);
}
/// As the table's write(). False: the table has no room now, or another worker holds the place.
template <typename Table, typename Record>
bool write_to(Table& table, const auto& key, const Record& record, sessions::Evict evict,
              Context& context, const typename Table::Notes* notes = nullptr,
              const std::optional<Record>* before = nullptr, const auto&... first) noexcept {
    return note(table.write(key, record, context.table.timeouts, context.now, evict, notes, before,
                            first...),
                context);
}
/// Writes a record that newer records may replace, and its notes if given.
bool keep(auto& table, const auto& key, const auto& record, Context& context,
          const auto*... notes) noexcept {
    return write_to(table, key, record, sessions::Evict::oldest, context, notes...);
}

}  // namespace ikelb::pipeline
