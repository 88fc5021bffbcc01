// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

#include <compare>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "controlplane/kernel/netlink/kernel_state.h"
#include "controlplane/kernel/netlink/parse.h"

namespace ikelb::netlink {

/// One kind of kernel object: events update it, a dump now and then replaces it.
///
/// During a dump the old content stays visible, and the dump fills a new one; the end of the dump
/// swaps it in. The kernel may queue an event before an older part of the dump, so for a key with
/// an event since the dump began the event wins.
template <class Key, class Value>
class MirrorTable {
public:
    using Map = std::map<Key, Value>;

    /// Applies an event; true if the content changed.
    bool put(const Key& key, const Value& value) {
        if (fresh_) {
            touched_.insert(key);
            fresh_->insert_or_assign(key, value);
        }
        const auto [place, is_new] = current_.try_emplace(key, value);
        if (is_new) return true;
        if (place->second == value) return false;
        place->second = value;
        return true;
    }

    bool remove(const Key& key) {
        if (fresh_) {
            touched_.insert(key);
            fresh_->erase(key);
        }
        return current_.erase(key) != 0;
    }

    void begin_dump() {
        fresh_.emplace();
        touched_.clear();
    }
    bool is_dumping() const noexcept { return fresh_.has_value(); }
    /// The place for the dump's value of the key; nullptr outside of a dump or if an event won.
    Value* dump_slot(const Key& key) {
        if (!fresh_ || touched_.contains(key)) return nullptr;
        return &(*fresh_)[key];
    }
    /// True if the content changed.
    bool finish_dump() {
        if (!fresh_) return false;
        const bool changed = *fresh_ != current_;
        current_ = *std::move(fresh_);
        fresh_.reset();
        touched_.clear();
        return changed;
    }

    const Map& content() const noexcept { return current_; }
    const Value* find(const Key& key) const {
        const auto found = current_.find(key);
        return found == current_.end() ? nullptr : &found->second;
    }

private:
    Map current_;
    std::optional<Map> fresh_;
    std::set<Key> touched_;
};

/// The mirrored kernel state, built from rtnetlink messages: no socket, no clock.
///
/// Events alone do not keep routes right. IPv4 routes vanish without an event when their device
/// goes down or their address is removed; next-hop objects change routes without an event; an event
/// about one of several routes to a destination (multipath, append, IPv6 siblings) does not name
/// the route. Each of these cases needs a new dump of the routes.
class KernelTables {
public:
    struct Effect {
        bool changed = false;           ///< snapshot() differs
        bool routes_are_stale = false;  ///< the routes must be dumped again
    };

    Effect apply_event(nlmsghdr* message);

    /// A dump of everything, or of the routes alone.
    void begin_full_dump();
    void begin_route_dump() { routes_.begin_dump(); }
    void apply_dump(nlmsghdr* message);
    /// Ends the dump; true if the snapshot differs.
    bool finish_dump();

    KernelState snapshot() const;

private:
    /// In the order of the kernel's preference: the local table's rule comes before main's.
    struct RouteKey {
        net::IpPrefix dst;
        std::uint8_t rank = 0;
        std::uint32_t metric = 0;
        friend auto operator<=>(const RouteKey&, const RouteKey&) = default;
    };
    using Neighbourhood = std::pair<int, net::IpAddress>;

    static RouteKey key_of(const ParsedRoute& route);
    Effect link_event(nlmsghdr* message);
    Effect address_event(nlmsghdr* message);
    Effect neighbour_event(nlmsghdr* message);
    Effect route_event(nlmsghdr* message);
    Effect new_route(const ParsedRoute& route, bool replaces);
    /// During a dump, an event for an unknown key says nothing of the key's other routes, and the
    /// dump's value for the key will not count.
    bool is_blind(const RouteKey& key) const;

    MirrorTable<int, Link> links_;
    MirrorTable<std::pair<int, net::IpPrefix>, bool> addresses_;  ///< true: in use
    MirrorTable<Neighbourhood, Neighbour> neighbours_;
    MirrorTable<RouteKey, std::vector<ParsedRoute>> routes_;
};

}  // namespace ikelb::netlink
