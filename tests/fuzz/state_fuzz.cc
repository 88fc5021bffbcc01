// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors

// Any bytes as a saved state, once as they are and once of each version of the format that is read,
// with the length and checksum that belong to them: decoding neither crashes nor asks for more
// memory than the file's size explains, an error always says something, and what is accepted is
// written again byte for byte, that of an older version as one of today's.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>

#include "tests/fuzz/sealed_state.h"

namespace {

using Bytes = ikelb::fuzz::StateBytes;

void require(bool condition) {
    if (!condition) std::abort();
}

bool is_of_today(const Bytes& bytes) {
    std::uint64_t version = 0;
    std::memcpy(&version, bytes.data() + ikelb::fuzz::version_at, sizeof version);
    return version == ikelb::state::format_version;
}

void check(const Bytes& bytes) {
    const auto state = ikelb::state::decode(bytes);
    if (!state) {
        require(!state.error().message.empty());
        return;
    }
    const Bytes written = ikelb::state::encode(*state);
    if (is_of_today(bytes)) {
        require(written == bytes);
    } else {
        const auto again = ikelb::state::decode(written);
        require(again && ikelb::state::encode(*again) == written);
    }
}

}  // namespace

extern "C" int LLVMFuzzerInitialize(int*, char***) {
    ikelb::fuzz::require_good_seals();
    return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const Bytes bytes{data, data + size};
    check(bytes);
    for (auto version = ikelb::state::oldest_format_version;
         version <= ikelb::state::format_version; ++version)
        check(ikelb::fuzz::sealed(bytes, version));
    return 0;
}
