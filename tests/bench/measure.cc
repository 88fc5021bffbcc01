// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include "tests/bench/measure.h"

#include <algorithm>
#include <stdexcept>

namespace ikelb::bench {

Median median_of(std::vector<double> values) {
    if (values.empty()) return {};
    std::ranges::sort(values);
    const std::size_t half = values.size() / 2;
    const double middle =
        values.size() % 2 == 1 ? values[half] : (values[half - 1] + values[half]) / 2;
    return {.value = middle, .spread = (values.back() - values.front()) / middle};
}

double Measurement::cycles_per_packet(std::size_t packets) {
    const std::size_t count = headers_ == Headers::warm ? warm_packets : cold_packets;
    if (count > lane_.capacity()) throw std::runtime_error{"the lane has too few buffers"};
    lane_.clear();
    std::uint64_t cycles = 0, done = 0;
    for (; done < packets; done += count) cycles += piece(count);
    const Deliveries sent = lane_.deliveries();
    const std::uint64_t delivered =
        stream_.towards() == Towards::server ? sent.to_server : sent.to_client;
    if (sent.offered != done || delivered != done || sent.not_forwarded != 0)
        throw std::runtime_error{"of " + std::to_string(done) + " packets " +
                                 std::to_string(delivered) + " were delivered"};
    return static_cast<double>(cycles) / static_cast<double>(done);
}

std::uint64_t Measurement::piece(std::size_t count) {
    const std::size_t first = next_;
    const auto at = [&](std::size_t i) { return (first + i) % stream_.packets(); };
    for (std::size_t i = 0; i < count; ++i) stream_.load(at(i), lane_, i);
    const std::uint64_t cycles = lane_.run(0, count, burst_);
    sample_ = (sample_ + 37) % count;
    if (const std::string wrong = stream_.check(at(sample_), lane_.frame(sample_)); !wrong.empty())
        throw std::runtime_error{"a packet left wrong: " + wrong};
    next_ = at(count);
    return cycles;
}

}  // namespace ikelb::bench
