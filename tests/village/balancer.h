// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "tests/village/datagram.h"

namespace ikelb::village {

/// The farm that a balancer stands before. Servers and VIPs are counted from 0.
struct Site {
    int servers = 3;
    int vips = 1;
    bool has_aliases = false;  ///< a server has an address for each VIP
    bool is_v6 = false;
    bool is_dual = false;  ///< the second VIP is of IPv6, and the servers have an address of each
    bool by_sa = false;  ///< affinity: sa
    int workers = 2;
    /// Regions that a few thousand records fill, and a tenth of the product's budgets.
    bool is_narrow = false;
    bool has_room = false;  ///< for more flows than one SA on the move may have
    bool has_v1 = false;  ///< one more user, by IKEv1
    /// Of a hundred datagrams of a client so many never arrive, and so many a second late, behind
    /// others; of a server's some are lost on their way to a client, too.
    int lost = 0, late = 0;
};

enum class Drain : std::uint8_t { none, keep, refuse };

/// How a server's datagram leaves.
struct Way {
    int vip = 0;      ///< whose address it has as its source
    int gateway = 0;  ///< the router that it is sent to
    friend bool operator==(const Way&, const Way&) = default;
};

/// What the village wants of a load balancer, whichever it is.
class Balancer {
public:
    virtual ~Balancer() = default;

    /// Who gets a client's datagram: first whoever gets the datagram itself, then those that get a
    /// copy. Nobody: it was dropped.
    virtual std::vector<int> to_servers(const Datagram& datagram) = 0;
    /// Nothing: the server's datagram was dropped.
    virtual std::optional<Way> to_client(int server, const Datagram& datagram) = 0;
    virtual void advance(Seconds seconds) = 0;

    /// What the health checks say of a server, true or not.
    virtual void set_up(int server, bool is_up) = 0;
    virtual void set_drain(int server, Drain drain) = 0;
    /// Until placed freely again, whoever logs in does so on that server, whatever the hash and
    /// what is known of his address say.
    virtual void place_on(int server) = 0;
    virtual void place_freely() = 0;
    /// The process ends and another one begins, with what the first had saved or with nothing.
    virtual void restart(bool is_saved) = 0;

    /// Where a newcomer from an address would be placed.
    virtual int hash(const Address& address) const = 0;
    /// Is the pair on record as that of an SA, for as long as those live?
    virtual bool is_established(const Pair& ike_sa) const = 0;
    /// Does it tell two places of a client with one ESP SPI apart? Mostly: docs/affinity.md.
    virtual bool tells_apart(const Datagram&, const Datagram&) const { return true; }
    /// For people: what was done with the last datagram.
    virtual std::string last_verdict() const { return {}; }
};

using MakeBalancer = std::unique_ptr<Balancer> (*)(const Site& site);

}  // namespace ikelb::village
