// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

#include <cstddef>
#include <optional>

#include "dataplane/sessions/record_table.h"

namespace ikelb::sessions {

/// Records of both families: IPv4's keys in a table of fewer words. Each table has the whole
/// capacity; the wide table's pages are allocated on first use. Threads: as RecordTable's.
template <typename Value, typename Key, typename Hashing = WholeKey>
class FamilyTable {
public:
    using Narrow = RecordTable<Value, Key::narrow_words, 0, Hashing>;
    using Wide = RecordTable<Value, Key::wide_words, 0, Hashing>;
    using Notes = typename Narrow::Notes;
    using Noted = typename Narrow::Noted;

    FamilyTable(std::size_t capacity, net::HashKey secret)
        : narrow_{capacity, secret}, wide_{capacity, secret, Touch::later} {}

    [[gnu::always_inline]] void prefetch(const Key& key) const noexcept {
        of(
            *this, key, [](auto& table, const auto& words) __attribute__((always_inline)) {
                table.prefetch(words);
            });
    }
    std::optional<Value> find(const Key& key, const Timeouts& lives, Seconds now) const noexcept {
        return of(*this, key,
                  [&](auto& table, const auto& words) { return table.find(words, lives, now); });
    }
    WriteOutcome write(const Key& key, const Value& record, const auto&... how) noexcept {
        return of(*this, key,
                  [&](auto& in, const auto& words) { return in.write(words, record, how...); });
    }
    bool refresh(const Key& key, const Value& expected, const Value& desired) noexcept {
        return of(*this, key, [&](auto& table, const auto& words) {
            return table.refresh(words, expected, desired);
        });
    }
    WriteOutcome erase(const Key& key) noexcept {
        return of(*this, key, [&](auto& table, const auto& words) { return table.erase(words); });
    }

    /// Calls visit(const Key&, const Value&) for the records of buckets [first, first + count).
    template <typename Visit>
    void for_each(std::size_t first, std::size_t count, Visit&& visit) const {
        const auto as_key = [&](const auto& words, const Value& record) {
            visit(Key::from(words), record);
        };
        narrow_.for_each(first, count, as_key);
        const std::size_t passed = narrow_.buckets();
        if (first + count > passed)
            wide_.for_each(first < passed ? 0 : first - passed,
                           first < passed ? first + count - passed : count, as_key);
    }
    std::size_t buckets() const noexcept { return narrow_.buckets() + wide_.buckets(); }
    /// Slots of one family: each family has as many.
    std::size_t slots() const noexcept { return narrow_.slots(); }
    /// Bytes of IPv4's table.
    std::size_t bytes() const noexcept { return narrow_.bytes(); }

    const Narrow& narrow() const noexcept { return narrow_; }
    const Wide& wide() const noexcept { return wide_; }

private:
    template <typename Self, typename Use>
    [[gnu::always_inline]] static auto of(Self& self, const Key& key, Use&& use) noexcept {
        if (key.is_narrow()) [[likely]]
            return use(self.narrow_, key.narrow());
        return use(self.wide_, key.wide());
    }

    Narrow narrow_;
    Wide wide_;
};

}  // namespace ikelb::sessions
