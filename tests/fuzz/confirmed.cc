// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include "tests/fuzz/confirmed.h"

#include <cstdint>
#include <optional>

namespace ikelb::fuzz {

namespace {

using sessions::Record;

/// The first note of a key, of tables that have notes.
template <typename Table, typename Key>
std::uint64_t note_of(const Table& table, const Key& key) {
    const auto notes = table.notes(key);
    if constexpr (notes.size() == 0)
        return 0;
    else
        return notes[0];
}

template <typename Entries, typename Table>
void take(Entries& entries, const Table& table, const forwarding::Lifetimes& lives,
          forwarding::Seconds now) {
    table.for_each(0, table.buckets(), [&](const auto& key, const Record& record, auto&&...) {
        if (record.is_alive(lives, now) && sessions::is_confirmed(record.state))
            entries.push_back({key, record, note_of(table, key)});
    });
}

/// The fields in which a record is another one than it was.
std::vector<std::string> changed_fields(const Record& before, const std::optional<Record>& now,
                                        bool is_noted_alike) {
    if (!now) return {"other"};
    std::vector<std::string> fields;
    Record rest = *now;
    rest.awaits_esp = before.awaits_esp;
    rest.last_seen = before.last_seen;
    if (rest != before) fields.push_back("other");
    if (now->awaits_esp != before.awaits_esp) fields.push_back("mark");
    if (now->last_seen != before.last_seen) fields.push_back("renewal");
    if (!is_noted_alike) fields.push_back("note");
    return fields;
}

template <typename Entries, typename Table>
void compare(std::set<std::string>& found, const std::string& kind, const Entries& entries,
             const Table& table, const forwarding::Lifetimes& lives, forwarding::Seconds now) {
    for (const auto& entry : entries) {
        if (!entry.record.is_alive(lives, now)) continue;
        const auto record = table.find(entry.key);
        const bool is_noted_alike = record && note_of(table, entry.key) == entry.note;
        for (const std::string& field : changed_fields(entry.record, record, is_noted_alike))
            found.insert(kind + "-" + field);
    }
}

}  // namespace

Confirmed::Confirmed(testlib::Bench& bench) {
    const sessions::Directory& directory = bench.directory();
    const forwarding::Timeouts& timeouts = bench.table().timeouts;
    take(flows_, directory.flows.confirmed, timeouts.flow, bench.now());
    take(bindings_, directory.bindings.confirmed, timeouts.flow, bench.now());
    take(pairs_, directory.pairs.confirmed, timeouts.pair, bench.now());
    take(esp_, directory.esp, timeouts.flow, bench.now());
}

std::set<std::string> Confirmed::changes(testlib::Bench& bench) const {
    const sessions::Directory& directory = bench.directory();
    const forwarding::Timeouts& timeouts = bench.table().timeouts;
    const forwarding::Seconds now = bench.now();
    std::set<std::string> found;
    compare(found, "flow", flows_, directory.flows.confirmed, timeouts.flow, now);
    compare(found, "binding", bindings_, directory.bindings.confirmed, timeouts.flow, now);
    compare(found, "pair", pairs_, directory.pairs.confirmed, timeouts.pair, now);
    compare(found, "claim", esp_, directory.esp, timeouts.flow, now);
    return found;
}

}  // namespace ikelb::fuzz
