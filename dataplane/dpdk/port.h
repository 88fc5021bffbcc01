// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

#include <rte_ethdev.h>
#include <rte_mbuf.h>

#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "dataplane/dpdk/result.h"
#include "dataplane/net/address.h"

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

struct PortOptions {
    std::string name;    ///< as the configuration calls it
    std::string device;  ///< PCI address or vdev string
    std::uint16_t mtu = 1500;
    std::uint16_t queues = 1;  ///< receive and transmit, one of each for every worker
};

/// What the port took of what was asked; shown to the operator.
struct PortFacts {
    std::string driver;
    net::MacAddress mac;          ///< the device's own
    std::uint16_t queues = 0;
    bool spreads_by_address = false;  ///< RSS over layer 3 only
    bool spreads_by_port = false;     ///< RSS that also looks at UDP ports
    bool is_promiscuous = false;
};

/// An Ethernet port: configured and started by open(), stopped and closed by the destructor.
class Port {
public:
    static Result<Port> open(const PortOptions& options, rte_mempool& pool);

    Port(Port&& other) noexcept;
    Port& operator=(Port&&) = delete;
    ~Port();

    std::uint16_t id() const noexcept { return id_; }
    const PortFacts& facts() const noexcept { return facts_; }
    RxQueue rx(std::uint16_t queue) const noexcept { return {id_, queue}; }
    TxQueue tx(std::uint16_t queue) const noexcept { return {id_, queue}; }
    bool is_link_up() const noexcept;
    /// DPDK's xstats, since the start or the last reset; empty: it does not say. Control thread's.
    std::vector<std::pair<std::string, std::uint64_t>> counts() const;

private:
    Port(std::uint16_t id, PortFacts facts) noexcept : id_{id}, facts_{std::move(facts)} {}

    std::uint16_t id_;
    PortFacts facts_;
    bool is_owner_ = true;
};

}  // namespace ikelb::dpdk
