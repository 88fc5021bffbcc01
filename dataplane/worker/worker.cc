// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include "dataplane/worker/worker.h"

#include <rte_ethdev.h>
#include <rte_mbuf.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

#include "dataplane/worker/frame.h"
#include "dataplane/worker/idle.h"

namespace ikelb::worker {
namespace {

using pipeline::Disposition, pipeline::Packet, pipeline::Verdict;

// Interval and end of the retries of a held packet: a fragment's first part or an ARP answer comes
// within milliseconds or not at all.
constexpr std::uint64_t retry_every_micros = 1'000, hold_for_micros = 200'000;
constexpr std::uint64_t default_timer_slack = 1;  // nanoseconds: no longer sleep than asked for

void sleep_for(std::uint32_t nanoseconds) noexcept {
    const timespec time{.tv_sec = 0, .tv_nsec = static_cast<long>(nanoseconds)};
    nanosleep(&time, nullptr);
}

}  // namespace

void Worker::run() noexcept {
    prctl(PR_SET_TIMERSLACK, default_timer_slack, 0, 0, 0);
    QuiescentReporter quiescent{parts_.published->qsbr(), parts_.id};
    IdlePolicy idle;
    while (!parts_.stop->load(std::memory_order_relaxed)) {
        const std::uint64_t cycles = parts_.clock.cycles();
        const std::uint64_t moved = poll(cycles), micros = parts_.clock.micros(cycles);
        quiescent.report();
        stats_.turns.add(1);
        if (moved != 0) stats_.busy_micros.add(parts_.clock.micros(parts_.clock.cycles()) - micros);
        const std::uint32_t pause = idle.after(moved, micros);
        if (pause == 0 || !parts_.may_sleep) continue;
        stats_.sleeps.add(1);
        quiescent.go_offline();
        constexpr std::uint32_t while_holding = retry_every_micros * 1000 / 2;
        sleep_for(held_.all().empty() ? pause : std::min(pause, while_holding));
        quiescent.go_online();
    }
    for (const HeldFrames::Held& held : held_.all()) rte_pktmbuf_free(held.packet);
    held_.clear();
}

std::uint64_t Worker::poll(std::uint64_t cycles) noexcept {
    std::uint64_t moved = 0;
    std::array<rte_mbuf*, burst> packets;
    for (const auto& [port, queue] : parts_.receive) {
        const std::uint16_t count = rte_eth_rx_burst(port, queue, packets.data(), burst);
        if (count == 0) continue;
        stats_.bursts.add(1);
        stats_.packets.add(count);
        moved += count;
        // Not every driver sets the port: net_ring leaves the sender's value there.
        for (std::uint16_t i = 0; i < count; ++i) packets[i]->port = port;
        process({packets.data(), count}, cycles, nullptr);
    }
    moved += take_injections();
    if (!held_.all().empty()) retry_held(cycles);
    flush();
    pass_neighbour_requests();
    if (std::exchange(must_wake_control_, false)) {
        const std::uint64_t one = 1;
        // The counter of an eventfd cannot overflow before the control thread has read it.
        [[maybe_unused]] const auto written = write(parts_.wake_control, &one, sizeof one);
    }
    return moved;
}

inline void Worker::send(rte_mbuf* packet, const Packet& decided) noexcept {
    take_shape(packet, decided);
    send(packet, decided.out_port);
}

inline void Worker::send(rte_mbuf* packet, forwarding::PortIndex port) noexcept {
    Outgoing& outgoing = outgoing_[port];
    if (outgoing.count == outgoing.packets.size()) [[unlikely]] flush();
    outgoing.packets[outgoing.count++] = packet;
}

void Worker::process(std::span<rte_mbuf*> packets, std::uint64_t cycles,
                     const std::uint64_t* held_since) noexcept {
    const std::uint64_t micros = parts_.clock.micros(cycles);
    fill(batch_, packets);
    for (std::size_t i = 0; held_since != nullptr && i < packets.size(); ++i) {
        pipeline::Frame& frame = batch_.packets[i].frame;
        frame.was_held = true;
        frame.may_hold = micros - held_since[i] < hold_for_micros;
    }
    pipeline::Context context{.table = *parts_.published->read(),
                              .sessions = *parts_.sessions,
                              .counters = stats_.pipeline,
                              .memory = memory_,
                              .now = parts_.clock.seconds(cycles),
                              .now_micros = micros};
    pipeline::run(batch_, context);
    for (const auto& [place, to] : batch_.copies)
        if (batch_.packets[place].verdict == Verdict::to_server)
            send_copy(packets[place], batch_.packets[place], to, context);
    std::size_t dropped = 0;  // number of packets moved to the front
    for (std::size_t i = 0; i < packets.size(); ++i) {
        const Packet& decided = batch_.packets[i];
        const Disposition fate = pipeline::info(decided.verdict).fate;
        if (fate == Disposition::forward) [[likely]]
            send(packets[i], decided);
        else if (fate == Disposition::drop)
            packets[dropped++] = packets[i];
        else
            finish(packets[i], decided, held_since == nullptr ? micros : held_since[i]);
    }
    if (dropped != 0) rte_pktmbuf_free_bulk(packets.data(), static_cast<unsigned>(dropped));
}

/// Leaves the original alone.
void Worker::send_copy(rte_mbuf* packet, const Packet& decided, forwarding::BackendIndex to,
                       pipeline::Context& context) noexcept {
    rte_mbuf* const copy = rte_pktmbuf_copy(packet, packet->pool, 0, UINT32_MAX);
    if (copy == nullptr) return drop(nullptr, Verdict::no_buffer);
    Packet readdressed = decided;
    readdressed.frame = frame_of(copy);
    if (pipeline::readdress(readdressed, to, context)) return send(copy, readdressed);
    rte_pktmbuf_free(copy);
}

void Worker::finish(rte_mbuf* packet, const Packet& decided, std::uint64_t held_since) noexcept {
    if (pipeline::info(decided.verdict).fate == Disposition::punt) {
        take_shape(packet, decided);
        if (!parts_.punts->push({.packet = packet, .interface = decided.in_interface}))
            return drop(packet, Verdict::twin_full);
        must_wake_control_ = true;
        return;
    }
    if (rte_mbuf* const lost = held_.add({.packet = packet,
                                          .since_micros = held_since,
                                          .source = HeldFrames::source_of(decided),
                                          .reason = decided.verdict}))
        drop(lost, Verdict::hold_full);
}

void Worker::retry_held(std::uint64_t cycles) noexcept {
    const std::uint64_t micros = parts_.clock.micros(cycles);
    if (micros < next_retry_micros_) return;
    next_retry_micros_ = micros + retry_every_micros;
    std::array<rte_mbuf*, HeldFrames::most> packets;
    std::array<std::uint64_t, HeldFrames::most> since;
    static_assert(packets.size() <= pipeline::max_burst);
    std::size_t count = 0;
    for (const HeldFrames::Held& held : held_.all()) {
        packets[count] = held.packet;
        since[count++] = held.since_micros;
    }
    held_.clear();
    process({packets.data(), count}, cycles, since.data());
}

void Worker::drop(rte_mbuf* packet, Verdict verdict) noexcept {
    stats_.pipeline.verdicts[static_cast<std::size_t>(verdict)].add(1);
    rte_pktmbuf_free(packet);
}

void Worker::flush() noexcept {
    for (std::size_t i = 0; i < outgoing_.size(); ++i) {
        Outgoing& outgoing = outgoing_[i];
        if (outgoing.count == 0) continue;
        const auto& [port, queue] = parts_.transmit[i];
        const std::uint16_t sent =
            rte_eth_tx_burst(port, queue, outgoing.packets.data(), outgoing.count);
        for (std::uint16_t unsent = sent; unsent < outgoing.count; ++unsent)
            drop(outgoing.packets[unsent], Verdict::tx_full);
        outgoing.count = 0;
    }
}

std::uint64_t Worker::take_injections() noexcept {
    if (parts_.injections == nullptr) return 0;
    std::uint64_t count = 0;
    for (InjectMessage message; count < burst && parts_.injections->pop(message); ++count)
        send(message.packet, static_cast<forwarding::PortIndex>(message.port));
    if (count != 0) stats_.injected.add(count);
    return count;
}

void Worker::pass_neighbour_requests() noexcept {
    pipeline::NeighbourRequests& wanted = memory_.neighbours;
    for (const auto& [interface, address] : wanted)
        must_wake_control_ |= parts_.neighbours->push({address.bytes(), interface});
    wanted.clear();
}

}  // namespace ikelb::worker
