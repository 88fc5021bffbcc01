// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

// The parts of build_table(). Each fills its own members of the table.

#include <array>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "controlplane/table/table_builder.h"

namespace ikelb::table {

using Remarks = std::vector<std::string>;

/// Maps interfaces: the table's index is the place in the configuration.
class InterfaceNames {
public:
    explicit InterfaceNames(const BuilderInput& input);

    /// The facts about config.interfaces[index], nullptr if there are none.
    const InterfaceFacts* facts(std::size_t index) const noexcept { return facts_[index]; }
    std::optional<forwarding::InterfaceIndex> by_name(std::string_view name) const;
    /// By the kernel's index of the TAP.
    std::optional<forwarding::InterfaceIndex> by_tap(int ifindex) const;

private:
    std::vector<const InterfaceFacts*> facts_;
    std::map<std::string_view, forwarding::InterfaceIndex> by_name_;
    std::map<int, forwarding::InterfaceIndex> by_tap_;
};

/// interfaces, interface_of, neighbours, gateways, gateway_of_mac, routes, route_table.
void build_network(const BuilderInput& input, const InterfaceNames& names,
                   forwarding::ForwardingTable& table, Remarks& remarks);

/// backends, aliases, frontends, members, services. After build_network().
void build_services(const BuilderInput& input, const InterfaceNames& names,
                    forwarding::ForwardingTable& table, Remarks& remarks);

/// addresses. After build_services().
void build_addresses(const BuilderInput& input, const InterfaceNames& names,
                     forwarding::ForwardingTable& table);

/// wall, Gateway::faces_clients, server_macs. After build_services().
void build_wall(const BuilderInput& input, const InterfaceNames& names,
                forwarding::ForwardingTable& table, Remarks& remarks);

forwarding::BackendIndex index_of(const config::Backend& backend, const BuilderInput& input);
forwarding::ServiceIndex index_of(const config::Service& service, const BuilderInput& input);
/// position: of the service port.
forwarding::FrontendIndex frontend_of(const config::Service& service, std::size_t position,
                                      const BuilderInput& input);

using VisitBackend = std::function<void(const config::Pool&, const config::Backend&)>;
void for_each_used_backend(const config::Config& config, const VisitBackend& visit);

struct UsedAlias {
    const config::Backend& configured;
    net::IpAddress address;
    forwarding::ServiceIndex service;
    forwarding::BackendIndex backend;
    /// The service's, by position of the port.
    std::array<forwarding::FrontendIndex, forwarding::service_ports> frontends;
};
void for_each_used_alias(const BuilderInput& input,
                         const std::function<void(const UsedAlias&)>& visit);

std::vector<wall::OpenPort> make_open_ports(const std::vector<config::OpenPort>& ports);

net::MacAddress destination_of(const forwarding::LinkHeader& link);

/// Link-local and multicast prefixes are the same on every link, and no router forwards by them
/// (RFC 4291 2.5.6, 2.7): such packets are left to the kernel.
bool is_of_each_link(const net::IpPrefix& destination);

}  // namespace ikelb::table
