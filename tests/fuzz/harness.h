// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

#include <cstdio>
#include <cstdlib>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "tests/testlib/bench.h"

namespace ikelb::fuzz {

/// broken: "" if nothing is, else what stands in the fuzzer's log before it ends.
inline void require_none(const std::string& broken) {
    if (broken.empty()) return;
    std::fprintf(stderr, "finding: %s\n", broken.c_str());
    std::abort();
}

/// Where a mutation has spoilt the header's checksum, few frames would get past it.
inline void mend_ip_checksum(testlib::Bytes& frame) {
    const bool has_tag = frame.size() > 16 && frame[12] == 0x81 && frame[13] == 0;
    const std::size_t l3 = has_tag ? 18 : 14;
    if (frame.size() < l3 + 20 || frame[l3] >> 4 != 4) return;
    const std::size_t header = std::size_t{frame[l3] & 0xfu} * 4;
    if (header < 20 || frame.size() < l3 + header) return;
    frame[l3 + 10] = frame[l3 + 11] = 0;
    const std::uint16_t sum = testlib::slow_checksum(std::span{frame}.subspan(l3, header));
    frame[l3 + 10] = static_cast<std::uint8_t>(sum >> 8);
    frame[l3 + 11] = static_cast<std::uint8_t>(sum);
}

/// Benches that are built once for all inputs: a table and session tables cost more than a run.
class Benches {
public:
    explicit Benches(std::vector<testlib::TableSpec> specs) : specs_{std::move(specs)} { build(); }

    /// A bench on which what the inputs before have taught, and the buckets that they have spent,
    /// is over: the clock leaps past every life.
    testlib::Bench& fresh(std::size_t choice) {
        constexpr forwarding::Seconds leap = 200'000, end = 1'000'000'000;
        start_ += leap;
        if (start_ > end) build();  // far from where the clock's age would turn negative
        testlib::Bench& bench = *benches_[choice % benches_.size()];
        bench.set_now(start_);
        for (std::size_t worker = 0; worker < workers; ++worker) {
            bench.memory(worker).round_robin_turn.fill(0);
            bench.memory(worker).chosen.fill(0);
            bench.memory(worker).chosen_since_count = 0;
            bench.memory(worker).neighbours.clear();
        }
        return bench;
    }

private:
    static constexpr std::size_t workers = 2;
    /// What walks the session tables after each input takes no longer than the input.
    static constexpr sessions::SessionLimits tiny{.flows = 256,
                                                  .persistences = 256,
                                                  .ike_sas = 256,
                                                  .esp_spis = 256,
                                                  .half_open = 256,
                                                  .fragments = 64,
                                                  .transit = 256};

    void build() {
        start_ = 1000;
        benches_.clear();
        for (const testlib::TableSpec& spec : specs_)
            benches_.push_back(std::make_unique<testlib::Bench>(spec, workers, tiny));
    }

    std::vector<testlib::TableSpec> specs_;
    std::vector<std::unique_ptr<testlib::Bench>> benches_;
    forwarding::Seconds start_ = 0;
};

}  // namespace ikelb::fuzz
