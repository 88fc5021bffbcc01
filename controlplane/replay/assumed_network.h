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

/// A neighbour that the operator names: INTERFACE,ADDRESS,MAC.
struct KnownNeighbour {
    std::string interface;
    net::IpAddress address;
    net::MacAddress mac;

    static std::optional<KnownNeighbour> parse(std::string_view text);
};

/// The network that a configuration asks for, as if the kernel had it all: every link up, every
/// address and route set, every backend and gateway resolved. Nothing of this machine is read.
struct AssumedNetwork {
    std::vector<table::InterfaceFacts> interfaces;
    netlink::KernelState kernel;
};

/// A port without `mac` has 02:00:00:00:00:NN, NN its position from 01 on. A backend or gateway
/// that is not among the known neighbours has the MAC address 02:00 and its IPv4 address.
AssumedNetwork assume_network(const config::Config& config,
                              const std::vector<KnownNeighbour>& known);

}  // namespace ikelb::replay
