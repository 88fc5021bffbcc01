// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include "dataplane/dpdk/mempool.h"

#include <rte_errno.h>

namespace ikelb::dpdk {

Result<Mempool> make_packet_pool(const std::string& name, unsigned buffers, unsigned data_bytes) {
    constexpr unsigned cached_per_lcore = 256;
    const auto room = static_cast<std::uint16_t>(data_bytes + RTE_PKTMBUF_HEADROOM);
    Mempool pool{rte_pktmbuf_pool_create(name.c_str(), buffers, cached_per_lcore, 0, room,
                                         SOCKET_ID_ANY)};
    if (!pool)
        return Failure{"no memory for " + std::to_string(buffers) + " packet buffers of " +
                       std::to_string(room) + " bytes (" + rte_strerror(rte_errno) +
                       "); raise dpdk.memory, or the huge pages: "
                       "`echo 512 > /proc/sys/vm/nr_hugepages`"};
    return pool;
}

}  // namespace ikelb::dpdk
