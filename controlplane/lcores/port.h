// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

#include <rte_mbuf.h>
#include <rte_mempool.h>

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "dataplane/dpdk/result.h"
#include "dataplane/net/address.h"

namespace ikelb::lcores {

struct MempoolDeleter {
    void operator()(rte_mempool* pool) const noexcept { rte_mempool_free(pool); }
};

/// Packet buffers. Free the pool after the ports that receive into it have stopped.
using Mempool = std::unique_ptr<rte_mempool, MempoolDeleter>;

/// net_af_xdp takes a pool for an array from the begin of its memory, and registers that array with
/// the kernel. But DPDK lets no buffer cross the end of a page: the gaps push the last buffers out
/// of the registered memory. The kernel then refuses them without an error, never returns them, and
/// in the end the port is deaf.
enum class BufferLayout : std::uint8_t {
    spread,  ///< over the memory's channels
    array,   ///< whole pages each, so that no gaps are left
};

/// A buffer with all of DPDK's data around it. data_bytes: without head room.
unsigned buffer_bytes(unsigned data_bytes, BufferLayout layout);

dpdk::Result<Mempool> make_packet_pool(const std::string& name, unsigned buffers,
                                       unsigned data_bytes,
                                       BufferLayout layout = BufferLayout::spread);

struct PortOptions {
    std::string name;    ///< as the configuration calls it
    std::string device;  ///< PCI address or vdev string
    std::uint16_t mtu = 1500;
    std::uint16_t queues = 1;  ///< receive and transmit, one of each per worker
};

/// The port's share of the requested features; shown to the operator.
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
    static dpdk::Result<Port> open(const PortOptions& options, rte_mempool& pool);

    Port(Port&& other) noexcept;
    Port& operator=(Port&&) = delete;
    ~Port();

    std::uint16_t id() const noexcept { return id_; }
    const PortFacts& facts() const noexcept { return facts_; }
    bool is_link_up() const noexcept;
    /// DPDK's xstats, since the start or the last reset; empty: no answer. Control thread only.
    std::vector<std::pair<std::string, std::uint64_t>> counts() const;

private:
    Port(std::uint16_t id, PortFacts facts) noexcept : id_{id}, facts_{std::move(facts)} {}

    std::uint16_t id_;
    PortFacts facts_;
    bool is_owner_ = true;
};

}  // namespace ikelb::lcores
