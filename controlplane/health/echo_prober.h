// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

#include <chrono>
#include <functional>

#include <boost/asio/ip/address.hpp>

#include "controlplane/health/backend_state.h"

namespace ikelb::health {

/// Sends one probe and says what became of it. Control thread only.
class EchoProber {
public:
    /// Called once, on the control thread, and never from within probe() itself.
    using Done = std::function<void(const ProbeResult&)>;

    virtual ~EchoProber() = default;
    /// Probes `address`, waiting at most `timeout`. Nothing is called after the prober is gone.
    virtual void probe(const boost::asio::ip::address& address, std::chrono::milliseconds timeout,
                       Done done) = 0;
};

}  // namespace ikelb::health
