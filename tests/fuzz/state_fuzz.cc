// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors

// Any bytes as a saved state, once as they are and once with the length and checksum that belong to
// them: decoding neither crashes nor asks for more memory than the file's size explains, an error
// always says something, and what is accepted is written again byte for byte.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <vector>

#include "controlplane/state/state_file.h"

namespace {

using Bytes = std::vector<std::uint8_t>;

void require(bool condition) {
    if (!condition) std::abort();
}

void check(const Bytes& bytes) {
    const auto state = ikelb::control::decode_state(bytes);
    if (!state) {
        require(!state.error().message.empty());
        return;
    }
    require(ikelb::control::encode_state(*state) == bytes);
}

/// The format's own sum, written down a second time.
std::uint64_t mix(std::uint64_t sum, std::uint64_t word) {
    sum = (sum ^ word) * 0x9e3779b97f4a7c15ULL;
    return sum ^ (sum >> 32);
}

/// Makes magic, version, length and checksum right, so that the rest is reached.
Bytes sealed(Bytes bytes) {
    constexpr std::size_t head = ikelb::control::state_head_bytes, checksum_at = 24;
    bytes.resize(std::max((bytes.size() + 7) / 8 * 8, head));
    std::memcpy(bytes.data(), "ikelb-st", 8);
    const std::uint64_t version = 1, length = bytes.size();
    std::memcpy(bytes.data() + 8, &version, 8);
    std::memcpy(bytes.data() + 16, &length, 8);
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
    std::memcpy(bytes.data() + checksum_at, &sum, 8);
    return bytes;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const Bytes bytes{data, data + size};
    check(bytes);
    check(sealed(bytes));
    return 0;
}
