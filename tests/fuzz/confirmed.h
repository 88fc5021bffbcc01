// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "tests/testlib/bench.h"

namespace ikelb::fuzz {

/// What a bench's session tables hold of sessions, at one moment.
class Confirmed {
public:
    explicit Confirmed(testlib::Bench& bench);

    /// What has changed since in a way that clients alone may not cause, each as a record's kind
    /// and one of its fields: "flow", "persistence", "pair" or "claim" with "-renewal", of
    /// last_seen;
    /// "-note"; "-other", which is all else, or that it is gone. They may cause that a flow waits
    /// for its backend's next packet; that a claim is as old as its backend was last heard where
    /// the client uses it, and no older; that a claim ends whose backend was not heard there for so
    /// long that others who were are asked; and that a claim is shared, where another backend than
    /// its own is heard anywhere. Records that have ended by their age are left out.
    std::set<std::string> changes(testlib::Bench& bench) const;

private:
    template <typename Key, typename Record, std::size_t notes>
    struct Entry {
        Key key{};
        Record record{};
        std::array<std::uint64_t, notes> note{};
    };
    /// Who stands at an address and port of a client's, and when it was heard.
    struct Place {
        sessions::FlowKey key{};
        std::map<forwarding::BackendIndex, forwarding::Seconds> heard{};
    };

    std::set<std::string> changed_claims(testlib::Bench& bench) const;

    std::vector<Entry<sessions::FlowKey, sessions::Flow, 0>> flows_;
    std::vector<Entry<sessions::PersistenceKey, sessions::Persistence, 0>> persistences_;
    std::vector<Entry<sessions::IkeSaKey, sessions::IkeSa, 2>> ike_sas_;
    std::vector<Entry<sessions::EspKey, sessions::Claim, 0>> claims_;
    std::vector<Place> places_;
};

}  // namespace ikelb::fuzz
