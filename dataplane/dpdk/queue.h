// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

#include <rte_ethdev.h>
#include <rte_mbuf.h>

#include <cstdint>
#include <span>

namespace ikelb::dpdk {

/// One receive queue of a port, for one worker.
class RxQueue {
public:
    RxQueue(std::uint16_t port, std::uint16_t queue) noexcept : port_{port}, queue_{queue} {}

    std::uint16_t receive(std::span<rte_mbuf*> room) noexcept {
        return rte_eth_rx_burst(port_, queue_, room.data(),
                                static_cast<std::uint16_t>(room.size()));
    }
    std::uint16_t port() const noexcept { return port_; }

private:
    std::uint16_t port_;
    std::uint16_t queue_;
};

/// One transmit queue of a port, for one worker.
class TxQueue {
public:
    TxQueue(std::uint16_t port, std::uint16_t queue) noexcept : port_{port}, queue_{queue} {}

    /// Hands packets over; those beyond the returned count are still the caller's.
    std::uint16_t transmit(std::span<rte_mbuf*> packets) noexcept {
        return rte_eth_tx_burst(port_, queue_, packets.data(),
                                static_cast<std::uint16_t>(packets.size()));
    }

private:
    std::uint16_t port_;
    std::uint16_t queue_;
};

}  // namespace ikelb::dpdk
