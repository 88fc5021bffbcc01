// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include "controlplane/replay/replay.h"

#include <algorithm>

#include "controlplane/replay/linear_rules.h"
#include "dataplane/pipeline/stages.h"

namespace ikelb::replay {
namespace {

constexpr net::HashKey hash_key{.k0 = 0x696b656c622d7265, .k1 = 0x706c61792d6b6579};
constexpr std::size_t headroom = 128;  // as in a DPDK buffer
constexpr std::uint64_t hold_for_micros = 200'000;
constexpr std::size_t most_held = 64;
// The coarse clock of the records starts above zero.
constexpr forwarding::Seconds first_second = 1000;

sessions::SessionLimits limits_of(const config::Limits& limits) {
    return {.flows = limits.flows,
            .persistences = limits.persistences,
            .ike_sas = limits.ike_sas,
            .esp_spis = limits.esp_spis,
            .half_open = limits.half_open,
            .fragments = limits.fragments,
            .transit = limits.transit};
}

}  // namespace

Replay::Replay(const config::Config& config, Sink sink)
    : sink_{std::move(sink)},
      sessions_{std::make_unique<sessions::SessionTables>(limits_of(config.limits), hash_key)} {}

boost::system::result<std::unique_ptr<Replay>, CaptureError> Replay::create(
    const config::Config& config, const Options& options, Sink sink) {
    table::IndexRegistry registry;
    if (const auto registered = registry.update(config); !registered)
        return CaptureError{registered.error().message};
    auto backends = options.backends;
    for (const config::Pool& pool : config.pools)
        for (const config::Backend& backend : pool.backends)
            backends.try_emplace(backend.name, table::BackendFacts{.is_up = {true, true}});
    const AssumedNetwork network = assume_network(config, options.neighbours);
    table::BuiltTable built = table::build_table(
        {.config = config,
         .interfaces = network.interfaces,
         .kernel = network.kernel,
         .backends = backends,
         .registry = registry,
         .hash_key = hash_key,
         .now = first_second,
         .allow_rules = std::make_shared<LinearRules>(table::make_allow_rules(config.transit))});
    std::unique_ptr<Replay> replay{new Replay{config, std::move(sink)}};
    replay->table_ = std::move(built.table);
    replay->remarks_ = std::move(built.remarks);
    return replay;
}

void Replay::take(const CapturedFrame& frame) {
    if (!start_) start_ = frame.micros;
    last_ = std::max(last_, frame.micros);
    retry_held(last_);
    run(frame, last_, std::nullopt);
    retry_held(last_);
}

void Replay::finish() { retry_held(last_ + hold_for_micros); }

void Replay::retry_held(std::uint64_t now) {
    const std::vector<Held> held = std::exchange(held_, {});
    for (const Held& each : held) run(each.frame, now, each.since);
}

void Replay::run(const CapturedFrame& frame, std::uint64_t now,
                 std::optional<std::uint64_t> held_since) {
    // Exactly this size: a memory checker then sees a read beyond the capture.
    std::vector<std::uint8_t> buffer(headroom + frame.bytes.size());
    std::ranges::copy(frame.bytes, buffer.begin() + headroom);
    auto batch = std::make_unique<pipeline::Batch>();
    batch->add({.data = buffer.data() + headroom,
                .contiguous =
                    static_cast<std::uint16_t>(std::min<std::size_t>(frame.bytes.size(), 0xffff)),
                .headroom = headroom,
                .length = static_cast<std::uint32_t>(frame.length),
                .port = static_cast<forwarding::PortIndex>(frame.port),
                .may_hold = !held_since || now - *held_since < hold_for_micros,
                .was_held = held_since.has_value()});
    const std::uint64_t elapsed = now - *start_;
    pipeline::Context context{
        .table = *table_,
        .sessions = *sessions_,
        .counters = *counters_,
        .memory = *memory_,
        .now = first_second + static_cast<forwarding::Seconds>(elapsed / 1'000'000),
        .now_micros = elapsed};
    pipeline::run(*batch, context);
    memory_->neighbours.clear();
    const pipeline::Packet& packet = batch->packets[0];
    const pipeline::Disposition fate = pipeline::info(packet.verdict).fate;
    if (fate == pipeline::Disposition::hold) {
        if (held_.size() < most_held)
            held_.push_back({.frame = frame, .since = held_since.value_or(now)});
        else
            counters_->verdicts[static_cast<std::size_t>(pipeline::Verdict::hold_full)].add(1);
        return;
    }
    if (fate == pipeline::Disposition::drop) return;
    if (packet.verdict == pipeline::Verdict::to_server)
        for (const auto& copy : batch->copies) {
            std::vector<std::uint8_t> copied = buffer;
            pipeline::Packet readdressed = packet;
            readdressed.frame.data = copied.data() + headroom;
            if (pipeline::readdress(readdressed, copy.to, context)) give(readdressed, copied, now);
        }
    give(packet, buffer, now);
}

void Replay::give(const pipeline::Packet& packet, std::span<const std::uint8_t> buffer,
                  std::uint64_t now) const {
    const auto start = static_cast<std::size_t>(static_cast<std::ptrdiff_t>(headroom) +
                                                packet.out_shift);
    const std::size_t captured = std::min<std::size_t>(packet.out_length, buffer.size() - start);
    const bool is_forwarded = pipeline::info(packet.verdict).fate == pipeline::Disposition::forward;
    sink_({.micros = now,
           .port = is_forwarded ? std::optional{packet.out_port} : std::nullopt,
           .bytes = buffer.subspan(start, captured),
           .length = packet.out_length});
}

}  // namespace ikelb::replay
