// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include "controlplane/table/transit_grace.h"

#include <algorithm>
#include <chrono>

namespace ikelb::table {

forwarding::Seconds TransitGrace::until(const config::Config& config,
                                        const std::vector<InterfaceFacts>& interfaces,
                                        const netlink::KernelState& kernel,
                                        forwarding::Seconds now) {
    std::set<int> twins;
    for (const config::Interface& interface : config.interfaces) {
        const auto facts = std::ranges::find(interfaces, interface.name, &InterfaceFacts::name);
        if (interface.side != config::Side::clients && facts != interfaces.end())
            twins.insert(facts->ifindex);
    }
    Addresses present;
    for (const netlink::Address& address : kernel.addresses)
        if (twins.contains(address.ifindex))
            present.emplace(address.ifindex, address.prefix.address);
    const bool has_taken_over =
        !addresses_ || std::ranges::any_of(present, [this](const auto& address) {
            return !addresses_->contains(address);
        });
    const auto grace =
        std::chrono::ceil<std::chrono::seconds>(config.timeouts.transit_grace).count();
    if (has_taken_over && grace > 0) until_ = now + static_cast<forwarding::Seconds>(grace);
    addresses_ = std::move(present);
    return until_;
}

}  // namespace ikelb::table
