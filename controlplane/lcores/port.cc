// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include "controlplane/lcores/port.h"

#include <rte_alarm.h>
#include <rte_cycles.h>
#include <rte_errno.h>
#include <rte_ethdev.h>
#include <rte_mbuf_pool_ops.h>
#include <rte_memzone.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <utility>

#include "controlplane/lcores/eal.h"

namespace ikelb::lcores {
namespace {

constexpr std::uint16_t descriptors = 1024;
constexpr auto any_socket = static_cast<unsigned>(SOCKET_ID_ANY);
constexpr std::uint64_t rss_by_address = RTE_ETH_RSS_IPV4 | RTE_ETH_RSS_FRAG_IPV4 |
                                         RTE_ETH_RSS_IPV6 | RTE_ETH_RSS_FRAG_IPV6;
constexpr std::uint64_t rss_by_port = RTE_ETH_RSS_UDP;

dpdk::Failure failure(const PortOptions& options, const std::string& what, int error) {
    return {"port " + options.name + " (" + options.device + "): " + what + ": " +
            rte_strerror(error < 0 ? -error : error)};
}

/// A client's 500, 4500 and fragments meet on one worker if only addresses are hashed. A feature
/// that the port lacks costs speed, never correctness.
rte_eth_conf configuration_for(const PortOptions& options, const rte_eth_dev_info& info,
                               PortFacts& facts) {
    rte_eth_conf configuration{};
    configuration.rxmode.mtu = options.mtu;
    if (options.queues == 1) return configuration;
    const std::uint64_t by_address = info.flow_type_rss_offloads & rss_by_address;
    const std::uint64_t by_port = info.flow_type_rss_offloads & rss_by_port;
    const std::uint64_t chosen = by_address != 0 ? by_address : by_port;
    if (chosen == 0) return configuration;
    configuration.rxmode.mq_mode = RTE_ETH_MQ_RX_RSS;
    configuration.rx_adv_conf.rss_conf.rss_hf = chosen;
    facts.spreads_by_address = by_address != 0;
    facts.spreads_by_port = by_address == 0;
    return configuration;
}

std::optional<dpdk::Failure> set_up_queues(const PortOptions& options, std::uint16_t id,
                                           rte_mempool& pool) {
    std::uint16_t rx = descriptors, tx = descriptors;
    if (const int error = rte_eth_dev_adjust_nb_rx_tx_desc(id, &rx, &tx); error != 0)
        return failure(options, "queue sizes refused", error);
    for (std::uint16_t queue = 0; queue < options.queues; ++queue) {
        int error = rte_eth_rx_queue_setup(id, queue, rx, any_socket, nullptr, &pool);
        if (error != 0)
            return failure(options, "receive queue " + std::to_string(queue), error);
        error = rte_eth_tx_queue_setup(id, queue, tx, any_socket, nullptr);
        if (error != 0)
            return failure(options, "transmit queue " + std::to_string(queue), error);
    }
    return std::nullopt;
}

/// Waits until DPDK's interrupt thread has handled all earlier events, at most a second.
void await_interrupt_thread() {
    // Outlives a late alarm.
    static std::atomic<bool> is_through;
    is_through.store(false, std::memory_order_relaxed);
    const auto alarm = [](void*) { is_through.store(true, std::memory_order_release); };
    if (rte_eal_alarm_set(1, alarm, nullptr) != 0) return;
    for (int tries = 0; tries < 10'000 && !is_through.load(std::memory_order_acquire); ++tries)
        rte_delay_us_sleep(100);
}

unsigned flags_of(BufferLayout layout) {
    return layout == BufferLayout::array ? RTE_MEMPOOL_F_NO_SPREAD : 0;
}

/// Returns the number of buffers that fit. An array gets one piece of memory that begins with a
/// page; it is never freed, as pools are not.
int populate(rte_mempool& pool, BufferLayout layout, std::size_t bytes) {
    if (layout == BufferLayout::spread) return rte_mempool_populate_default(&pool);
    const auto page = static_cast<unsigned>(sysconf(_SC_PAGESIZE));
    const auto* zone = rte_memzone_reserve_aligned(pool.name, bytes, SOCKET_ID_ANY, 0, page);
    if (zone == nullptr) return -1;
    return rte_mempool_populate_virt(&pool, static_cast<char*>(zone->addr), bytes, page, nullptr,
                                     nullptr);
}

}  // namespace

dpdk::Result<Port> Port::open(const PortOptions& options, rte_mempool& pool) {
    const auto id = probe_port(options.device);
    if (!id) return dpdk::Failure{"port " + options.name + ": " + id.error().message};
    rte_eth_dev_info info{};
    if (const int error = rte_eth_dev_info_get(*id, &info); error != 0)
        return failure(options, "no information", error);
    const unsigned offered = std::min(info.max_rx_queues, info.max_tx_queues);
    if (offered < options.queues)
        return dpdk::Failure{"port " + options.name + " (" + options.device + ") has " +
                             std::to_string(offered) + " queue(s), but workers.count is " +
                             std::to_string(options.queues) + "; set workers.count: " +
                             std::to_string(offered)};
    PortFacts facts{.driver = info.driver_name, .mac = {}, .queues = options.queues};
    const rte_eth_conf configuration = configuration_for(options, info, facts);
    if (const int error = rte_eth_dev_configure(*id, options.queues, options.queues,
                                                &configuration);
        error != 0)
        return failure(options, "configuration refused", error);
    if (auto trouble = set_up_queues(options, *id, pool)) return *trouble;
    rte_ether_addr mac{};
    rte_eth_macaddr_get(*id, &mac);
    std::copy_n(mac.addr_bytes, 6, facts.mac.bytes.begin());
    if (const int error = rte_eth_dev_start(*id); error != 0)
        return failure(options, "did not start", error);
    facts.is_promiscuous = rte_eth_promiscuous_enable(*id) == 0;
    rte_eth_allmulticast_enable(*id);
    return Port{*id, std::move(facts)};
}

Port::Port(Port&& other) noexcept
    : id_{other.id_},
      facts_{std::move(other.facts_)},
      is_owner_{std::exchange(other.is_owner_, false)} {}

Port::~Port() {
    if (!is_owner_) return;
    rte_eth_dev_stop(id_);
    rte_eth_dev_close(id_);
    // The close of one end of a memif makes the interrupt thread take down the other. If that is a
    // port of ours too, both threads would free its queues.
    await_interrupt_thread();
}

bool Port::is_link_up() const noexcept {
    rte_eth_link link{};
    return rte_eth_link_get_nowait(id_, &link) == 0 && link.link_status == RTE_ETH_LINK_UP;
}

std::vector<std::pair<std::string, std::uint64_t>> Port::counts() const {
    std::vector<std::pair<std::string, std::uint64_t>> counts;
    const int all = rte_eth_xstats_get_names(id_, nullptr, 0);
    std::vector<rte_eth_xstat_name> names(static_cast<std::size_t>(std::max(all, 0)));
    std::vector<rte_eth_xstat> values(names.size());
    const auto room = static_cast<unsigned>(names.size());
    if (rte_eth_xstats_get_names(id_, names.data(), room) != all ||
        rte_eth_xstats_get(id_, values.data(), room) != all)
        return counts;
    for (const auto& [id, value] : values) counts.emplace_back(names[id].name, value);
    return counts;
}

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
    // Memory of exactly this size holds all buffers only side by side.
    if (static_cast<unsigned>(fit) != buffers)
        return dpdk::Failure{
            "this DPDK leaves gaps between packet buffers, and net_af_xdp would "
            "lose the last ones; take net_af_packet instead"};
    rte_mempool_obj_iter(pool.get(), rte_pktmbuf_init, nullptr);
    return pool;
}

}  // namespace ikelb::lcores
