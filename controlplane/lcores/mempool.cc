// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include "controlplane/lcores/mempool.h"

#include <rte_errno.h>
#include <rte_mbuf_pool_ops.h>
#include <rte_memzone.h>
#include <unistd.h>

namespace ikelb::lcores {
namespace {

unsigned flags_of(BufferLayout layout) {
    return layout == BufferLayout::array ? RTE_MEMPOOL_F_NO_SPREAD : 0;
}

/// Returns how many buffers there is room for. An array gets one piece of memory that begins with a
/// page; it is kept for good, as pools are.
int populate(rte_mempool& pool, BufferLayout layout, std::size_t bytes) {
    if (layout == BufferLayout::spread) return rte_mempool_populate_default(&pool);
    const auto page = static_cast<unsigned>(sysconf(_SC_PAGESIZE));
    const auto* zone = rte_memzone_reserve_aligned(pool.name, bytes, SOCKET_ID_ANY, 0, page);
    if (zone == nullptr) return -1;
    return rte_mempool_populate_virt(&pool, static_cast<char*>(zone->addr), bytes, page, nullptr,
                                     nullptr);
}

}  // namespace

unsigned buffer_bytes(unsigned data_bytes, BufferLayout layout) {
    const long multiple = layout == BufferLayout::array ? sysconf(_SC_PAGESIZE) : 1;
    const unsigned element = sizeof(rte_mbuf) + RTE_PKTMBUF_HEADROOM + data_bytes;
    return RTE_ALIGN_CEIL(rte_mempool_calc_obj_size(element, flags_of(layout), nullptr),
                          static_cast<unsigned>(multiple));
}

dpdk::Result<Mempool> make_packet_pool(const std::string& name, unsigned buffers,
                                       unsigned data_bytes, BufferLayout layout) {
    constexpr unsigned cached_per_lcore = 256, header_bytes = RTE_CACHE_LINE_SIZE;
    const unsigned bytes = buffer_bytes(data_bytes, layout);
    Mempool pool{rte_mempool_create_empty(name.c_str(), buffers, bytes - header_bytes,
                                          cached_per_lcore, sizeof(rte_pktmbuf_pool_private),
                                          SOCKET_ID_ANY, flags_of(layout))};
    if (pool) rte_mempool_set_ops_byname(pool.get(), rte_mbuf_best_mempool_ops(), nullptr);
    if (pool) rte_pktmbuf_pool_init(pool.get(), nullptr);
    const int fit = pool ? populate(*pool, layout, std::size_t{buffers} * bytes) : -1;
    if (fit < 0)
        return dpdk::Failure{"no memory for " + std::to_string(buffers) + " packet buffers of " +
                             std::to_string(bytes) + " bytes (" + rte_strerror(rte_errno) +
                             "); raise dpdk.memory, or the huge pages: "
                             "`echo 512 > /proc/sys/vm/nr_hugepages`"};
    // Memory of just that size holds all of them only side by side.
    if (static_cast<unsigned>(fit) != buffers)
        return dpdk::Failure{"this DPDK leaves gaps between packet buffers, and net_af_xdp would "
                             "lose the last ones; take net_af_packet instead"};
    rte_mempool_obj_iter(pool.get(), rte_pktmbuf_init, nullptr);
    return pool;
}

}  // namespace ikelb::lcores
