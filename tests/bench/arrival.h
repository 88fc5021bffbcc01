// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

#include <memory>
#include <vector>

#include "tests/bench/town.h"

namespace ikelb::bench {

/// One step of a client's arrival: a packet of a kind, one way.
struct Step {
    Towards towards;
    Kind kind;
    std::size_t spi = 0;         ///< of ESP: which of esp_up
    std::uint32_t sequence = 1;  ///< of ESP
    forwarding::Seconds ago = 0;  ///< before the present of the town
};

/// From the IKE_SA_INIT to the first ESP packets both ways: a confirmed SA.
const std::vector<Step>& login_steps();
/// Until both of its ESP SPIs are claimed: what makes the client's ESP cheap. An SPI takes two
/// packets, and one of the server's between them that comes a second after the first.
const std::vector<Step>& settling_steps();

/// When the logins of an arrival were, before its present.
inline constexpr forwarding::Seconds login_ago = 1;

/// Takes clients of a town through the packet path, a burst of them at a time.
class Arrival {
public:
    static constexpr std::size_t at_once = 32;

    explicit Arrival(Town& town);
    ~Arrival();

    /// count: at most at_once. Throws std::runtime_error on a packet that is not forwarded.
    void live(std::size_t first, std::size_t count);

    const pipeline::Counters& counters() const noexcept { return *counters_; }

private:
    void take(const Step& step, std::size_t first, std::size_t count);

    Town& town_;
    FrameMaker frames_;
    std::vector<Step> steps_;
    std::unique_ptr<pipeline::Batch> batch_;
    std::unique_ptr<pipeline::Counters> counters_;
    std::unique_ptr<pipeline::WorkerMemory> memory_;
    std::vector<std::uint8_t> buffers_;
};

}  // namespace ikelb::bench
