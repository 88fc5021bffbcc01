// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include "tests/bench/arrival.h"

#include <stdexcept>
#include <string>

namespace ikelb::bench {

namespace {

constexpr std::size_t buffer = 512, headroom = 128, esp_frame = 64;

}  // namespace

const std::vector<Step>& login_steps() {
    static const std::vector<Step> steps{
        {.towards = Towards::server, .kind = Kind::init},
        {.towards = Towards::client, .kind = Kind::init},
        {.towards = Towards::server, .kind = Kind::auth},
        {.towards = Towards::client, .kind = Kind::auth},
        {.towards = Towards::server, .kind = Kind::esp, .spi = 0, .sequence = 1},
        {.towards = Towards::client, .kind = Kind::esp, .sequence = 1},
    };
    return steps;
}

const std::vector<Step>& settling_steps() {
    static const std::vector<Step> steps{
        {.towards = Towards::server, .kind = Kind::esp, .spi = 0, .sequence = 2, .ago = 1},
        {.towards = Towards::server, .kind = Kind::esp, .spi = 1, .sequence = 1, .ago = 1},
        {.towards = Towards::client, .kind = Kind::esp, .sequence = 2},
        {.towards = Towards::server, .kind = Kind::esp, .spi = 0, .sequence = 3},
        {.towards = Towards::server, .kind = Kind::esp, .spi = 1, .sequence = 2},
    };
    return steps;
}

Arrival::Arrival(Town& town)
    : town_{town},
      frames_{town.frames(esp_frame)},
      steps_{login_steps()},
      batch_{std::make_unique<pipeline::Batch>()},
      counters_{std::make_unique<pipeline::Counters>()},
      memory_{std::make_unique<pipeline::WorkerMemory>()},
      buffers_(at_once * buffer) {
    for (Step& step : steps_) step.ago = login_ago;
    const auto& more = settling_steps();
    steps_.insert(steps_.end(), more.begin(), more.end());
}

Arrival::~Arrival() = default;

void Arrival::live(std::size_t first, std::size_t count) {
    for (const Step& step : steps_) take(step, first, count);
}

void Arrival::take(const Step& step, std::size_t first, std::size_t count) {
    batch_->count = 0;
    for (std::size_t i = 0; i < count; ++i) {
        std::uint8_t* const frame = buffers_.data() + i * buffer + headroom;
        const Client client = town_.client(first + i);
        const bool up = step.towards == Towards::server;
        frames_.make(step.towards, step.kind,
                     {.by = client,
                      .backend = town_.address_of(town_.backend_of(client)),
                      .esp_spi = up ? client.esp_up[step.spi] : client.esp_down,
                      .sequence = step.sequence},
                     frame);
        const std::size_t length = frames_.length(step.towards, step.kind);
        batch_->add({.data = frame,
                     .contiguous = static_cast<std::uint16_t>(length),
                     .headroom = headroom,
                     .length = static_cast<std::uint32_t>(length),
                     .port = static_cast<forwarding::PortIndex>(up ? 0 : 1)});
    }
    pipeline::Context context{.table = town_.table(),
                              .sessions = town_.sessions(),
                              .counters = *counters_,
                              .memory = *memory_,
                              .now = town_.now() - step.ago,
                              .now_micros = town_.now_micros()};
    pipeline::run(*batch_, context);
    const auto wanted = step.towards == Towards::server ? pipeline::Verdict::to_server
                                                        : pipeline::Verdict::to_client;
    for (const pipeline::Packet& packet : batch_->all())
        if (packet.verdict != wanted)
            throw std::runtime_error{"a client's packet ended as " +
                                     std::string{pipeline::info(packet.verdict).name}};
}

}  // namespace ikelb::bench
