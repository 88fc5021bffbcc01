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
    std::vector<double> all, quiet, unfiltered;
    double disturbed = 0;
    for (const Sample& sample : samples) {
        all.push_back(sample.value);
        unfiltered.push_back(sample.unfiltered);
        if (sample.is_quiet()) quiet.push_back(sample.value);
        disturbed += sample.disturbed / static_cast<double>(samples.size());
    }
    const std::vector<double>& chosen = quiet.empty() ? all : quiet;
    return {median_of(chosen), median_of(unfiltered).value, chosen.size(), disturbed};
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

double Pieces::unfiltered_mean() const {
    std::uint64_t sum = 0;
    for (const auto* const pieces : {&quiet_, &disturbed_})
        sum = std::accumulate(pieces->begin(), pieces->end(), sum);
    return static_cast<double>(sum) / static_cast<double>(quiet_.size() + disturbed_.size());
}

double Pieces::disturbed() const noexcept {
    return static_cast<double>(disturbed_.size()) /
           static_cast<double>(std::max<std::size_t>(quiet_.size() + disturbed_.size(), 1));
}

Sample Measurement::cycles_per_packet(std::size_t packets, Pieces::Keep keep) {
    const std::size_t count = headers_ == Headers::warm ? warm_packets : cold_packets;
    if (count > lane_.capacity()) throw std::runtime_error{"the lane has too few buffers"};
    lane_.clear();
    Pieces pieces{keep};
    std::uint64_t done = 0;
    const auto is_too_little = [&] {
        return done < packets || (done < 3 * packets && pieces.disturbed() > 0.75);
    };
    for (; is_too_little(); done += count) load_and_run(count, pieces);
    const Deliveries& sent = lane_.deliveries();
    const std::uint64_t delivered =
        stream_.towards() == Towards::server ? sent.to_server : sent.to_client;
    if (sent.offered != done || delivered != done)
        throw std::runtime_error{"of " + std::to_string(done) + " packets " +
                                 std::to_string(delivered) + " were delivered"};
    return pieces.sample().each(warm_packets);
}

void Measurement::warm_up() {
    lane_.restart();
    walk(warm_up_of(stream_.flows()) / warm_packets, true);
}

std::size_t Measurement::walk(std::size_t pieces, bool is_warm_up) {
    for (std::size_t piece = 0; piece < pieces; ++piece) {
        const std::size_t first = stream_.take(warm_packets);
        for (std::size_t i = 0; i < warm_packets; ++i) stream_.load(first + i, lane_, i);
        if (is_warm_up)
            lane_.warm_up(0, warm_packets, burst_);
        else
            lane_.run(0, warm_packets, burst_);
    }
    return pieces * warm_packets;
}

void Measurement::load_and_run(std::size_t count, Pieces& pieces) {
    const std::size_t first = stream_.take(count);
    for (std::size_t i = 0; i < count; ++i) stream_.load(first + i, lane_, i);
    for (std::size_t done = 0; done < count; done += warm_packets)
        pieces.time([&] { return lane_.run(done, warm_packets, burst_); });
    for (std::size_t done = 0; done < count; done += warm_packets) {
        sample_ = (sample_ + 37) % warm_packets;
        const std::size_t i = done + sample_;
        if (const std::string wrong = stream_.check(first + i, lane_.frame(i)); !wrong.empty())
            throw std::runtime_error{"a packet left wrong: " + wrong};
    }
}

}  // namespace ikelb::bench
