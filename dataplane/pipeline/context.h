// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

#include <array>
#include <cstdint>

#include "dataplane/forwarding/forwarding_table.h"
#include "dataplane/pipeline/counters.h"
#include "dataplane/pipeline/stage_probe.h"
#include "dataplane/sessions/directory.h"

namespace ikelb::pipeline {

/// A token bucket whose rate comes from elsewhere: it keeps what is spent. All zero is full.
/// Time is passed in.
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

private:
    static constexpr std::uint64_t micros = 1'000'000, longest = 3600 * micros;
    std::uint64_t spent_ = 0, last_ = 0;
};

/// One that has its rate with it.
class TokenBucket {
public:
    constexpr TokenBucket(std::uint32_t rate, std::uint32_t burst) noexcept : rate_{rate, burst} {}
    constexpr bool take(std::uint64_t now) noexcept { return spending_.take(now, rate_); }

private:
    forwarding::Rate rate_;
    Spending spending_;
};

/// Buckets by a hash of the source: an IPv4 address, an IPv6 /64. Two sources may share one.
class SourceBuckets {
public:
    bool take(const net::IpAddress& source, net::HashKey secret, std::uint64_t now,
              forwarding::Rate rate) noexcept {
        return buckets_[place_of(source, secret)].take(now, rate);
    }
    [[gnu::always_inline]] void prefetch(const net::IpAddress& source,
                                         net::HashKey secret) const noexcept {
        __builtin_prefetch(&buckets_[place_of(source, secret)]);
    }

private:
    std::size_t place_of(const net::IpAddress& source, net::HashKey secret) const noexcept {
        const std::uint64_t word = source.is_v4() ? source.low() : source.high();
        return net::keyed_hash(word, secret) % buckets_.size();
    }

    std::array<Spending, 8192> buckets_{};
};

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

// A shared last_seen is written at most this often: its cache line is read by every worker. A
// flow's tells whether its backend is there, so it lags behind less.
inline constexpr forwarding::Seconds refresh_interval = 30, flow_refresh_interval = 5;

/// Was it seen at most `life` ago? Another worker's coarse clock may be a tick ahead of ours.
constexpr bool is_within(forwarding::Seconds life, forwarding::Seconds last_seen,
                         forwarding::Seconds now) noexcept {
    return static_cast<std::int32_t>(now - last_seen) <= static_cast<std::int32_t>(life);
}

/// Token buckets of one side: for punts by class, enough for a busy segment and far below what
/// slows the kernel down, and for ICMP errors (RFC 1812 section 4.3.2.8).
struct SideBuckets {
    TokenBucket icmp_errors{1000, 100};
    TokenBucket hello{5000, 1000};
    TokenBucket routing{10000, 2000};
    TokenBucket arp{2000, 500};
    TokenBucket ndp{2000, 500};
    TokenBucket icmp{1000, 200};
    TokenBucket backend{5000, 1000};
    TokenBucket local{20000, 4000};
    TokenBucket multicast{1000, 200};
    TokenBucket unresolved{2000, 500};
};

/// What a worker keeps from burst to burst, for itself alone.
struct WorkerMemory {
    forwarding::PerId<std::uint16_t, forwarding::max_services> round_robin_turn{};
    /// Choices of this worker since the control thread last counted SAs, by backend.
    forwarding::PerId<std::uint16_t, forwarding::max_backends> chosen{};
    std::uint32_t chosen_since_count = 0;
    NeighbourRequests neighbours;
    SourceBuckets requests_by_source;
    SourceBuckets logins_by_source;
    SourceBuckets fragments_by_source;
    SourceBuckets pending_by_source;
    forwarding::PerId<Spending, forwarding::max_backends> requests_by_backend{};
    forwarding::PerId<Spending, forwarding::max_backends> unknown_pairs_by_backend{};
    Spending opened_by_backends;
    forwarding::PerId<Spending, forwarding::max_services> asked_all{};
    Spending half_open_inserts;

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
    /// Only asking where a datagram would go: the directory stays as it is.
    bool is_rehearsal = false;
    /// False: every ESP packet takes the full order, for tests to compare with.
    bool trusts_flow_spis = true;
    /// False: every packet takes all stages, for tests to compare with.
    bool takes_express = true;
    StageProbe* probe = nullptr;
    /// Rules that a rehearsal passes over, a bit for each: what would the next one say?
    std::uint16_t passed_over = 0;
};

}  // namespace ikelb::pipeline
