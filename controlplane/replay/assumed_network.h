// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

#include <map>
#include <string>
#include <vector>

#include "config/config.h"
#include "controlplane/kernel/netlink/kernel_state.h"
#include "controlplane/table/table_builder.h"

namespace ikelb::replay {

/// The operator's INTERFACE,ADDRESS,MAC.
struct KnownNeighbour {
    std::string interface;
    net::IpAddress address;
    net::MacAddress mac;

    static std::optional<KnownNeighbour> parse(std::string_view text);
};

/// The network of a configuration as if the kernel had it all: every link up, every address and
/// route set, every backend and gateway resolved. Reads nothing of the machine.
struct AssumedNetwork {
    std::vector<table::InterfaceFacts> interfaces;
    netlink::KernelState kernel;
};

/// A port without `mac` gets 02:00:00:00:00:NN, NN its position from 01 on. A backend or gateway
/// outside the known neighbours gets the MAC address 02:00 and its IPv4 address.
AssumedNetwork assume_network(const config::Config& config,
                              const std::vector<KnownNeighbour>& known);

}  // namespace ikelb::replay
