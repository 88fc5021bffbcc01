// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "dataplane/forwarding/forwarding_table.h"
#include "dataplane/net/address.h"
#include "dataplane/sessions/directory.h"

namespace ikelb::inspect {

/// Which IKE SAs to list, and where to go on.
struct SessionQuery {
    std::optional<net::IpPrefix> client{};
    /// An IKE SPI of either side, or an ESP SPI: the SAs of those who were seen to use it.
    std::optional<std::uint64_t> spi{};
    std::optional<forwarding::BackendIndex> backend{};
    std::size_t from = 0;      ///< SessionSlice::next of the slice before
    std::size_t limit = 1000;  ///< stop there at the latest; a bucket is not split
};

/// One IKE SA. SPIs in host byte order.
struct Session {
    std::uint64_t initiator_spi = 0;
    std::uint64_t responder_spi = 0;
    sessions::IkeSa sa{};
    /// Where its backend last sent to. nullopt: nothing was noted, or no flow names the IPv6
    /// address of which the note holds a hash.
    std::optional<net::IpAddress> client{};
    std::uint16_t port = 0;
    unsigned moves = 0;
    std::optional<forwarding::Seconds> age{};
};

struct SessionSlice {
    std::vector<Session> sessions{};
    std::optional<std::size_t> next{};  ///< nullopt: that was the last
};

/// Exact to Peer::age_unit, and never less than the SA has been idle: a note wraps.
forwarding::Seconds age_of(const sessions::IkeSa& sa, const sessions::Peer& peer,
                           forwarding::Seconds now) noexcept;

/// The live ones of a slice of the pairs, so that a million of them keep the control thread no
/// longer at once than a few milliseconds. IPv6 costs a walk of the IPv6 flows on top, for the
/// addresses. Threads: any, beside workers; an SA that is written meanwhile may be missed.
SessionSlice list_sessions(const sessions::Directory& directory,
                           const forwarding::ForwardingTable& table, forwarding::Seconds now,
                           const SessionQuery& query);

}  // namespace ikelb::inspect
