// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include "controlplane/lcores/dataplane.h"

#include <rte_launch.h>
#include <rte_lcore.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>

namespace ikelb::lcores {
namespace {

constexpr unsigned punts_per_turn = 256;
constexpr unsigned punt_ring = 2048, neighbour_ring = 256, inject_ring = 2048;
constexpr unsigned least_data_bytes = 2048;
constexpr unsigned link_bytes = 18;
constexpr std::uint64_t eal_bytes = 8 << 20;  // for rings and drivers

/// Enough for every receive and transmit descriptor of every port, and for the rings. net_af_xdp
/// takes 2,048 for its fill ring and leaves up to as many in its completion ring.
unsigned buffers_for(std::size_t ports, unsigned workers) {
    constexpr unsigned by_queue = 2 * 2048 + 1024;
    return static_cast<unsigned>(ports) * workers * by_queue + workers * (punt_ring + 512) +
           inject_ring;
}

}  // namespace

Dataplane::Dataplane(Eal eal, DataplaneOptions options)
    : eal_{std::move(eal)},
      options_{std::move(options)},
      sessions_{options_.limits, options_.hash_key},
      published_{options_.eal.workers} {}

dpdk::Result<std::unique_ptr<Dataplane>> Dataplane::open(DataplaneOptions options) {
    const unsigned workers = options.eal.workers;
    const unsigned buffers = buffers_for(options.ports.size(), workers);
    unsigned data_bytes = least_data_bytes;
    auto layout = BufferLayout::spread;
    for (const PortOptions& port : options.ports) {
        data_bytes = std::max(data_bytes, port.mtu + link_bytes);
        if (port.device.starts_with("net_af_xdp")) layout = BufferLayout::array;
    }
    options.eal.needed_bytes =
        std::uint64_t{buffers} * buffer_bytes(data_bytes, layout) + eal_bytes;
    auto eal = Eal::start(options.eal);
    if (!eal) return eal.error();
    std::unique_ptr<Dataplane> self{new Dataplane{std::move(*eal), std::move(options)}};
    auto pool = make_packet_pool("packets", buffers, data_bytes, layout);
    if (!pool) return pool.error();
    self->pool_ = std::move(*pool);
    for (PortOptions& options_of_port : self->options_.ports) {
        options_of_port.queues = static_cast<std::uint16_t>(workers);
        auto port = Port::open(options_of_port, *self->pool_);
        if (!port) return port.error();
        self->ports_.push_back(std::move(*port));
        self->options_.on_port_open();
    }
    if (auto made = self->make_rings(); !made) return made.error();
    self->make_workers();
    return self;
}

dpdk::Result<void> Dataplane::make_rings() {
    event_fd_ = posix::FileDescriptor{eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)};
    if (!event_fd_.is_open())
        return dpdk::Failure{std::string{"no eventfd: "} + std::strerror(errno)};
    for (unsigned i = 0; i < options_.eal.workers; ++i) {
        const std::string id = std::to_string(i);
        auto punts = dpdk::Ring<worker::PuntMessage>::make("punts" + id, punt_ring);
        if (!punts) return punts.error();
        punts_.push_back(std::move(*punts));
        auto neighbours =
            dpdk::Ring<worker::NeighbourMessage>::make("neighbours" + id, neighbour_ring);
        if (!neighbours) return neighbours.error();
        neighbours_.push_back(std::move(*neighbours));
    }
    auto injections = dpdk::Ring<worker::InjectMessage>::make("injections", inject_ring);
    if (!injections) return injections.error();
    injections_.push_back(std::move(*injections));
    return {};
}

void Dataplane::make_workers() {
    const std::size_t port_ids = std::ranges::max_element(ports_, {}, &Port::id)->id() + 1U;
    for (unsigned i = 0; i < options_.eal.workers; ++i) {
        const auto queue = static_cast<std::uint16_t>(i);
        worker::WorkerParts parts{.id = i,
                                  .receive = {},
                                  .transmit = std::vector<worker::Queue>(port_ids, {0, queue}),
                                  .punts = &punts_[i],
                                  .injections = i == 0 ? injections_.data() : nullptr,
                                  .neighbours = &neighbours_[i],
                                  .wake_control = event_fd(),
                                  .published = &published_,
                                  .sessions = &sessions_,
                                  .stop = &stop_,
                                  .clock = clock_,
                                  .may_sleep = options_.may_sleep};
        for (const Port& port : ports_) {
            parts.receive.push_back({port.id(), queue});
            parts.transmit[port.id()] = {port.id(), queue};
        }
        workers_.push_back(std::make_unique<worker::Worker>(std::move(parts)));
    }
}

dpdk::Result<void> Dataplane::start() {
    const auto run = [](void* worker) {
        static_cast<worker::Worker*>(worker)->run();
        return 0;
    };
    for (unsigned i = 0; i < workers_.size(); ++i) {
        if (rte_eal_remote_launch(run, workers_[i].get(), i + 1) != 0)
            return dpdk::Failure{"worker " + std::to_string(i) + " did not start: lcore " +
                                 std::to_string(i + 1) + " is not free; see dpdk.eal_args"};
        is_running_ = true;
    }
    return {};
}

void Dataplane::stop() noexcept {
    if (!is_running_) return;
    stop_.store(true, std::memory_order_relaxed);
    rte_eal_mp_wait_lcore();
    is_running_ = false;
}

Dataplane::~Dataplane() {
    stop();
    worker::PuntMessage punt;
    for (auto& ring : punts_)
        while (ring.pop(punt)) rte_pktmbuf_free(punt.packet);
    worker::InjectMessage injection;
    for (auto& ring : injections_)
        while (ring.pop(injection)) rte_pktmbuf_free(injection.packet);
}

int Dataplane::cpu_of(unsigned worker) const noexcept {
    const rte_cpuset_t cpus = rte_lcore_cpuset(worker + 1);
    if (CPU_COUNT(&cpus) != 1) return -1;
    return rte_lcore_to_cpu_id(static_cast<int>(worker + 1));
}

void Dataplane::clear_event() noexcept {
    std::uint64_t count = 0;
    [[maybe_unused]] const auto got = read(event_fd(), &count, sizeof count);
}

void Dataplane::take_punts(const PuntHandler& handle) {
    std::array<std::uint8_t, 9216> whole;
    worker::PuntMessage message;
    bool has_more = false;
    for (auto& ring : punts_) {
        for (unsigned taken = 0; taken < punts_per_turn && ring.pop(message); ++taken) {
            const std::uint32_t length = rte_pktmbuf_pkt_len(message.packet);
            // Copies only a frame in several buffers.
            const void* bytes = length <= whole.size()
                                    ? rte_pktmbuf_read(message.packet, 0, length, whole.data())
                                    : nullptr;
            if (bytes != nullptr)
                handle(static_cast<forwarding::InterfaceIndex>(message.interface),
                       {static_cast<const std::uint8_t*>(bytes), length});
            rte_pktmbuf_free(message.packet);
        }
        has_more = has_more || !ring.is_empty();
    }
    if (!has_more) return;
    const std::uint64_t one = 1;
    [[maybe_unused]] const auto written = write(event_fd(), &one, sizeof one);
}

void Dataplane::take_neighbour_requests(const NeighbourHandler& handle) {
    worker::NeighbourMessage message;
    for (auto& ring : neighbours_)
        while (ring.pop(message))
            handle(static_cast<forwarding::InterfaceIndex>(message.interface),
                   net::IpAddress{message.address});
}

bool Dataplane::inject(forwarding::PortIndex port, std::uint16_t vlan,
                       std::span<const std::uint8_t> frame) {
    constexpr std::size_t addresses = 12;
    if (frame.size() < addresses + 2) return false;
    rte_mbuf* packet = rte_pktmbuf_alloc(pool_.get());
    if (packet == nullptr) return false;
    const std::size_t tag = vlan != 0 ? sizeof(net::VlanTag) : 0;
    auto* out = reinterpret_cast<std::uint8_t*>(
        rte_pktmbuf_append(packet, static_cast<std::uint16_t>(frame.size() + tag)));
    if (out == nullptr) {
        rte_pktmbuf_free(packet);
        return false;
    }
    std::memcpy(out, frame.data(), addresses);
    if (tag != 0) {
        net::store(out + addresses, net::be16::from_host(net::ether_type::vlan));
        net::store(out + addresses + 2, net::be16::from_host(vlan));
    }
    std::memcpy(out + addresses + tag, frame.data() + addresses, frame.size() - addresses);
    if (injections_.front().push({.packet = packet, .port = port})) return true;
    rte_pktmbuf_free(packet);
    return false;
}

}  // namespace ikelb::lcores
