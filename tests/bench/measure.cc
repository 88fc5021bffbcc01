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

double Pieces::mean() {
    std::vector<std::uint64_t> sorted = cycles_;
    std::ranges::sort(sorted);
    const std::uint64_t limit = 4 * sorted.at(sorted.size() / 2);
    std::uint64_t sum = 0, count = 0;
    for (const std::uint64_t cycles : cycles_)
        if (cycles <= limit) {
            sum += cycles;
            ++count;
        }
    left_out_ = cycles_.size() - count;
    return static_cast<double>(sum) / static_cast<double>(count);
}

double Measurement::cycles_per_packet(std::size_t packets) {
    const std::size_t count = headers_ == Headers::warm ? warm_packets : cold_packets;
    if (count > lane_.capacity()) throw std::runtime_error{"the lane has too few buffers"};
    lane_.clear();
    Pieces pieces;
    std::uint64_t done = 0;
    for (; done < packets; done += count) load_and_run(count, pieces);
    const Deliveries sent = lane_.deliveries();
    const std::uint64_t delivered =
        stream_.towards() == Towards::server ? sent.to_server : sent.to_client;
    if (sent.offered != done || delivered != done || sent.not_forwarded != 0)
        throw std::runtime_error{"of " + std::to_string(done) + " packets " +
                                 std::to_string(delivered) + " were delivered"};
    const double cycles = pieces.mean() / static_cast<double>(warm_packets);
    interrupted_ =
        static_cast<double>(pieces.left_out() * warm_packets) / static_cast<double>(done);
    return cycles;
}

std::size_t Measurement::walk(std::size_t pieces, bool is_warm_up) {
    for (std::size_t piece = 0; piece < pieces; ++piece) {
        for (std::size_t i = 0; i < warm_packets; ++i)
            stream_.load((next_ + i) % stream_.packets(), lane_, i);
        if (is_warm_up)
            lane_.warm_up(0, warm_packets, burst_);
        else
            lane_.run(0, warm_packets, burst_);
        next_ = (next_ + warm_packets) % stream_.packets();
    }
    return pieces * warm_packets;
}

void Measurement::load_and_run(std::size_t count, Pieces& pieces) {
    const std::size_t first = next_;
    const auto at = [&](std::size_t i) { return (first + i) % stream_.packets(); };
    for (std::size_t i = 0; i < count; ++i) stream_.load(at(i), lane_, i);
    for (std::size_t done = 0; done < count; done += warm_packets)
        pieces.add(lane_.run(done, warm_packets, burst_));
    for (std::size_t done = 0; done < count; done += warm_packets) {
        sample_ = (sample_ + 37) % warm_packets;
        const std::size_t i = done + sample_;
        if (const std::string wrong = stream_.check(at(i), lane_.frame(i)); !wrong.empty())
            throw std::runtime_error{"a packet left wrong: " + wrong};
    }
    next_ = at(count);
}

}  // namespace ikelb::bench
