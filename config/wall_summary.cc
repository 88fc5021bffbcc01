// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include "config/wall_summary.h"

#include "config/scalar.h"
#include "config/text/address.h"

namespace ikelb::config {
namespace {

std::string routed(const Transit& transit) {
    if (transit.is_open) return "whatever clients begin is routed (transit: open)";
    if (transit.allow.empty()) return "nothing that clients begin is routed";
    const std::size_t rules = transit.allow.size();
    return "what clients begin is routed by " + std::to_string(rules) +
           (rules == 1 ? " rule" : " rules");
}

}  // namespace

std::string wall_summary(const Config& config) {
    std::string text = routed(config.transit) +
                       "; this host answers them at the address of the interface they come in by";
    for (const OwnService& own : config.own_services)
        text += ", at " + text::to_text(own.address) + " " + to_string(own.port);
    for (const Service& service : config.services)
        for (const OpenPort& port : service.host_ports)
            text += ", at " + text::to_text(service.vip) + " " + to_string(port);
    return text;
}

}  // namespace ikelb::config
