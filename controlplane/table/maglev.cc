// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include "controlplane/table/spread.h"

#include <algorithm>
#include <numeric>
#include <string_view>
#include <tuple>

#include "dataplane/forwarding/forwarding_table.h"
#include "dataplane/net/hash.h"

namespace ikelb::table {
namespace {

using forwarding::maglev_index;

// Fixed, not drawn at start: after a restart the Maglev table must be the same.
constexpr net::HashKey offset_key{.k0 = 0x696b656c622d6f66ULL, .k1 = 0x8ebc6af09c88c6e3ULL};
constexpr net::HashKey skip_key{.k0 = 0x696b656c622d736bULL, .k1 = 0x589965cc75374cc3ULL};

std::uint64_t hash_text(std::string_view text, net::HashKey key) noexcept {
    std::uint64_t hash = net::keyed_hash(text.size(), key);
    while (!text.empty()) {
        std::uint64_t word = 0;
        for (const char c : text.substr(0, 8)) word = word << 8 | static_cast<unsigned char>(c);
        hash = net::keyed_hash(word, hash, key);
        text.remove_prefix(std::min<std::size_t>(8, text.size()));
    }
    return hash;
}

/// A member and its permutation of the entries: offset, offset + skip, offset + 2 skip, ...
struct Turn {
    const SpreadMember* member = nullptr;
    std::size_t position = 0;  ///< the entry that the member takes next
    std::size_t skip = 0;
    std::uint64_t credit = 0;  ///< an entry costs the largest weight
};

Turn make_turn(const SpreadMember& member, std::size_t table_size) {
    Turn turn{.member = &member};
    turn.position = maglev_index(hash_text(member.identity, offset_key), table_size);
    if (table_size == 1) return turn;
    turn.skip = 1 + maglev_index(hash_text(member.identity, skip_key), table_size - 1);
    // Does nothing if the size is prime; for other sizes a skip could miss entries.
    while (std::gcd(turn.skip, table_size) != 1) turn.skip = turn.skip % (table_size - 1) + 1;
    return turn;
}

std::vector<Turn> make_turns(std::span<const SpreadMember> members, std::size_t table_size) {
    std::vector<Turn> turns;
    turns.reserve(members.size());
    for (const SpreadMember& member : members)
        if (member.weight > 0) turns.push_back(make_turn(member, table_size));
    // The caller's order must not decide the order within a round.
    std::ranges::sort(turns, {}, [](const Turn& turn) {
        return std::tuple{turn.position, turn.skip, std::string_view{turn.member->identity},
                          turn.member->value};
    });
    return turns;
}

}  // namespace

std::vector<std::uint16_t> build_maglev(std::span<const SpreadMember> members,
                                        std::size_t table_size) {
    if (table_size == 0) return {};
    std::vector<Turn> turns = make_turns(members, table_size);
    if (turns.empty()) return {};
    std::uint64_t price = 0;
    for (const Turn& turn : turns) price = std::max<std::uint64_t>(price, turn.member->weight);
    // Half an entry at the start rounds every share to the nearest instead of down.
    for (Turn& turn : turns) turn.credit = price / 2;

    std::vector<std::uint16_t> table(table_size);
    std::vector<bool> is_taken(table_size);
    std::size_t left = table_size;
    while (true) {
        for (Turn& turn : turns) {
            turn.credit += turn.member->weight;
            if (turn.credit < price) continue;
            turn.credit -= price;
            while (is_taken[turn.position]) {
                turn.position += turn.skip;
                if (turn.position >= table_size) turn.position -= table_size;
            }
            is_taken[turn.position] = true;
            table[turn.position] = turn.member->value;
            if (--left == 0) return table;
        }
    }
}

}  // namespace ikelb::table
