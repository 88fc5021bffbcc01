// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include "tests/bench/lane.h"

#include <emmintrin.h>
#include <rte_cycles.h>

#include <algorithm>
#include <new>

#include "dataplane/worker/frame.h"

namespace ikelb::bench {

using pipeline::Fate;
using pipeline::Packet;
using pipeline::Verdict;

std::uint64_t fenced_cycles() noexcept {
    _mm_mfence();
    _mm_lfence();
    const std::uint64_t now = rte_rdtsc();
    _mm_lfence();
    return now;
}

Lane::Lane(Town& town, rte_mempool& pool, std::size_t packets, bool clock_stands)
    : town_{town}, packets_(packets), clock_stands_{clock_stands} {
    if (rte_pktmbuf_alloc_bulk(&pool, packets_.data(), static_cast<unsigned>(packets)) != 0)
        throw std::bad_alloc{};
}

Lane::~Lane() {
    for (rte_mbuf* packet : packets_) rte_pktmbuf_free(packet);
}

std::uint8_t* Lane::put(std::size_t i, std::size_t length, Towards towards) noexcept {
    rte_mbuf& packet = *packets_[i];
    packet.data_off = RTE_PKTMBUF_HEADROOM;
    packet.data_len = static_cast<std::uint16_t>(length);
    packet.pkt_len = static_cast<std::uint32_t>(length);
    packet.port = towards == Towards::server ? 0 : 1;
    return rte_pktmbuf_mtod(&packet, std::uint8_t*);
}

std::span<const std::uint8_t> Lane::frame(std::size_t i) const noexcept {
    const rte_mbuf* const packet = packets_[i];
    return {rte_pktmbuf_mtod(packet, const std::uint8_t*), rte_pktmbuf_data_len(packet)};
}

[[gnu::noinline]] void measured_bursts(Lane& lane, std::size_t first, std::size_t count,
                                       std::size_t burst) noexcept {
    lane.process_all(first, count, burst);
}

void Lane::process_all(std::size_t first, std::size_t count, std::size_t burst) noexcept {
    const std::span packets = std::span{packets_}.subspan(first, count);
    for (std::size_t done = 0; done < count; done += burst)
        process(packets.subspan(done, std::min(burst, count - done)));
}

void Lane::warm_up(std::size_t first, std::size_t count, std::size_t burst) noexcept {
    process_all(first, count, burst);
    offered_ += count;
}

std::uint64_t Lane::run(std::size_t first, std::size_t count, std::size_t burst) noexcept {
    const std::uint64_t begin = fenced_cycles();
    measured_bursts(*this, first, count, burst);
    const std::uint64_t end = fenced_cycles();
    offered_ += count;
    return end - begin;
}

inline void Lane::finish(rte_mbuf* packet, const Packet& decided) noexcept {
    if (pipeline::info(decided.verdict).fate != Fate::forward) [[unlikely]] {
        ++not_forwarded_;
        return;
    }
    worker::take_shape(packet, decided);
    Outgoing& outgoing = outgoing_[decided.out_port];
    outgoing.packets[outgoing.count++] = packet;
}

/// As pipeline::run().
void Lane::run_in_parts(pipeline::Context& context) noexcept {
    batch_->copies.count = 0;
    const std::uint64_t begin = rte_rdtsc();
    const pipeline::PlaceSet left = pipeline::express(*batch_, context);
    const std::uint64_t middle = rte_rdtsc();
    parts_->express += middle - begin;
    if (left == 0) return;
    pipeline::steps(*batch_, left, context);
    parts_->steps += rte_rdtsc() - middle;
}

/// As worker::Worker::poll() and process().
void Lane::process(std::span<rte_mbuf*> packets) noexcept {
    const std::uint64_t cycles = clock_stands_ ? 0 : clock_.cycles();
    stats_->bursts.add(1);
    stats_->packets.add(packets.size());
    const std::uint64_t micros = clock_.micros(cycles);
    worker::fill(*batch_, packets);
    pipeline::Context context{
        .table = town_.table(),
        .directory = town_.directory(),
        .counters = stats_->pipeline,
        .memory = *memory_,
        .now = clock_.seconds(cycles - restarted_) - worker::Clock::first_second + town_.now(),
        .now_micros = micros + town_.now_micros()};
    if (parts_ != nullptr) [[unlikely]]
        run_in_parts(context);
    else if (takes_express_)
        pipeline::run(*batch_, context);
    else
        pipeline::steps(*batch_, batch_->places(), context);
    // Nobody makes them here, so what has some is not done.
    not_forwarded_ += batch_->copies.count;
    for (std::size_t i = 0; i < packets.size(); ++i) finish(packets[i], batch_->packets[i]);
    for (Outgoing& outgoing : outgoing_) outgoing.count = 0;
}

Deliveries Lane::deliveries() const noexcept {
    return {.offered = offered_ - at_clear_.offered,
            .to_server = forwarded(Verdict::to_server) - at_clear_.to_server,
            .to_client = forwarded(Verdict::to_client) - at_clear_.to_client,
            .not_forwarded = not_forwarded_ - at_clear_.not_forwarded};
}

void Lane::clear() noexcept {
    at_clear_ = {};
    at_clear_ = {.offered = offered_,
                 .to_server = forwarded(Verdict::to_server),
                 .to_client = forwarded(Verdict::to_client),
                 .not_forwarded = not_forwarded_};
}

}  // namespace ikelb::bench
