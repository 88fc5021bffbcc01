// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

// The layout of records in a state file, of this version and of older ones. For state_file.cc.

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <vector>

#include "controlplane/state/state_file.h"
#include "dataplane/net/address.h"

namespace ikelb::state {

/// Reads little-endian values. Behind the end every value is zero and the reader is no longer good;
/// it never reads outside of its bytes.
class ByteReader {
public:
    /// The bytes must outlive the reader.
    explicit ByteReader(std::span<const std::uint8_t> bytes) noexcept : rest_{bytes} {}
    explicit ByteReader(std::vector<std::uint8_t>&& bytes) = delete;

    std::uint64_t word() noexcept {
        std::uint64_t value = 0;
        if (const auto bytes = take(sizeof value); !bytes.empty())
            std::memcpy(&value, bytes.data(), sizeof value);
        return value;
    }
    std::size_t number(std::size_t bytes) noexcept {
        std::size_t value = 0;
        int shift = 0;
        for (const std::uint8_t byte : take(bytes)) {
            value |= std::size_t{byte} << shift;
            shift += 8;
        }
        return value;
    }
    std::string text() {
        const auto bytes = take(number(1));
        return {bytes.begin(), bytes.end()};
    }
    net::IpAddress address() noexcept {
        std::array<std::uint8_t, 16> value{};
        std::ranges::copy(take(value.size()), value.begin());
        return net::IpAddress{value};
    }

    bool is_good() const noexcept { return is_good_; }
    bool is_at_end() const noexcept { return rest_.empty(); }
    /// Whether the rest is zeros only, fewer than `most`.
    bool is_padding_only(std::size_t most) const noexcept {
        return rest_.size() < most &&
               std::ranges::all_of(rest_, [](std::uint8_t byte) { return byte == 0; });
    }

private:
    std::span<const std::uint8_t> take(std::size_t count) noexcept {
        if (count > rest_.size()) {
            is_good_ = false;
            rest_ = {};
            return {};
        }
        const auto taken = rest_.first(count);
        rest_ = rest_.subspan(count);
        return taken;
    }

    std::span<const std::uint8_t> rest_;
    bool is_good_ = true;
};

inline constexpr std::size_t flow_words = 4, rival_words = 1, binding_words = 4, esp_words = 4,
                             transit_words = 6;
constexpr std::size_t pair_words(std::uint64_t version) noexcept {
    return version < 4 ? 3 : 5;
}

/// The word of each record. code and extra: set by the kind of record.
constexpr std::uint64_t pack(const SavedRecord& record, std::uint8_t code,
                             std::uint8_t extra) noexcept {
    return std::uint64_t{record.age} | std::uint64_t{record.backend} << 32 |
           std::uint64_t{code} << 48 | std::uint64_t{extra} << 56;
}

struct RecordWord {
    SavedRecord record{};
    std::uint8_t code = 0;
    std::uint8_t extra = 0;

    constexpr explicit RecordWord(std::uint64_t word) noexcept
        : record{.age = static_cast<std::uint32_t>(word),
                 .backend = static_cast<std::uint16_t>(word >> 32)},
          code{static_cast<std::uint8_t>(word >> 48)},
          extra{static_cast<std::uint8_t>(word >> 56)} {}
    /// Whether it names a backend and its code is below `codes`.
    bool is_good(const Facts& facts, std::size_t codes) const noexcept {
        return code < codes && record.backend < facts.backends.size();
    }
};

/// Reads a flow without its standing. False: the flow points at nothing. The caller checks code and
/// the number of rivals.
bool read_flow(ByteReader& in, const Facts& facts, SavedFlow& flow, std::uint8_t& code) noexcept;
bool read_persistence_key(ByteReader& in, const Facts& facts,
                          SavedPersistence& persistence) noexcept;
bool read_esp_key(ByteReader& in, SavedEsp& esp) noexcept;
/// Reads all but the progress, which is the code.
bool read_transit(ByteReader& in, SavedTransit& transit, std::uint32_t& code) noexcept;

/// Reads the records of a file of this version. False: a record points at nothing.
bool read_records(std::span<const std::uint8_t> bytes, const RecordCounts& counts, State& state);

/// The same for versions 2 and 3. Their records lack some facts: a login under way at the save
/// begins anew, an IKE SA has no seen INIT, and the flows provide the claims of ESP SPIs.
bool read_old_records(std::span<const std::uint8_t> bytes, const RecordCounts& counts,
                      State& state);

}  // namespace ikelb::state
