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
/// array, which is sparse: most look-ups end in the first slot, of one-word keys nearly all. The
/// hash is keyed, because packets choose the keys of look-ups. Of equal keys the last one wins.
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

    WordMap() = default;

    WordMap(std::span<const Entry> entries, net::HashKey hash_key) : hash_key_{hash_key} {
        slots_.resize(std::bit_ceil(entries.size() * (KeyWords == 1 ? 16 : 2) + 1));
        for (const Entry& entry : entries) {
            std::size_t at = hash(entry.key, hash_key);
            const auto slot = [&]() -> Slot& { return slots_[at & (slots_.size() - 1)]; };
            while (slot().is_used && slot().entry.key != entry.key) ++at;
            slot() = {.entry = entry, .is_used = true};
        }
    }

    /// The key's value, or nullptr.
    const Value* find(const Key& key) const noexcept { return finder()(key); }
    /// A finder by value, for loops that write to packets; valid as long as the map.
    auto finder() const noexcept {
        return [slots = slots_.data(), mask = slots_.size() - 1, secret = hash_key_](const Key& key)
                   __attribute__((always_inline)) -> const Value* {
                       for (std::size_t at = hash(key, secret);; ++at) {
                           const Slot& slot = slots[at & mask];
                           const Key& here = slot.entry.key;  // "==" of arrays is a call
                           if (slot.is_used && here[0] == key[0] && here.back() == key.back() &&
                               (KeyWords < 3 || here == key)) [[likely]]
                               return &slot.entry.value;
                           if (!slot.is_used) return nullptr;
                       }
                   };
    }

private:
    struct alignas(KeyWords == 1 ? 32 : 8) Slot {
        Entry entry{};
        bool is_used = false;
    };

    static std::uint64_t hash(const Key& key, net::HashKey secret) noexcept {
        std::uint64_t result = net::fold_multiply(key[0] ^ secret.k0, secret.k1 | 1);
        for (std::size_t i = 1; i < KeyWords; ++i)
            result = net::fold_multiply(key[i] ^ result, secret.k0 | 1);
        return result;
    }

    net::HashKey hash_key_;
    std::vector<Slot> slots_ = std::vector<Slot>(1);
};

/// A map by address of either family. Most look-ups are of clients, which the map does not hold,
/// and must not end in an unpredictable branch: a bitmap of hashes lets one client in 64 pass. The
/// bitmap needs no secret: packets choose the addresses of look-ups, not the entries.
template <typename Value>
class AddressMap {
public:
    struct Entry {
        net::IpAddress address;
        Value value{};
    };

    AddressMap() = default;

    AddressMap(std::span<const Entry> entries, net::HashKey hash_key)
        : seen_(std::bit_ceil(entries.size() + 1)) {
        std::vector<typename Map::Entry> all;
        for (const auto& [address, value] : entries) {
            const std::size_t bit = bit_of(address.high(), address.low());
            seen_[bit / 64] |= std::uint64_t{1} << bit % 64;
            all.push_back({{address.high(), address.low()}, value});
        }
        map_ = {all, hash_key};
    }

    const Value* find(const net::IpAddress& address) const noexcept {
        return find(address.high(), address.low());
    }
    /// high, low: the address's halves.
    [[gnu::always_inline]] const Value* find(std::uint64_t high, std::uint64_t low) const noexcept {
        const std::size_t bit = bit_of(high, low);
        if ((seen_[bit / 64] >> bit % 64 & 1) == 0) [[likely]]
            return nullptr;
        return search({high, low});
    }

private:
    using Map = WordMap<2, Value>;

    [[gnu::noinline]] const Value* search(const typename Map::Key& key) const noexcept {
        return map_.find(key);
    }
    std::size_t bit_of(std::uint64_t high, std::uint64_t low) const noexcept {
        const std::uint64_t hash = low * 0x9e3779b97f4a7c15ULL ^ high * 0xd1b54a32d192ed03ULL;
        return hash >> 32 & (seen_.size() * 64 - 1);
    }

    std::vector<std::uint64_t> seen_ = std::vector<std::uint64_t>(1);  ///< hashes, a bit each
    Map map_;
};

}  // namespace ikelb::forwarding
