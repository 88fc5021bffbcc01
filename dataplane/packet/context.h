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
#include "dataplane/sessions/directory.h"

namespace ikelb::pipeline {

/// A token bucket whose rate and time come from elsewhere: what is spent. All zero is full.
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
    /// Before then take() says false, however often it is asked: an hour after it was, at most.
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

/// One that has its rate with it.
struct TokenBucket {
    forwarding::Rate rate;
    Spending spending{};
    constexpr bool take(std::uint64_t now) noexcept { return spending.take(now, rate); }
};

/// Buckets by a keyed hash: of what, the caller says. Two may share one.
template <std::size_t Count = 8192>
class HashedBuckets {
public:
    bool take(std::uint64_t hash, std::uint64_t now, forwarding::Rate rate) noexcept {
        return buckets_[hash % buckets_.size()].take(now, rate);
    }
    /// By source: an IPv4 address, an IPv6 /64.
    bool take(const net::IpAddress& source, net::HashKey secret, std::uint64_t now,
              forwarding::Rate rate) noexcept {
        const std::uint64_t word = source.is_v4() ? source.low() : source.high();
        return take(net::keyed_hash(word, secret), now, rate);
    }

private:
    std::array<Spending, Count> buckets_{};
};

/// Of one side: for punts by class, enough for a busy segment and far below what slows the kernel
/// down, and for ICMP errors (RFC 1812 section 4.3.2.8).
struct SideBuckets {
    TokenBucket icmp_errors{{1000, 100}}, hello{{5000, 1000}}, routing{{10000, 2000}};
    TokenBucket arp{{2000, 500}}, ndp{{2000, 500}}, ping{{1000, 200}}, icmp{{1000, 200}};
    TokenBucket backend{{5000, 1000}}, local{{20000, 4000}}, multicast{{1000, 200}};
    TokenBucket unresolved{{2000, 500}};
};

/// Neighbours that the kernel should resolve; the next packet asks again for what does not fit.
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
    TokenBucket asked_senders{{50, 50}};  ///< per second: sources whose neighbour entry is missing
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
bool write_to(Table& table, const auto& key, const Record& record, sessions::Evict evict,
              Context& context, const typename Table::Notes* notes = nullptr,
              const std::optional<Record>* before = nullptr, const auto&... first) noexcept {
    return note(table.write(key, record, context.table.timeouts, context.now, evict, notes, before,
                            first...),
                context);
}
/// Writes a record that newer ones may replace, with its notes if it has any.
bool keep(auto& table, const auto& key, const auto& record, Context& context,
          const auto*... notes) noexcept {
    return write_to(table, key, record, sessions::Evict::oldest, context, notes...);
}

}  // namespace ikelb::pipeline
