// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <vector>

#include "controlplane/state/state_file.h"

namespace ikelb::fuzz {

using StateBytes = std::vector<std::uint8_t>;

/// Where the version stands in a file, behind the magic.
inline constexpr std::size_t version_at = 8;

/// The format's own sum, written down a second time.
inline std::uint64_t mix(std::uint64_t sum, std::uint64_t word) {
    sum = (sum ^ word) * 0x9e3779b97f4a7c15ULL;
    return sum ^ (sum >> 32);
}

/// Versions 3 and 4 have added a count to the head each.
constexpr std::size_t state_head_of(std::uint64_t version) {
    return state::head_bytes - 8 * (state::format_version - version);
}

/// The bytes with the magic and a version of the format, and the length and checksum that belong to
/// them, so that the rest is reached.
inline StateBytes sealed(StateBytes bytes, std::uint64_t version = state::format_version) {
    constexpr std::size_t length_at = 16, checksum_at = 24;
    const std::size_t head = state_head_of(version);
    static const StateBytes empty = state::encode({});
    bytes.resize(std::max((bytes.size() + 7) / 8 * 8, head));
    std::memcpy(bytes.data(), empty.data(), version_at);
    std::memcpy(bytes.data() + version_at, &version, sizeof version);
    const std::uint64_t length = bytes.size();
    std::memcpy(bytes.data() + length_at, &length, sizeof length);
    std::uint64_t sum = 0;
    const auto add = [&](std::size_t from, std::size_t to) {
        for (std::size_t at = from; at < to; at += 8) {
            std::uint64_t word = 0;
            std::memcpy(&word, bytes.data() + at, 8);
            if (at != checksum_at) sum = mix(sum, word);
        }
    };
    add(head, bytes.size());
    add(0, head);
    std::memcpy(bytes.data() + checksum_at, &sum, sizeof sum);
    return bytes;
}

/// Of every version that is read: a fuzzer whose seal is refused would reach nothing, and find
/// nothing wrong with it.
inline void require_good_seals() {
    for (auto version = state::oldest_format_version; version <= state::format_version; ++version) {
        StateBytes bytes = state::encode({});
        bytes.erase(bytes.begin() + static_cast<std::ptrdiff_t>(state_head_of(version)),
                    bytes.begin() + state::head_bytes);
        if (!state::decode(sealed(bytes, version))) std::abort();
    }
}

}  // namespace ikelb::fuzz
