// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

#include <cstddef>
#include <memory>

#include "tests/bench/measure.h"

struct rte_hash;

namespace ikelb::bench {

/// What the packet path is compared with: a lock-free rte_hash that has a key for each of a town's
/// IPv4 clients, their address and port, and is asked for the senders of bursts of 32. It reads the
/// packets' headers and does nothing else for them.
class Reference {
public:
    static constexpr const char* name = "rte_hash_bulk";

    /// Bytes of EAL's memory for so many clients.
    static std::uint64_t bytes(std::size_t flows) noexcept;

    /// Throws std::runtime_error without room for the table. The stream goes towards the servers.
    Reference(const Town& town, Stream& stream, Lane& lane);
    ~Reference();

    /// As Measurement does it: on the same packets, in the same buffers. Throws std::runtime_error
    /// if a client is not found.
    Sample cycles_per_packet(std::size_t packets);
    /// Untimed packets, as many as warm_up_of() says.
    void warm_up();

private:
    struct Deleter {
        void operator()(rte_hash* hash) const noexcept;
    };

    void load();
    void look_up() const noexcept;

    Stream& stream_;
    Lane& lane_;
    std::unique_ptr<rte_hash, Deleter> hash_;
    mutable std::uint64_t asked_ = 0, found_ = 0;
};

}  // namespace ikelb::bench
