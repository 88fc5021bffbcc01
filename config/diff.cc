// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include "config/diff.h"

#include <algorithm>
#include <map>
#include <string_view>
#include <utility>

#include "config/listing.h"

namespace ikelb::config {
namespace {

std::string or_not_set(const std::string& text) { return text.empty() ? "(not set)" : text; }

/// {address: 10.20.0.11, weight: 100}: the name is in the path already.
std::string summary(const ListedMap& map) {
    std::string text;
    for (const ListedValue& value : map.values) {
        if (value.text.empty() || value.key->name() == "name") continue;
        text += (text.empty() ? "" : ", ") + std::string{value.key->name()} + ": " + value.text;
    }
    return "{" + text + "}";
}

std::string path_of(const ListedMap& map, const ListedValue& value) {
    return (map.path.empty() ? "" : map.path + ".") + std::string{value.key->name()};
}

void compare(const ListedMap& before, const ListedMap& after, std::vector<Change>& changes) {
    // `before` and `after` list the same keys in the same order: both are of one list or map.
    for (std::size_t i = 0; i < after.values.size(); ++i) {
        if (before.values[i].text == after.values[i].text) continue;
        changes.push_back({.kind = ChangeKind::changed,
                           .key = after.values[i].key,
                           .path = path_of(after, after.values[i]),
                           .before = before.values[i].text,
                           .after = after.values[i].text});
    }
}

/// Names that break the rules can make paths of two lists alike, hence the key beside the path.
using Place = std::pair<std::string_view, const Key*>;
using ByPlace = std::map<Place, const ListedMap*>;

Place place_of(const ListedMap& map) { return {map.path, map.key}; }

ByPlace by_place(const std::vector<ListedMap>& maps) {
    ByPlace found;
    for (const ListedMap& map : maps) found.emplace(place_of(map), &map);
    return found;
}

/// A backend of a service; the backend has an address of the VIP's family.
struct Use {
    const Service& service;
    const Backend& backend;

    const net::IpAddress& own_address() const {
        return *backend.own_address(service.vip.is_v4());
    }
    /// The server's address for packets to the VIP.
    const net::IpAddress& address() const {
        const auto alias =
            std::ranges::find(backend.aliases, service.name, &Alias::service);
        return alias == backend.aliases.end() ? own_address() : alias->address;
    }
    bool goes_on_as(const Use& after) const {
        return service.vip == after.service.vip && backend.name == after.backend.name &&
               own_address() == after.own_address() && address() == after.address();
    }
};

std::vector<Use> uses_of(const Config& config) {
    std::vector<Use> uses;
    for (const Service& service : config.services)
        for (const Pool& pool : config.pools)
            if (pool.name == service.pool)
                for (const Backend& backend : pool.backends)
                    if (backend.own_address(service.vip.is_v4()) != nullptr)
                        uses.push_back({service, backend});
    return uses;
}

}  // namespace

std::string Change::to_string() const {
    switch (kind) {
        case ChangeKind::added:
            return path + ": added " + after;
        case ChangeKind::removed:
            return path + ": removed " + before;
        case ChangeKind::changed:
            return path + ": " + or_not_set(before) + " -> " + or_not_set(after);
    }
    return {};
}

bool Diff::needs_restart() const noexcept {
    return std::any_of(changes.begin(), changes.end(),
                       [](const Change& change) { return change.needs_restart(); });
}

std::string Diff::restart_reason() const {
    std::string keys;
    for (const Change& change : changes)
        if (change.needs_restart()) keys += (keys.empty() ? "" : "; ") + change.to_string();
    if (keys.empty()) return {};
    return "these changes need a restart of ikelbd: " + keys +
           "; nothing was changed: undo them and reload, or restart";
}

std::string Diff::to_string() const {
    std::string text;
    for (const Change& change : changes) text += change.to_string() + "\n";
    return text;
}

Diff diff(const Config& before, const Config& after) {
    const std::vector<ListedMap> old_maps = list_values(before);
    const std::vector<ListedMap> new_maps = list_values(after);
    const ByPlace old_by_place = by_place(old_maps);
    const ByPlace new_by_place = by_place(new_maps);
    Diff result;
    for (const ListedMap& map : old_maps)
        if (!new_by_place.contains(place_of(map)))
            result.changes.push_back({.kind = ChangeKind::removed,
                                      .key = map.key,
                                      .path = map.path,
                                      .before = summary(map)});
    for (const ListedMap& map : new_maps) {
        if (const auto old = old_by_place.find(place_of(map)); old != old_by_place.end())
            compare(*old->second, map, result.changes);
        else
            result.changes.push_back({.kind = ChangeKind::added,
                                      .key = map.key,
                                      .path = map.path,
                                      .after = summary(map)});
    }
    return result;
}

std::vector<Member> members_that_end(const Config& before, const Config& after) {
    const std::vector<Use> later = uses_of(after);
    std::vector<Member> ended;
    for (const Use& use : uses_of(before))
        if (std::ranges::none_of(later, [&](const Use& one) { return use.goes_on_as(one); }))
            ended.push_back({.service = use.service.name, .backend = use.backend.name});
    return ended;
}

}  // namespace ikelb::config
