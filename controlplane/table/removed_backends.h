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

/// An address that was a backend's. The name is for people.
struct RemovedBackend {
    std::string name;
    net::IpAddress address;
    forwarding::Seconds since = 0;  ///< on the dataplane's coarse clock
    friend bool operator==(const RemovedBackend&, const RemovedBackend&) = default;
};

/// The servers that a reload has taken away do not know it: for as long as a tunnel of theirs may
/// be alive they go on sending to its client, and are their router's neighbours as before. So an
/// address that was a backend's stays known as one, for whose service UDP there is no VIP. It ends
/// once nothing of the kind has come from any of them for timeouts.flow, as long as a flow lives
/// without a word of its server; at the latest after timeouts.pair, as long as an IKE SA is held to
/// be alive without one: who goes on for longer has clients of his own. And at once where the
/// address is a backend's again, of whatever name.
/// Threads: the control thread's.
class RemovedBackends {
public:
    /// A configuration takes another one's place.
    void change(const config::Config& before, const config::Config& after,
                forwarding::Seconds now);
    /// Backends of the process before this one: those that are none in the configuration.
    void take_up(std::span<const RemovedBackend> known, const config::Config& config,
                 forwarding::Seconds now);

    /// dropped: how many of their packets were dropped so far. Says who has ended.
    std::vector<RemovedBackend> expire(std::uint64_t dropped, const forwarding::Timeouts& lives,
                                       forwarding::Seconds now);

    const std::vector<RemovedBackend>& all() const noexcept { return all_; }

private:
    std::vector<RemovedBackend> all_;
    std::uint64_t dropped_ = 0;
    forwarding::Seconds last_dropped_ = 0;
};

/// The addresses that are a backend's, aliases included, of pools that a service uses.
std::vector<RemovedBackend> backend_addresses_of(const config::Config& config);

}  // namespace ikelb::table
