// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <utility>
#include <vector>

#include "tests/bench/arrival.h"
#include "tests/bench/measure.h"

namespace ikelb::bench {

/// Who speaks in a step: the identity, and the backend that has its SA.
struct Speaker {
    Client client{};
    forwarding::BackendIndex backend = forwarding::no_backend;
};

/// Takes 256 clients at a time through the general path of an exchange, and times what the packet
/// path does. The limits on logins are on: the clock is moved by as much as keeps them from being
/// met.
class Exchange {
public:
    Exchange(Town& town, rte_mempool& pool, std::vector<Step> steps)
        : town_{town},
          lane_{town, pool, warm_packets, true},
          frames_{town.frames(esp_frame)},
          steps_{std::move(steps)} {}

    /// TSC cycles for each client; others than in a run before. speaker(i): the i-th of them.
    template <typename Who>
    Sample run(std::size_t count, Who&& speaker) {
        std::vector<Pieces> of_steps(steps_.size());
        for (std::size_t done = 0; done < count; done += warm_packets) {
            for (std::size_t step = 0; step < steps_.size(); ++step)
                of_steps[step].time([&] {
                    return take(steps_[step], [&](std::size_t i) { return speaker(done + i); });
                });
            town_.advance(1'000'000 * warm_packets / Town::logins_per_second);
        }
        Sample whole;
        for (const Pieces& pieces : of_steps) {
            const Sample step = pieces.sample();
            whole.value += step.value;
            whole.unfiltered += step.unfiltered;
            whole.disturbed += step.disturbed / static_cast<double>(steps_.size());
        }
        return whole.each(warm_packets);
    }
    const pipeline::Counters& counters() const { return lane_.counters(); }

private:
    static constexpr std::size_t burst = 32, esp_frame = 64;

    template <typename Who>
    std::uint64_t take(const Step& step, Who&& speaker) {
        const bool up = step.towards == Towards::server;
        const auto make = [&](std::size_t i, std::uint8_t* to) {
            const Speaker who = speaker(i);
            frames_.make(step.towards, step.kind,
                         {.by = who.client,
                          .backend = town_.address_of(who.backend),
                          .esp_spi = up ? who.client.esp_up[step.spi] : who.client.esp_down,
                          .sequence = step.sequence},
                         to);
        };
        const std::size_t length = frames_.length(step.towards, step.kind);
        for (std::size_t i = 0; i < warm_packets; ++i)
            make(i, lane_.put(i, length, step.towards));
        lane_.clear();
        const std::uint64_t cycles = lane_.run(0, warm_packets, burst);
        const Deliveries& sent = lane_.deliveries();
        if ((up ? sent.to_server : sent.to_client) != warm_packets)
            throw std::runtime_error{"not every packet of the exchange was forwarded"};
        sample_ = (sample_ + 37) % warm_packets;
        testlib::Bytes in(length);
        make(sample_, in.data());
        const Speaker who = speaker(sample_);
        if (const std::string wrong = check_output(town_,
                                                   {.towards = step.towards,
                                                    .client = who.client.address,
                                                    .backend = who.backend},
                                                   in, lane_.frame(sample_));
            !wrong.empty())
            throw std::runtime_error{"a packet left wrong: " + wrong};
        return cycles;
    }

    Town& town_;
    Lane lane_;
    FrameMaker frames_;
    std::vector<Step> steps_;
    std::size_t sample_ = 0;
};

}  // namespace ikelb::bench
