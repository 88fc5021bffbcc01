// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>
#include <type_traits>
#include <vector>

#include "dataplane/net/address.h"
#include "dataplane/net/hash.h"

namespace ikelb::forwarding {

/// An immutable map from keys of KeyWords 64-bit words to small values: open addressing in one
/// array, at most half full, so that most look-ups end in the first slot. The hash is keyed,
/// because packets choose what is looked up. Of equal keys the last one wins.
/// Threads: built by the control thread, then read by any. Pointers live as long as the map.
template <std::size_t KeyWords, typename Value>
    requires std::is_trivially_copyable_v<Value>
class WordMap {
public:
    using Key = std::array<std::uint64_t, KeyWords>;
    struct Entry {
        Key key{};
        Value value{};
    };

    /// An empty map.
    WordMap() = default;

    WordMap(std::span<const Entry> entries, net::HashKey hash_key) : hash_key_{hash_key} {
        if (entries.empty()) return;
        slots_.resize(std::bit_ceil(entries.size() * 2));
        for (const Entry& entry : entries) {
            Slot& slot = slots_[place_of(entry.key)];
            size_ += slot.is_used ? 0 : 1;
            slot = {.entry = entry, .is_used = true};
        }
    }

    /// The key's value, or nullptr.
    const Value* find(const Key& key) const noexcept {
        if (slots_.empty()) return nullptr;
        const Slot& slot = slots_[place_of(key)];
        return slot.is_used ? &slot.entry.value : nullptr;
    }

    std::size_t size() const noexcept { return size_; }

private:
    struct Slot {
        Entry entry{};
        bool is_used = false;
    };

    std::uint64_t hash(const Key& key) const noexcept {
        std::uint64_t result = net::keyed_hash(key[0], hash_key_);
        for (std::size_t i = 1; i < KeyWords; ++i)
            result = net::keyed_hash(key[i], result, hash_key_);
        return result;
    }

    /// The slot that holds the key, or the free one where it would go. Half of the slots are free.
    std::size_t place_of(const Key& key) const noexcept {
        const std::size_t mask = slots_.size() - 1;
        std::size_t place = hash(key) & mask;
        while (slots_[place].is_used && slots_[place].entry.key != key) place = (place + 1) & mask;
        return place;
    }

    net::HashKey hash_key_;
    std::vector<Slot> slots_;
    std::size_t size_ = 0;
};

/// The same by address of either family.
template <typename Value>
class AddressMap {
public:
    struct Entry {
        net::IpAddress address;
        Value value{};
    };

    /// An empty map.
    AddressMap() = default;

    AddressMap(std::span<const Entry> entries, net::HashKey hash_key)
        : map_{words_of(entries), hash_key} {
        const std::size_t slots = std::bit_ceil(entries.size() * v4_slots_each + 2);
        v4_.resize(slots);
        v4_shift_ = shift_for(slots);
        v4_seen_.assign(slots * v4_bits_for_slot / 64 + 1, 0);
        v4_seen_shift_ = shift_for(slots * v4_bits_for_slot);
        for (const Entry& entry : entries)
            if (entry.address.is_v4())
                add_v4(static_cast<std::uint32_t>(entry.address.low() & 0xffffffff), entry.value);
    }

    /// The address's value, or nullptr. Most look-ups are of clients, who are not in the map, and
    /// must not end in a branch that cannot be predicted: of 64 of IPv4's one gets past the bits.
    /// No secret is needed: packets choose what is looked up, not what lies in the way.
    const Value* find(const net::IpAddress& address) const noexcept {
        return address.is_v4() ? find(address.v4_host()) : map_.find(key_of(address));
    }
    [[gnu::always_inline]] const Value* find(std::uint32_t host) const noexcept {
        const std::uint32_t hash = host * 0x9e3779b1U;
        const std::uint32_t bit = hash >> v4_seen_shift_;
        if ((v4_seen_[bit / 64] >> bit % 64 & 1) == 0) [[likely]]
            return nullptr;
        for (std::size_t at = hash >> v4_shift_;; at = (at + 1) & (v4_.size() - 1)) {
            const V4Slot& slot = v4_[at];
            if (slot.value == 0) return nullptr;
            if (slot.host == host) return &v4_values_[slot.value - 1];
        }
    }

    std::size_t size() const noexcept { return map_.size(); }

private:
    using Map = WordMap<2, Value>;

    struct V4Slot {
        std::uint32_t host = 0;
        std::uint32_t value = 0;  ///< place in v4_values_ plus 1; 0: free
    };

    static constexpr std::size_t v4_slots_each = 4, v4_bits_for_slot = 16;

    static unsigned shift_for(std::size_t places) noexcept {
        return 32 - static_cast<unsigned>(std::countr_zero(places));
    }
    void add_v4(std::uint32_t host, const Value& value) {
        const std::uint32_t hash = host * 0x9e3779b1U;
        const std::uint32_t bit = hash >> v4_seen_shift_;
        v4_seen_[bit / 64] |= std::uint64_t{1} << bit % 64;
        std::size_t at = hash >> v4_shift_;
        while (v4_[at].value != 0 && v4_[at].host != host) at = (at + 1) & (v4_.size() - 1);
        v4_values_.push_back(value);
        v4_[at] = {.host = host, .value = static_cast<std::uint32_t>(v4_values_.size())};
    }

    static typename Map::Key key_of(const net::IpAddress& address) noexcept {
        return {address.high(), address.low()};
    }
    static std::vector<typename Map::Entry> words_of(std::span<const Entry> entries) {
        std::vector<typename Map::Entry> words;
        words.reserve(entries.size());
        for (const Entry& entry : entries) words.push_back({key_of(entry.address), entry.value});
        return words;
    }

    Map map_;
    std::vector<V4Slot> v4_ = std::vector<V4Slot>(2);
    std::vector<std::uint64_t> v4_seen_ = std::vector<std::uint64_t>(1);  ///< hashes, a bit each
    unsigned v4_shift_ = 31, v4_seen_shift_ = 31;
    std::vector<Value> v4_values_;
};

}  // namespace ikelb::forwarding
