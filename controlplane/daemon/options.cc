// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include "controlplane/daemon/options.h"

#include <algorithm>
#include <boost/asio/ip/address.hpp>
#include <map>
#include <string>
#include <utility>

#include "config/device.h"
#include "controlplane/table/table_builder.h"

namespace ikelb::daemon {
namespace {

boost::asio::ip::address to_asio(const net::IpAddress& address) {
    if (address.is_v4())
        return boost::asio::ip::address_v4{address.v4().value.to_host()};
    return boost::asio::ip::address_v6{address.bytes()};
}

lcores::HugePages to_dpdk(config::HugePages pages) {
    switch (pages) {
        case config::HugePages::auto_: return lcores::HugePages::automatic;
        case config::HugePages::on: return lcores::HugePages::on;
        case config::HugePages::off: return lcores::HugePages::off;
    }
    return lcores::HugePages::automatic;
}

}  // namespace

sessions::SessionLimits session_limits(const config::Limits& limits) {
    return {.flows = limits.flows,
            .persistences = limits.persistences,
            .ike_sas = limits.ike_sas,
            .esp_spis = limits.esp_spis,
            .half_open = limits.half_open,
            .fragments = limits.fragments,
            .transit = limits.transit};
}

lcores::DataplaneOptions dataplane_options(const config::Config& config, net::HashKey hash_key) {
    lcores::DataplaneOptions options{
        .eal = {.workers = config.workers.count,
                .cpus = {config.workers.cpus.begin(), config.workers.cpus.end()},
                .huge_pages = to_dpdk(config.dpdk.huge_pages),
                .memory_mib = config.dpdk.memory_mib,
                .pci = {},
                .extra = config.dpdk.eal_args},
        .ports = {},
        .limits = session_limits(config.limits),
        .hash_key = hash_key,
        .may_sleep = config.workers.idle == config::Idle::sleep};
    for (const config::Port& port : config.ports) {
        if (config::is_pci_address(port.device)) options.eal.pci.push_back(port.device);
        options.ports.push_back(
            {.name = port.name,
             .device = config::complete_device(port.device, port.mtu, config.workers.count),
             .mtu = port.mtu});
    }
    return options;
}

dpdk::Result<std::shared_ptr<const wall::AllowRules>> allow_rules(const config::Transit& transit) {
    if (transit.allow.empty()) return std::shared_ptr<const wall::AllowRules>{};
    return lcores::compile_rules(table::make_allow_rules(transit));
}

std::vector<health::Target> health_targets(const config::Config& config) {
    std::map<std::pair<std::string, boost::asio::ip::address>, health::Target> targets;
    for (const config::Service& service : config.services) {
        const config::Pool* pool = table::find_pool(config, service.pool);
        if (pool == nullptr) continue;
        std::optional<health::ProbePolicy> policy;
        const config::IcmpHealth& icmp = pool->health.icmp;
        if (!pool->health.is_off)
            policy = health::ProbePolicy{.interval = icmp.interval,
                                         .timeout = icmp.timeout,
                                         .thresholds = {.fall = icmp.fall, .rise = icmp.rise}};
        for (const config::Backend& backend : pool->backends)
            for (const bool is_v4 : {true, false})
                if (const net::IpAddress* own = backend.own_address(is_v4))
                    targets[{backend.name, to_asio(*own)}] = {
                        .name = backend.name, .address = to_asio(*own), .policy = policy};
    }
    std::vector<health::Target> list;
    for (auto& [identity, target] : targets) list.push_back(std::move(target));
    return list;
}

}  // namespace ikelb::daemon
