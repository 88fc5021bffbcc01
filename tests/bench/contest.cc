// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include "tests/bench/contest.h"

#include <fmt/format.h>

#include <algorithm>

#include "tests/bench/command.h"

namespace ikelb::bench {

namespace {

using nlohmann::json;

/// Above it, records are written and not learned from packets: it would take minutes.
constexpr std::size_t most_by_packets = 65536;

/// Bytes that a town of so many clients takes while it is measured, streams included.
std::uint64_t bytes_of_town(const Crowd& crowd) {
    const std::uint64_t of_client = crowd.family == Family::v4 ? 240 : 560;
    return crowd.flows * of_client + (std::uint64_t{384} << 20);
}

int number_of(Family family) { return family == Family::v4 ? 4 : 6; }

}  // namespace

std::vector<Crowd> Contest::build(const std::vector<Crowd>& wanted) {
    std::vector<Crowd> refused;
    for (const Crowd& crowd : wanted) {
        if (bytes_of_town(crowd) > available_bytes()) {
            refused.push_back(crowd);
            continue;
        }
        say(fmt::format("{} clients of IPv{}", crowd.flows, number_of(crowd.family)));
        auto town =
            std::make_unique<Town>(TownOptions{.family = crowd.family, .clients = crowd.flows});
        if (crowd.flows <= most_by_packets)
            town->establish_by_packets(0, crowd.flows);
        else
            town->establish_in_bulk(0, crowd.flows);
        towns_[crowd] = std::move(town);
    }
    return refused;
}

Stream& Contest::stream_of(const Variant& v, const Town& town) {
    auto& stream = streams_[{{v.family, v.flows}, v.towards, v.mix, v.frame}];
    if (!stream)
        stream = std::make_unique<Stream>(
            town, StreamOptions{.towards = v.towards, .mix = v.mix, .esp_frame = v.frame});
    return *stream;
}

Lane& Contest::lane_of(const Crowd& crowd, Town& town) {
    auto& lane = lanes_[crowd];
    if (!lane) lane = std::make_unique<Lane>(town, rig_.pool(), warm_packets);
    return *lane;
}

void Contest::add(const Variant& v) {
    const Crowd crowd{v.family, v.flows};
    const auto found = towns_.find(crowd);
    if (found == towns_.end()) return;
    Town& town = *found->second;
    entries_.push_back({.variant = v,
                        .stream = &stream_of(v, town),
                        .lane = &lane_of(crowd, town),
                        .town = &town});
}

void Contest::add_references() {
    constexpr std::size_t frame = 64;
    for (const auto& [crowd, town] : towns_) {
        if (crowd.family != Family::v4) continue;
        say(fmt::format("{} clients in rte_hash", crowd.flows));
        const Variant v{crowd.flows, Family::v4, Towards::server, Mix::esp, frame, 32,
                        Headers::warm};
        references_.push_back({.flows = crowd.flows,
                               .reference = std::make_unique<Reference>(
                                   *town, stream_of(v, *town), lane_of(crowd, *town))});
    }
}

void Contest::measure() {
    rig_.take_cpu();
    for (std::size_t run = 0; run < runs_; ++run) {
        say(fmt::format("run {} of {}", run + 1, runs_));
        for (OfReference& one : references_) {
            one.reference->warm_up();
            one.cycles.push_back(one.reference->cycles_per_packet(packets_));
        }
        for (Entry& entry : entries_) measure(entry);
    }
}

void Contest::measure(Entry& entry) {
    // All buffers of cold headers are one lane's at a time.
    std::unique_ptr<Lane> own;
    if (entry.variant.headers == Headers::cold)
        own = std::make_unique<Lane>(*entry.town, rig_.pool(), cold_packets);
    Lane& lane = own ? *own : *entry.lane;
    Measurement measurement{*entry.stream, lane, entry.variant.burst, entry.variant.headers};
    measurement.warm_up();
    entry.cycles.push_back(measurement.cycles_per_packet(packets_));
}

/// The median of the rounds' quotients: within a round the machine changes least. Rounds in which
/// one was quiet and the other was not are left out, if there are others. null: there is no
/// reference of as many flows.
json Contest::of_reference(const Entry& entry) const {
    const auto one = std::ranges::find(references_, entry.variant.flows, &OfReference::flows);
    if (one == references_.end()) return {};
    std::vector<double> all, alike;
    for (std::size_t run = 0; run < runs_; ++run) {
        const Sample &own = entry.cycles[run], &other = one->cycles[run];
        all.push_back(own.value / other.value);
        if (own.is_quiet() == other.is_quiet()) alike.push_back(all.back());
    }
    return median_of(alike.empty() ? all : alike).value;
}

json Contest::variants() const {
    json list = json::array();
    for (const Entry& entry : entries_) {
        const QuietMedian cycles = median_of(entry.cycles);
        const Variant& v = entry.variant;
        list.push_back({{"direction", v.towards == Towards::server ? "to_server" : "to_client"},
                        {"family", number_of(v.family)},
                        {"flows", v.flows},
                        {"burst", v.burst},
                        {"frame", entry.stream->esp_frame()},
                        {"cycles_per_packet", cycles.value},
                        {"unfiltered", cycles.unfiltered},
                        {"of_reference", of_reference(entry)},
                        {"spread", cycles.spread},
                        {"disturbed", cycles.disturbed},
                        {"runs", cycles.runs},
                        {"stream", v.mix == Mix::esp ? "esp" : "mixed"},
                        {"headers", v.headers == Headers::warm ? "warm" : "cold"},
                        {"pages", rig_.pages()}});
    }
    return list;
}

json Contest::references() const {
    json list = json::array();
    for (const OfReference& one : references_) {
        const QuietMedian cycles = median_of(one.cycles);
        list.push_back({{"name", Reference::name},
                        {"flows", one.flows},
                        {"cycles_per_packet", cycles.value},
                        {"unfiltered", cycles.unfiltered},
                        {"spread", cycles.spread},
                        {"disturbed", cycles.disturbed},
                        {"runs", cycles.runs},
                        {"pages", rig_.has_huge_pages() ? "2M" : "4k"}});
    }
    return list;
}

}  // namespace ikelb::bench
