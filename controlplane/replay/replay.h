// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "config/config.h"
#include "controlplane/replay/assumed_network.h"
#include "controlplane/replay/capture.h"
#include "dataplane/pipeline/pipeline.h"

namespace ikelb::replay {

struct ReplayedFrame {
    std::uint64_t micros = 0;
    std::optional<forwarding::PortIndex> port{};  ///< nullopt: to the kernel
    std::span<const std::uint8_t> bytes;
    std::size_t length = 0;  ///< on the wire
};

struct Options {
    std::vector<KnownNeighbour> neighbours{};
    /// By backend; an absent backend is up and enabled.
    std::map<std::string, table::BackendFacts, std::less<>> backends{};
};

/// Runs captured frames through pipeline::run(), as a worker does, with the capture's clock. Tries
/// held frames again, as a worker does. The hash key is fixed, so that each replay gives the same
/// result; the clients of a running ikelbd may be on other backends.
class Replay {
public:
    using Sink = std::function<void(const ReplayedFrame&)>;

    /// The error is a sentence for the operator.
    static boost::system::result<std::unique_ptr<Replay>, CaptureError> create(
        const config::Config& config, const Options& options, Sink sink);

    /// Call it in the order of the frames' time.
    void take(const CapturedFrame& frame);
    /// Moves the time past the last frame and ends held frames.
    void finish();

    const pipeline::Counters& counters() const noexcept { return *counters_; }
    const std::vector<std::string>& remarks() const noexcept { return remarks_; }

private:
    struct Held {
        CapturedFrame frame;
        std::uint64_t since = 0;
    };

    Replay(const config::Config& config, Sink sink);
    void run(const CapturedFrame& frame, std::uint64_t now,
             std::optional<std::uint64_t> held_since);
    void retry_held(std::uint64_t now);
    void give(const pipeline::Packet& packet, std::span<const std::uint8_t> buffer,
              std::uint64_t now) const;

    Sink sink_;
    std::unique_ptr<const forwarding::ForwardingTable> table_;
    std::unique_ptr<sessions::SessionTables> sessions_;
    std::unique_ptr<pipeline::Counters> counters_ = std::make_unique<pipeline::Counters>();
    std::unique_ptr<pipeline::WorkerMemory> memory_ = std::make_unique<pipeline::WorkerMemory>();
    std::vector<std::string> remarks_;
    std::vector<Held> held_;
    std::optional<std::uint64_t> start_;  ///< of the first frame
    std::uint64_t last_ = 0;
};

}  // namespace ikelb::replay
