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

/// What leaves: by a port, or to the kernel.
struct ReplayedFrame {
    std::uint64_t micros = 0;
    std::optional<forwarding::PortIndex> port{};  ///< nullopt: to the kernel
    std::span<const std::uint8_t> bytes;
    std::size_t length = 0;  ///< on the wire
};

struct Options {
    std::vector<KnownNeighbour> neighbours{};
    /// By backend; the others are up and enabled.
    std::map<std::string, table::BackendFacts, std::less<>> backends{};
};

/// The fast path over captured frames, one after the other: the same pipeline::run() as in a
/// worker, with the capture's clock. Held frames are tried again as a worker does.
/// The hash key is fixed, so that a replay gives the same result each time; it is not the one of a
/// running ikelbd, whose clients may be on other backends.
class Replay {
public:
    using Sink = std::function<void(const ReplayedFrame&)>;

    /// On an error, the sentence for the operator.
    static boost::system::result<std::unique_ptr<Replay>, CaptureError> create(
        const config::Config& config, const Options& options, Sink sink);

    /// Frames in the order of their time.
    void take(const CapturedFrame& frame);
    /// The time after the last frame: what is still held gets its end.
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
    /// What leaves, to the sink.
    void give(const pipeline::Packet& packet, std::span<const std::uint8_t> buffer,
              std::uint64_t now) const;

    Sink sink_;
    std::unique_ptr<const forwarding::ForwardingTable> table_;
    std::unique_ptr<sessions::Directory> directory_;
    std::unique_ptr<pipeline::Counters> counters_ = std::make_unique<pipeline::Counters>();
    std::unique_ptr<pipeline::WorkerMemory> memory_ = std::make_unique<pipeline::WorkerMemory>();
    std::vector<std::string> remarks_;
    std::vector<Held> held_;
    std::optional<std::uint64_t> start_;  ///< of the first frame
    std::uint64_t last_ = 0;
};

}  // namespace ikelb::replay
