// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "tests/testlib/bench.h"

namespace ikelb::fuzz {

/// What a bench's directory holds of sessions, at one moment.
class Confirmed {
public:
    explicit Confirmed(testlib::Bench& bench);

    /// What has changed since, each as a record's kind and one of its fields: "flow-mark", that
    /// the backend's next ESP is awaited; "-note"; "-renewal", of last_seen; "-other", which is
    /// backend, state or gateway, or that it is gone. Records that have ended by their age are
    /// left out.
    std::set<std::string> changes(testlib::Bench& bench) const;

private:
    template <typename Key>
    struct Entry {
        Key key{};
        sessions::Record record{};
        std::uint64_t note = 0;
    };

    std::vector<Entry<sessions::FlowKey>> flows_;
    std::vector<Entry<sessions::BindingKey>> bindings_;
    std::vector<Entry<sessions::PairKey>> pairs_;
    std::vector<Entry<sessions::EspKey>> esp_;
};

}  // namespace ikelb::fuzz
