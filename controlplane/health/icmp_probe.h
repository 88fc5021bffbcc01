// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <unordered_map>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/ip/icmp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/system/result.hpp>

#include "controlplane/health/checker.h"

namespace ikelb::health {

struct ProbeError {
    std::string message;
};

/// ICMP or ICMPv6 echo over one raw socket for all backends of that family. Control thread only.
///
/// A reply counts if its sender, id, sequence and token match a waiting request. The kernel's stamp
/// is its arrival, so a busy control thread neither lengthens a round-trip time nor makes a reply
/// late. Late, second, truncated and foreign replies are ignored and counted.
class IcmpProbe final : public EchoProber {
public:
    /// Needs CAP_NET_RAW. `source`: the source address of requests; absent: the kernel chooses by
    /// route.
    static boost::system::result<std::unique_ptr<IcmpProbe>, ProbeError> open(
        boost::asio::any_io_executor executor, IpFamily family,
        std::optional<boost::asio::ip::address> source = std::nullopt);

    /// Cancels waiting probes without a call of their Done.
    ~IcmpProbe() override;

    IcmpProbe(const IcmpProbe&) = delete;
    IcmpProbe& operator=(const IcmpProbe&) = delete;

    /// An `address` of the other family fails with a reason.
    void probe(const boost::asio::ip::address& address, std::chrono::milliseconds timeout,
               Done done) override;

    /// Packets that answered no waiting request.
    std::uint64_t ignored_packets() const noexcept { return ignored_; }

private:
    struct Waiting {
        boost::asio::ip::address address;
        std::uint64_t token;
        SteadyTime sent_at;
        std::chrono::milliseconds timeout;
        boost::asio::steady_timer timer;
        Done done;
    };

    IcmpProbe(boost::asio::ip::icmp::socket socket, IpFamily family);
    void receive_when_readable();
    void drain();
    void take(const std::uint8_t* data, std::size_t size, const boost::asio::ip::address& from,
              SteadyTime received_at);
    void expire(std::uint16_t sequence, std::uint64_t token);
    void fail_later(Done done, std::string error);
    std::optional<std::uint16_t> free_sequence() noexcept;

    boost::asio::ip::icmp::socket socket_;
    IpFamily family_;
    std::mt19937_64 random_;
    std::uint16_t id_;
    std::uint16_t next_sequence_ = 0;
    std::uint64_t ignored_ = 0;
    std::unordered_map<std::uint16_t, Waiting> waiting_;  ///< by sequence
    std::shared_ptr<IcmpProbe*> self_;  ///< null inside once destroyed; handlers hold it
};

}  // namespace ikelb::health
