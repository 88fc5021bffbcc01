// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

#include <rte_errno.h>
#include <rte_ring.h>
#include <rte_ring_elem.h>

#include <memory>
#include <string>
#include <type_traits>

#include "dataplane/dpdk/result.h"

namespace ikelb::dpdk {

struct RingDeleter {
    void operator()(rte_ring* ring) const noexcept { rte_ring_free(ring); }
};

/// A bounded queue from one thread to another. push() never waits: a full queue refuses the value.
template <typename T>
    requires std::is_trivially_copyable_v<T> && (sizeof(T) % 4 == 0)
class Ring {
public:
    /// capacity: a power of two; the ring holds one value less.
    static Result<Ring> make(const std::string& name, unsigned capacity) {
        Ring ring;
        ring.ring_.reset(rte_ring_create_elem(name.c_str(), sizeof(T), capacity, SOCKET_ID_ANY,
                                              RING_F_SP_ENQ | RING_F_SC_DEQ));
        if (!ring.ring_)
            return Failure{"no memory for the queue " + name + " (" + rte_strerror(rte_errno) +
                           "); raise dpdk.memory"};
        return ring;
    }

    bool push(T value) noexcept {
        return rte_ring_sp_enqueue_elem(ring_.get(), &value, sizeof(T)) == 0;
    }
    bool pop(T& value) noexcept {
        return rte_ring_sc_dequeue_elem(ring_.get(), &value, sizeof(T)) == 0;
    }
    bool is_empty() const noexcept { return rte_ring_empty(ring_.get()) != 0; }

private:
    Ring() = default;
    std::unique_ptr<rte_ring, RingDeleter> ring_;
};

}  // namespace ikelb::dpdk
