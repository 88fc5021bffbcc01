// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <span>

namespace ikelb::table {

/// Indices first..first+capacity-1 for things that have a name. A name gets its index once and
/// keeps it: also while it is gone, so that it comes back to the same one. Only when every index
/// has been handed out does a new name get one of a name that is gone, the longest gone first.
template <typename Name>
class NamedIndices {
public:
    NamedIndices(std::size_t first, std::size_t capacity) : first_{first}, capacity_{capacity} {}

    /// Makes `names` (without duplicates) the ones that are there; new ones get their indices in
    /// this order. False if there are more names than indices: the last ones have none.
    bool assign(std::span<const Name> names) {
        ++round_;
        for (const Name& name : names)
            if (const auto known = entries_.find(name); known != entries_.end())
                known->second.last_round = round_;
        bool fits = true;
        for (const Name& name : names)
            if (!entries_.contains(name)) fits = add(name) && fits;
        return fits;
    }

    /// The index of a name that is there.
    template <typename Key>
    std::optional<std::uint16_t> find(const Key& name) const {
        const auto entry = entries_.find(name);
        if (entry == entries_.end() || entry->second.last_round != round_) return std::nullopt;
        return entry->second.index;
    }

    std::size_t capacity() const noexcept { return capacity_; }
    /// One more than the highest index handed out so far; the first one if there is none.
    std::size_t end() const noexcept { return first_ + handed_out_; }

private:
    struct Entry {
        std::uint16_t index = 0;
        std::uint64_t last_round = 0;  ///< the last assign() that had the name
    };

    bool add(const Name& name) {
        if (handed_out_ < capacity_) {
            const auto index = static_cast<std::uint16_t>(first_ + handed_out_++);
            entries_.emplace(name, Entry{.index = index, .last_round = round_});
            return true;
        }
        auto oldest = entries_.end();
        for (auto entry = entries_.begin(); entry != entries_.end(); ++entry)
            if (entry->second.last_round != round_ &&
                (oldest == entries_.end() || is_longer_gone(entry->second, oldest->second)))
                oldest = entry;
        if (oldest == entries_.end()) return false;
        const std::uint16_t index = oldest->second.index;
        entries_.erase(oldest);
        entries_.emplace(name, Entry{.index = index, .last_round = round_});
        return true;
    }

    static bool is_longer_gone(const Entry& a, const Entry& b) noexcept {
        return a.last_round != b.last_round ? a.last_round < b.last_round : a.index < b.index;
    }

    std::size_t first_;
    std::size_t capacity_;
    std::size_t handed_out_ = 0;
    std::uint64_t round_ = 0;
    std::map<Name, Entry, std::less<>> entries_;
};

}  // namespace ikelb::table
