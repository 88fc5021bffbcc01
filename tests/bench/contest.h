// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <tuple>
#include <vector>

#include "tests/bench/measure.h"
#include "tests/bench/reference.h"
#include "tests/bench/rig.h"

namespace ikelb::bench {

/// One line of the result of `pipeline`.
struct Variant {
    std::size_t flows;
    Family family;
    Towards towards;
    Mix mix;
    std::size_t frame;
    std::size_t burst;
    Headers headers;
};

/// Established clients of a family.
struct Crowd {
    Family family;
    std::size_t flows;

    auto operator<=>(const Crowd&) const = default;
};

/// Towns, streams and references that are alive together, so that what is compared is measured in
/// turns: this machine's speed may change from one second to the next.
class Contest {
public:
    /// packets: timed in a run of each.
    Contest(const Rig& rig, std::size_t runs, std::size_t packets)
        : rig_{rig}, runs_{runs}, packets_{packets} {}

    /// Returns what there was no memory for beside the others.
    std::vector<Crowd> build(const std::vector<Crowd>& wanted);
    bool is_empty() const noexcept { return towns_.empty(); }

    /// Adds a variant if its town is there.
    void add(const Variant& variant);
    /// Adds a reference for each town of IPv4.
    void add_references();

    /// On the CPU of the rig; then a list of the variants and one of the references.
    void measure();
    nlohmann::json variants() const;
    nlohmann::json references() const;

private:
    struct Entry {
        Variant variant;
        Stream* stream;
        Lane* lane;
        Town* town;
        std::vector<Sample> cycles{};
    };
    struct OfReference {
        std::size_t flows;
        std::unique_ptr<Reference> reference;
        std::vector<Sample> cycles{};
    };

    Stream& stream_of(const Variant& v, const Town& town);
    Lane& lane_of(const Crowd& crowd, Town& town);
    void measure(Entry& entry);
    nlohmann::json of_reference(const Entry& entry) const;

    const Rig& rig_;
    std::size_t runs_, packets_;
    std::map<Crowd, std::unique_ptr<Town>> towns_;
    std::map<std::tuple<Crowd, Towards, Mix, std::size_t>, std::unique_ptr<Stream>> streams_;
    std::map<Crowd, std::unique_ptr<Lane>> lanes_;
    std::vector<Entry> entries_;
    std::vector<OfReference> references_;
};

}  // namespace ikelb::bench
