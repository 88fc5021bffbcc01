// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "dataplane/forwarding/forwarding_table.h"
#include "dataplane/net/address.h"
#include "dataplane/sessions/session_tables.h"

namespace ikelb::inspect {

struct SessionQuery {
    std::optional<net::IpPrefix> client{};
    /// An IKE SPI of either side, or an ESP SPI: selects the SAs of its users.
    std::optional<std::uint64_t> spi{};
    std::optional<forwarding::BackendIndex> backend{};
    std::size_t from = 0;      ///< SessionSlice::next of the slice before
    std::size_t limit = 1000;  ///< sessions at most; a bucket is not split
};

/// SPIs in host byte order.
struct Session {
    std::uint64_t initiator_spi = 0;
    std::uint64_t responder_spi = 0;
    sessions::IkeSa sa{};
    /// The backend's last destination. nullopt: nothing was noted, or no flow has the IPv6 address
    /// whose hash is noted.
    std::optional<net::IpAddress> client{};
    std::uint16_t port = 0;
    unsigned moves = 0;
    std::optional<forwarding::Seconds> age{};
};

struct SessionSlice {
    std::vector<Session> sessions{};
    std::optional<std::size_t> next{};  ///< nullopt: this was the last slice
};

/// Exact to Peer::age_unit, and never less than the SA's idle time: a note wraps.
forwarding::Seconds age_of(const sessions::IkeSa& sa, const sessions::Peer& peer,
                           forwarding::Seconds now) noexcept;

/// Live IKE SAs of a slice: a million of them block the control thread for a few milliseconds at
/// most. IPv6 addresses cost a walk of the IPv6 flows on top. Threads: any, beside workers; the
/// list may miss an SA that a worker writes meanwhile.
SessionSlice list_sessions(const sessions::SessionTables& sessions,
                           const forwarding::ForwardingTable& table, forwarding::Seconds now,
                           const SessionQuery& query);

}  // namespace ikelb::inspect
