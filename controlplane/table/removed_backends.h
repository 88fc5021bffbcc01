// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "config/config.h"
#include "dataplane/forwarding/timeouts.h"
#include "dataplane/net/address.h"

namespace ikelb::table {

/// A former address of a backend. The name is for people.
struct RemovedBackend {
    std::string name;
    net::IpAddress address;
    forwarding::Seconds since = 0;  ///< on the dataplane's coarse clock
    friend bool operator==(const RemovedBackend&, const RemovedBackend&) = default;
};

/// A removed server does not know of the reload: while a tunnel may live, the server sends to its
/// client, and stays a neighbour of its router. So the address stays known as a backend's, without
/// a VIP for its service UDP. The entry ends when no removed server has sent such a packet for
/// timeouts.flow, the life of a flow without a word of its server; at the latest after
/// timeouts.pair, the life of an idle IKE SA: a server that sends for longer has its own clients.
/// It ends at once when any backend gets the address. Control thread only.
class RemovedBackends {
public:
    void change(const config::Config& before, const config::Config& after,
                forwarding::Seconds now);
    /// Adds the last process's backends that the configuration lacks.
    void take_up(std::span<const RemovedBackend> known, const config::Config& config,
                 forwarding::Seconds now);

    /// dropped: packets of removed backends dropped so far. Returns the ended entries.
    std::vector<RemovedBackend> expire(std::uint64_t dropped, const forwarding::Timeouts& lives,
                                       forwarding::Seconds now);

    const std::vector<RemovedBackend>& all() const noexcept { return all_; }

private:
    std::vector<RemovedBackend> all_;
    std::uint64_t dropped_ = 0;
    forwarding::Seconds last_dropped_ = 0;
};

/// The addresses of backends, aliases included, of pools that a service uses.
std::vector<RemovedBackend> backend_addresses_of(const config::Config& config);

}  // namespace ikelb::table
