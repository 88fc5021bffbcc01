// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

#include <rte_mbuf.h>
#include <rte_mempool.h>

#include <memory>
#include <string>

#include "dataplane/dpdk/result.h"

namespace ikelb::lcores {

struct MempoolDeleter {
    void operator()(rte_mempool* pool) const noexcept { rte_mempool_free(pool); }
};

/// A pool of packet buffers. Freed after the ports that receive into it have stopped.
using Mempool = std::unique_ptr<rte_mempool, MempoolDeleter>;

/// net_af_xdp takes a pool for an array that begins where its memory does, and registers just that
/// with the kernel. But DPDK lets no buffer cross the end of a page: the gaps there move the last
/// buffers out of what is registered. The kernel then refuses them without a word, what it should
/// fill or send never comes back, and in the end the port is deaf.
enum class BufferLayout : std::uint8_t {
    spread,  ///< over the memory's channels
    array,   ///< whole pages each, so that no gaps are left
};

/// Of a buffer with all that DPDK puts around it. data_bytes: head room not counted.
unsigned buffer_bytes(unsigned data_bytes, BufferLayout layout);

dpdk::Result<Mempool> make_packet_pool(const std::string& name, unsigned buffers,
                                       unsigned data_bytes,
                                       BufferLayout layout = BufferLayout::spread);

}  // namespace ikelb::lcores
