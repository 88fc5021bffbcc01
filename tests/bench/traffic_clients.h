// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "tests/bench/frames.h"
#include "tests/bench/raw_link.h"

namespace ikelb::bench {

struct ClientOptions {
    std::string next_hop;     ///< MAC address of the forwarder on the clients' side
    std::string answer_hop;   ///< and on the servers'
    std::string destination;  ///< what the clients talk to: a VIP, or a server itself
    std::size_t count = 1;
};

/// Clients of IPv4 on one side of a forwarder, and whatever servers it takes them to.
class Clients {
public:
    explicit Clients(const ClientOptions& options);

    /// IKE_SA_INIT, IKE_AUTH and ESP, each with its answer. Returns how many clients got all.
    std::size_t log_in(RawLink& clients, RawLink& servers);
    /// One frame of each client, of 64 bytes, UDP without checksum (RFC 3948 section 2.1).
    std::vector<Bytes> esp_frames() const;

private:
    std::vector<std::size_t> exchange(Kind kind, const std::vector<std::size_t>& who,
                                      RawLink& clients, RawLink& servers);
    void answer(Kind kind, std::span<const std::uint8_t> request, RawLink& servers) const;
    Bytes frame(Towards towards, Kind kind, std::size_t client,
                const net::IpAddress& backend) const;

    ClientOptions options_;
    FrameMaker frames_;
    std::map<std::uint32_t, std::size_t> by_address_;  ///< host byte order
};

/// Raises the sequence number of an ESP frame of esp_frames().
void count_up(Bytes& frame);
/// Puts a time into an ESP frame of esp_frames(), behind the sequence number.
void stamp(Bytes& frame, std::uint64_t nanos);
/// The time in such a frame, wherever it arrived; 0: it is none of them.
std::uint64_t stamp_of(std::span<const std::uint8_t> frame);

}  // namespace ikelb::bench
