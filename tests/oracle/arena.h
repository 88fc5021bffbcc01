// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

#include <vector>

#include "tests/oracle/event.h"
#include "tests/oracle/oracle.h"
#include "tests/testlib/bench.h"

namespace ikelb::oracle {

/// The product in a world: turns events into frames, passes each through the pipeline of its
/// worker, and reads the result off the wire.
class Arena {
public:
    /// Cache::off runs the general path alone; Cache::on runs the fast path, too.
    enum class Cache : bool { off, on };
    Arena(const World& world, Cache cache);

    Decision step(const Event& event);

    /// Backend of the client in a hash table of the product; -1: none.
    int hash(const Event& event, Oracle::Table table) const;
    int tag(const Event& event) const;

private:
    void change(const Event& event);
    void change_router(const Event& event);
    void set_membership(forwarding::BackendIndex backend, bool is_member);
    testlib::PacketBuilder datagram(const Event& event) const;
    Decision observe(const Event& event, const testlib::Bytes& sent,
                     const testlib::Outcome& outcome) const;

    int server_at(const net::IpAddress& address) const;
    std::vector<int> copies_of(const testlib::Outcome& outcome) const;

    /// The product's index of a server.
    forwarding::BackendIndex index_of(int backend) const {
        return static_cast<forwarding::BackendIndex>(backend + first_);
    }

    World world_;
    int first_;  ///< the index of server 0
    testlib::Bench bench_;
};

}  // namespace ikelb::oracle
