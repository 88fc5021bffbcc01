// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

// Traffic that is of no service and may pass, with its keys (key.h).

#include <cstdint>
#include <vector>

#include "config/key.h"

namespace ikelb::config {

/// Transit that hosts on the clients' side may begin.
struct AllowRule {
    net::IpPrefix from{};
    net::IpPrefix to{};
    OpenPort port{};
    bool is_established = false;  ///< TCP only: segments with ACK or RST
    SourceLine line{};
    friend bool operator==(const AllowRule&, const AllowRule&) = default;

    static void rows(auto& keys) {
        keys.add("from", &AllowRule::from, {.presence = required, .example = "0.0.0.0/0"},
            "The sources, on the clients' side.");
        keys.add("to", &AllowRule::to, {.presence = required, .example = "10.30.0.0/24"},
            "The destinations, of the same family.");
        keys.add("protocol", &AllowRule::port, &OpenPort::protocol, {.form = Form::protocol},
            "The IP protocol.");
        keys.add("ports", &AllowRule::port, &OpenPort::ports, {},
            "The destination ports, of tcp and udp alone. Write a rule for each range.");
        keys.add("established", &AllowRule::is_established, {},
            "Of TCP only segments with ACK or RST, which begin nothing. For answers that come in "
            "at another node than the requests left by (ECMP), where no record tells them.");
    }
};

/// Routed traffic that is of no service.
struct Transit {
    bool is_open = false;  ///< YAML: `transit: open`; for sites that filter upstream
    std::vector<AllowRule> allow{};
    SourceLine line{};
    friend bool operator==(const Transit&, const Transit&) = default;

    static void rows(auto& keys) {
        keys.add("allow", &Transit::allow, {.range = {0, 1024}},
            "The conversations that may begin on the clients' side. Each rule is compared with "
            "each packet in that direction; the answers pass anyway. Service UDP and ESP straight "
            "to a backend's own address never pass.");
    }
};

/// An own address, of another interface than the ingress, that the clients' side may reach.
struct OwnService {
    net::IpAddress address{};
    net::IpPrefix from{};
    OpenPort port{};
    SourceLine line{};
    friend bool operator==(const OwnService&, const OwnService&) = default;

    static void rows(auto& keys) {
        keys.add("address", &OwnService::address, {.presence = required, .example = "10.255.0.1"},
            "This host's address. For a VIP, write services[].host_ports.");
        keys.add("from", &OwnService::from, {.presence = required, .example = "198.51.100.0/24"},
            "The sources, of the same family.");
        keys.add("protocol", &OwnService::port, &OpenPort::protocol, {.form = Form::protocol},
            "The IP protocol.");
        keys.add("ports", &OwnService::port, &OpenPort::ports, {},
            "The destination ports, of tcp and udp alone.");
    }
};

}  // namespace ikelb::config
