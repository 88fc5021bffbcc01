// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors

#include <algorithm>

#include "controlplane/table/table_parts.h"

namespace ikelb::table {
namespace {

bool is_used(const config::Pool& pool, const config::Config& config) {
    return std::ranges::any_of(config.services, [&](const config::Service& service) {
        return service.pool == pool.name;
    });
}

}  // namespace

const config::Pool* find_pool(const config::Config& config, const std::string& name) {
    const auto pool = std::ranges::find(config.pools, name, &config::Pool::name);
    return pool == config.pools.end() ? nullptr : &*pool;
}

bool has_backend(const config::Config& config, const std::string& name) {
    return std::ranges::any_of(config.pools, [&](const config::Pool& pool) {
        return std::ranges::find(pool.backends, name, &config::Backend::name) !=
               pool.backends.end();
    });
}

std::size_t port_position(const config::Config& config, const std::string& name) {
    const auto port = std::ranges::find(config.ports, name, &config::Port::name);
    return static_cast<std::size_t>(port - config.ports.begin());
}

// The registry knows every name of the configuration: update() comes first.

forwarding::BackendIndex index_of(const config::Backend& backend, const BuilderInput& input) {
    return input.registry.backend(backend.name).value().index;
}

forwarding::ServiceIndex index_of(const config::Service& service, const BuilderInput& input) {
    return input.registry.service(service.name).value();
}

forwarding::FrontendIndex frontend_of(const config::Service& service, std::size_t position,
                                      const BuilderInput& input) {
    return input.registry.frontend(service.vip, forwarding::service_port_numbers[position]).value();
}

void for_each_used_backend(const config::Config& config, const VisitBackend& visit) {
    for (const config::Pool& pool : config.pools)
        if (is_used(pool, config))
            for (const config::Backend& backend : pool.backends) visit(pool, backend);
}

void for_each_used_alias(const BuilderInput& input,
                         const std::function<void(const UsedAlias&)>& visit) {
    for (const config::Service& service : input.config.services) {
        const config::Pool* pool = find_pool(input.config, service.pool);
        if (pool == nullptr) continue;
        for (const config::Backend& backend : pool->backends)
            for (const config::Alias& alias : backend.aliases)
                if (alias.service == service.name)
                    visit({.configured = backend,
                           .address = alias.address,
                           .service = index_of(service, input),
                           .backend = index_of(backend, input),
                           .frontends = {frontend_of(service, 0, input),
                                         frontend_of(service, 1, input)}});
    }
}

void build_addresses(const BuilderInput& input, const InterfaceNames& names,
                     forwarding::ForwardingTable& table) {
    using forwarding::AddressRole;
    std::vector<forwarding::AddressMap<forwarding::AddressEntry>::Entry> entries;
    // Of several roles of an address the last one counts: a removed backend's comes first.
    for (const RemovedBackend& removed : input.removed)
        entries.push_back({removed.address, {.role = AddressRole::backend}});
    const auto add_own = [&](const net::IpAddress& own, forwarding::InterfaceIndex interface) {
        entries.push_back({own, {.role = AddressRole::own, .interface = interface}});
    };
    // Addresses of other devices first: the role of an address on a TAP wins.
    for (const netlink::Address& address : input.kernel.addresses)
        if (!names.by_tap(address.ifindex) && !address.prefix.address.is_loopback() &&
            !address.prefix.address.is_ipv6_link_local())
            add_own(address.prefix.address, forwarding::no_interface);
    for (const netlink::Address& address : input.kernel.addresses)
        if (const auto interface = names.by_tap(address.ifindex))
            add_own(address.prefix.address, *interface);
    for (std::size_t i = 0; i < input.config.interfaces.size(); ++i)
        for (const net::IpPrefix& own : input.config.interfaces[i].addresses)
            add_own(own.address, static_cast<forwarding::InterfaceIndex>(i));
    for_each_used_backend(input.config, [&](const config::Pool&, const config::Backend& backend) {
        for (const forwarding::Home& home : table.backends[index_of(backend, input)].homes) {
            if (home.address.is_unspecified()) continue;
            forwarding::AddressEntry server{.role = AddressRole::backend,
                                            .backend = index_of(backend, input)};
            for (std::size_t i = 0; i < forwarding::service_ports; ++i)
                if (home.frontends[i].size() == 1) server.frontends[i] = home.frontends[i].front();
            entries.push_back({home.address, server});
        }
    });
    for_each_used_alias(input, [&](const UsedAlias& alias) {
        forwarding::AddressEntry server{.role = AddressRole::backend, .backend = alias.backend};
        if (table.backends[alias.backend].is_present) server.frontends = alias.frontends;
        entries.push_back({alias.address, server});
    });
    for (const config::Service& service : input.config.services) {
        forwarding::AddressEntry vip{.role = AddressRole::vip};
        for (std::size_t i = 0; i < forwarding::service_ports; ++i)
            vip.frontends[i] = frontend_of(service, i, input);
        entries.push_back({service.vip, vip});
    }
    table.addresses = forwarding::AddressMap<forwarding::AddressEntry>{entries, input.hash_key};
}

}  // namespace ikelb::table
