// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

#include <array>
#include <cstdint>

#include "dataplane/forwarding/forwarding_table.h"
#include "dataplane/net/hash.h"

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
class TokenBucket {
public:
    constexpr TokenBucket(std::uint32_t rate, std::uint32_t burst) noexcept : rate_{rate, burst} {}
    constexpr bool take(std::uint64_t now) noexcept { return spending_.take(now, rate_); }

private:
    forwarding::Rate rate_;
    Spending spending_;
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

/// Token buckets of one side: for punts by class, enough for a busy segment and far below what
/// slows the kernel down, and for ICMP errors (RFC 1812 section 4.3.2.8).
struct SideBuckets {
    TokenBucket icmp_errors{1000, 100}, hello{5000, 1000}, routing{10000, 2000};
    TokenBucket arp{2000, 500}, ndp{2000, 500}, ping{1000, 200}, icmp{1000, 200};
    TokenBucket backend{5000, 1000}, local{20000, 4000}, multicast{1000, 200};
    TokenBucket unresolved{2000, 500};
};

}  // namespace ikelb::pipeline
