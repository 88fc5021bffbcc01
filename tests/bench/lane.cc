// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include "tests/bench/lane.h"

#include <emmintrin.h>
#include <rte_cycles.h>
#include <rte_ethdev.h>

#include <algorithm>
#include <new>
#include <string>

namespace ikelb::bench {

namespace {

/// What rte_eth_rx_burst() and rte_eth_tx_burst() know of the farm's two ports, which no driver
/// has: by port and queue, the side of the lane that has the queue.
std::array<std::array<void*, RTE_MAX_QUEUES_PER_PORT>, 2> sides_of_queues{};
std::array<void*, RTE_MAX_QUEUES_PER_PORT> no_callbacks{};

/// By a port for each packet of a run: itself and a copy for each other server of its service.
constexpr std::size_t most_sent = 4;

std::uint16_t free_queue() {
    const auto& queues = sides_of_queues[0];
    return static_cast<std::uint16_t>(std::ranges::find(queues, nullptr) - queues.begin());
}

/// The first that worker::Clock calls this microsecond.
std::uint64_t cycles_at(std::uint64_t micros) noexcept {
    return static_cast<std::uint64_t>((static_cast<double>(micros) + 0.5) * 1e-6 *
                                      static_cast<double>(rte_get_tsc_hz()));
}

}  // namespace

static_assert(Town::first_second == worker::Clock::first_second);

std::uint64_t fenced_cycles() noexcept {
    _mm_mfence();
    _mm_lfence();
    const std::uint64_t now = rte_rdtsc();
    _mm_lfence();
    return now;
}

Lane::Lane(Town& town, rte_mempool& pool, std::size_t packets, bool clock_stands)
    : town_{town},
      pool_{pool},
      packets_(packets),
      clock_stands_{clock_stands},
      queue_{free_queue()},
      punts_{decltype(punts_)::make("punts" + std::to_string(queue_), 64).value()},
      neighbours_{decltype(neighbours_)::make("neighbours" + std::to_string(queue_), 64).value()} {
    if (rte_pktmbuf_alloc_bulk(&pool, packets_.data(), static_cast<unsigned>(packets)) != 0)
        throw std::bad_alloc{};
    for (std::size_t port = 0; port < sides_.size(); ++port) {
        sides_[port].sent.resize(most_sent * packets);
        sides_of_queues[port][queue_] = &sides_[port];
        auto& functions = rte_eth_fp_ops[port];
        functions.rx_pkt_burst = receive;
        functions.tx_pkt_burst = transmit;
        functions.rxq = {.data = sides_of_queues[port].data(), .clbk = no_callbacks.data()};
        functions.txq = functions.rxq;
    }
    published_.publish(std::make_unique<forwarding::ForwardingTable>(town.table()));
    restart();
}

Lane::~Lane() {
    for (auto& queues : sides_of_queues) queues[queue_] = nullptr;
    for (rte_mbuf* packet : packets_) rte_pktmbuf_free(packet);
}

void Lane::restart() {
    worker_.reset();
    worker_ =
        std::make_unique<worker::Worker>(worker::WorkerParts{.receive = {{0, queue_}, {1, queue_}},
                                                             .transmit = {{0, queue_}, {1, queue_}},
                                                             .punts = &punts_,
                                                             .neighbours = &neighbours_,
                                                             .published = &published_,
                                                             .sessions = &town_.sessions(),
                                                             .clock = {}});
    restarted_ = rte_rdtsc();
}

std::uint16_t Lane::receive(void* side, rte_mbuf** room, std::uint16_t count) noexcept {
    std::span<rte_mbuf*>& waiting = static_cast<Side*>(side)->waiting;
    count = static_cast<std::uint16_t>(std::min<std::size_t>(count, waiting.size()));
    std::copy_n(waiting.begin(), count, room);
    waiting = waiting.subspan(count);
    return count;
}

std::uint16_t Lane::transmit(void* side, rte_mbuf** packets, std::uint16_t count) noexcept {
    auto& [waiting, sent, sent_count] = *static_cast<Side*>(side);
    count = static_cast<std::uint16_t>(std::min<std::size_t>(count, sent.size() - sent_count));
    std::copy_n(packets, count, sent.data() + sent_count);
    sent_count += count;
    return count;
}

std::uint8_t* Lane::put(std::size_t i, std::size_t length, Towards towards) noexcept {
    rte_mbuf& packet = *packets_[i];
    packet.data_off = RTE_PKTMBUF_HEADROOM;
    packet.data_len = static_cast<std::uint16_t>(length);
    packet.pkt_len = static_cast<std::uint32_t>(length);
    packet.hash.usr = static_cast<std::uint32_t>(i);
    from_ = &sides_[towards == Towards::server ? 0 : 1];
    return rte_pktmbuf_mtod(&packet, std::uint8_t*);
}

std::span<const std::uint8_t> Lane::frame(std::size_t i) const noexcept {
    const rte_mbuf* const packet = packets_[i];
    return {rte_pktmbuf_mtod(packet, const std::uint8_t*), rte_pktmbuf_data_len(packet)};
}

[[gnu::noinline]] void measured_bursts(Lane& lane, std::size_t first, std::size_t count,
                                       std::size_t burst) noexcept {
    lane.process(first, count, burst);
}

void Lane::process(std::size_t first, std::size_t count, std::size_t burst) noexcept {
    const std::uint64_t begin = cycles_at(town_.now_micros());
    for (std::size_t done = 0; done < count; done += burst) {
        from_->waiting = std::span{packets_}.subspan(first + done, std::min(burst, count - done));
        worker_->poll(begin + (clock_stands_ ? 0 : rte_rdtsc() - restarted_));
    }
}

/// What the worker has sent is in its place again. A copy says the same place as its original and
/// is freed; what was not sent, the worker has freed, and there is another buffer for it.
void Lane::take_back(std::size_t first, std::size_t count) {
    const std::span own = std::span{packets_}.subspan(first, count);
    const std::vector<rte_mbuf*> given{own.begin(), own.end()};
    std::ranges::fill(own, nullptr);
    deliveries_.offered += count;
    for (Side& side : sides_) {
        auto& delivered = &side == sides_.data() ? deliveries_.to_client : deliveries_.to_server;
        for (rte_mbuf* packet : std::span{side.sent}.first(std::exchange(side.sent_count, 0))) {
            const std::size_t place = packet->hash.usr - first;
            const bool is_own = place < count && given[place] == packet;
            delivered += is_own;
            if (is_own)
                own[place] = packet;
            else
                rte_pktmbuf_free(packet);
        }
    }
    for (rte_mbuf*& packet : own)
        if (packet == nullptr && (packet = rte_pktmbuf_alloc(&pool_)) == nullptr)
            throw std::bad_alloc{};
}

void Lane::warm_up(std::size_t first, std::size_t count, std::size_t burst) {
    process(first, count, burst);
    take_back(first, count);
}

std::uint64_t Lane::run(std::size_t first, std::size_t count, std::size_t burst) {
    const std::uint64_t begin = fenced_cycles();
    measured_bursts(*this, first, count, burst);
    const std::uint64_t end = fenced_cycles();
    take_back(first, count);
    return end - begin;
}

}  // namespace ikelb::bench
