// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

#include <rte_mbuf.h>
#include <rte_mempool.h>

#include <memory>
#include <string>

#include "dataplane/dpdk/result.h"

namespace ikelb::dpdk {

struct MempoolDeleter {
    void operator()(rte_mempool* pool) const noexcept { rte_mempool_free(pool); }
};

/// A pool of packet buffers. Freed after the ports that receive into it have stopped.
using Mempool = std::unique_ptr<rte_mempool, MempoolDeleter>;

/// buffers: how many; data_bytes: of each, head room not counted.
Result<Mempool> make_packet_pool(const std::string& name, unsigned buffers, unsigned data_bytes);

}  // namespace ikelb::dpdk
