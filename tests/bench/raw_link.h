// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

namespace ikelb::bench {

using Bytes = std::vector<std::uint8_t>;

struct LinkOptions {
    std::string netns;  ///< a name of `ip netns`
    std::string device;
};

/// A packet socket on a network device of any namespace: whole frames out and in. Sending passes
/// no queueing discipline, and what the socket sends does not come back to it.
class RawLink {
public:
    /// Throws std::runtime_error with the reason.
    explicit RawLink(const LinkOptions& options);
    ~RawLink();
    RawLink(const RawLink&) = delete;
    RawLink& operator=(const RawLink&) = delete;

    /// How many of them the device took.
    std::size_t send(std::span<const Bytes* const> frames);
    std::size_t send(std::initializer_list<const Bytes*> frames) {
        return send(std::span{frames.begin(), frames.size()});
    }

    using Handler = std::function<void(std::span<const std::uint8_t>)>;
    /// What has come in so far; does not wait.
    void receive(const Handler& handle);
    /// True: something is there to receive; false: nothing within the time.
    bool wait(int milliseconds) const;

private:
    int socket_ = -1;
};

}  // namespace ikelb::bench
