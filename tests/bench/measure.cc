// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include "tests/bench/measure.h"

#include <algorithm>
#include <numeric>
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

QuietMedian median_of(const std::vector<Sample>& samples) {
    std::vector<double> all, quiet;
    double disturbed = 0;
    for (const Sample& sample : samples) {
        all.push_back(sample.value);
        if (sample.disturbed <= 0.75) quiet.push_back(sample.value);
        disturbed += sample.disturbed / static_cast<double>(samples.size());
    }
    const std::vector<double>& chosen = quiet.empty() ? all : quiet;
    return {median_of(chosen), chosen.size(), disturbed};
}

double Pieces::mean() const {
    std::vector<std::uint64_t> sorted = quiet_;
    if (!are_quiet_enough()) sorted.insert(sorted.end(), disturbed_.begin(), disturbed_.end());
    std::ranges::sort(sorted);
    const std::uint64_t limit = 4 * sorted.at(sorted.size() / 2);
    const auto end = std::ranges::upper_bound(sorted, limit);
    return static_cast<double>(std::accumulate(sorted.begin(), end, std::uint64_t{0})) /
           static_cast<double>(end - sorted.begin());
}

double Pieces::disturbed() const noexcept {
    return static_cast<double>(disturbed_.size()) /
           static_cast<double>(std::max<std::size_t>(quiet_.size() + disturbed_.size(), 1));
}

double Measurement::cycles_per_packet(std::size_t packets, Pieces::Keep keep) {
    const std::size_t count = headers_ == Headers::warm ? warm_packets : cold_packets;
    if (count > lane_.capacity()) throw std::runtime_error{"the lane has too few buffers"};
    lane_.clear();
    Pieces pieces{keep};
    std::uint64_t done = 0;
    const auto is_too_little = [&] {
        return done < packets || (done < 3 * packets && pieces.disturbed() > 0.75);
    };
    for (; is_too_little(); done += count) load_and_run(count, pieces);
    const Deliveries sent = lane_.deliveries();
    const std::uint64_t delivered =
        stream_.towards() == Towards::server ? sent.to_server : sent.to_client;
    if (sent.offered != done || delivered != done || sent.not_forwarded != 0)
        throw std::runtime_error{"of " + std::to_string(done) + " packets " +
                                 std::to_string(delivered) + " were delivered"};
    const double cycles = pieces.mean() / static_cast<double>(warm_packets);
    disturbed_ = pieces.disturbed();
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
        pieces.time([&] { return lane_.run(done, warm_packets, burst_); });
    for (std::size_t done = 0; done < count; done += warm_packets) {
        sample_ = (sample_ + 37) % warm_packets;
        const std::size_t i = done + sample_;
        if (const std::string wrong = stream_.check(at(i), lane_.frame(i)); !wrong.empty())
            throw std::runtime_error{"a packet left wrong: " + wrong};
    }
    next_ = at(count);
}

}  // namespace ikelb::bench
