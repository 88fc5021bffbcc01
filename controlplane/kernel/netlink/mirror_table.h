// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

#include <map>
#include <optional>
#include <set>
#include <utility>

namespace ikelb::netlink {

/// One kind of kernel object, followed by events and now and then read anew by a dump.
///
/// While a dump runs, the old content stays visible, and what arrives is gathered aside; finishing
/// the dump swaps it in. The kernel may queue an event before the part of the dump that was copied
/// before it, so for a key that had an event since the dump began, the event wins: it is the newer,
/// or a newer one follows.
template <class Key, class Value>
class MirrorTable {
public:
    using Map = std::map<Key, Value>;

    /// An event: true if the content changed.
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
    /// Where the dump's value for this key goes; nullptr outside of a dump or if an event won.
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

}  // namespace ikelb::netlink
