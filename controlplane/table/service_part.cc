// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors

// Services, frontends and backends. A backend that is disabled, or of a pool without a service, is
// not present: its records end, and its answers are dropped, because a client that still hears from
// a server out of its reach would notice late. Its address stays known as a backend's, so that the
// dataplane forwards none of its packets untranslated.

#include <algorithm>
#include <utility>

#include "config/text/address.h"
#include "controlplane/table/spread.h"
#include "controlplane/table/table_parts.h"

namespace ikelb::table {
namespace {

using forwarding::BackendIndex;
using forwarding::RouteKind;

bool has_alias(const config::Backend& backend, const config::Service& service) {
    return std::ranges::find(backend.aliases, service.name, &config::Alias::service) !=
           backend.aliases.end();
}

/// The backends of the service's pool that have an address of its family.
std::vector<const config::Backend*> backends_of(const config::Service& service,
                                                const config::Config& config) {
    std::vector<const config::Backend*> found;
    const config::Pool* pool = find_pool(config, service.pool);
    if (pool == nullptr) return found;
    for (const config::Backend& backend : pool->backends)
        if (backend.own_address(service.vip.is_v4()) != nullptr) found.push_back(&backend);
    return found;
}

/// nullptr unless the route leads out of an interface of ikelb.
const forwarding::Route* route_to(const net::IpAddress& address,
                                  const forwarding::ForwardingTable& table) {
    const auto index = table.route_table.lookup(address);
    if (!index) return nullptr;
    const forwarding::Route& route = table.routes[*index];
    return route.kind == RouteKind::on_link || route.kind == RouteKind::gateway ? &route : nullptr;
}

forwarding::LinkHeader link_to(const net::IpAddress& address, const forwarding::Route& route,
                               const forwarding::ForwardingTable& table) {
    if (route.kind == RouteKind::gateway) return table.gateways[route.gateway].link;
    const auto* link = table.neighbours.find(forwarding::neighbour_key(route.interface, address));
    return link == nullptr ? forwarding::LinkHeader{} : *link;
}

forwarding::Backend make_backend(const config::Pool& pool, const config::Backend& configured,
                                 const BuilderInput& input) {
    const auto found = input.backends.find(configured.name);
    const BackendFacts facts = found == input.backends.end() ? BackendFacts{} : found->second;
    forwarding::Backend backend;
    for (const bool is_v6 : {false, true}) {
        backend.homes[is_v6].is_up = facts.is_up[is_v6];
        if (const net::IpAddress* own = configured.own_address(!is_v6))
            backend.homes[is_v6].address = *own;
    }
    backend.generation = input.registry.backend(configured.name).value().generation;
    backend.mode = facts.mode;
    backend.is_present = facts.mode != forwarding::Mode::disabled;
    backend.flush_on_down = pool.on_down == config::OnDown::flush;
    backend.weight = configured.weight;
    backend.label = {.ike_mask = configured.spi_label.ike_mask,
                     .ike_value = configured.spi_label.ike_value,
                     .esp_first = configured.spi_label.esp_first,
                     .esp_last = configured.spi_label.esp_last};
    return backend;
}

void resolve_next_hop(forwarding::Target& target, const config::Backend& configured,
                      const BuilderInput& input, const forwarding::ForwardingTable& table,
                      Remarks& remarks) {
    const std::string prefix = "backend " + configured.name + ": " + text::to_text(target.address);
    const forwarding::Route* route = route_to(target.address, table);
    if (route == nullptr) {
        remarks.push_back(prefix + " is not reached through any of our interfaces");
        return;
    }
    target.link = link_to(target.address, *route, table);
    if (!table.interfaces[route->interface].faces_servers)
        remarks.push_back(prefix + " is reached through " +
                          input.config.interfaces[route->interface].name +
                          ", which leads to clients: its answers are dropped there");
}

void build_backends(const BuilderInput& input, forwarding::ForwardingTable& table,
                    Remarks& remarks) {
    table.backends.resize(input.registry.backend_count());
    for_each_used_backend(input.config, [&](const config::Pool& pool,
                                            const config::Backend& configured) {
        forwarding::Backend& backend = table.backends[index_of(configured, input)];
        backend = make_backend(pool, configured, input);
        if (backend.is_present && backend.label.is_set())
            table.labelled.push_back(index_of(configured, input));
        for (forwarding::Home& home : backend.homes)
            if (!home.address.is_unspecified())
                resolve_next_hop(home, configured, input, table, remarks);
    });
}

void build_aliases(const BuilderInput& input, forwarding::ForwardingTable& table,
                   Remarks& remarks) {
    using Aliases = decltype(table.aliases);
    std::vector<Aliases::Entry> entries;
    for_each_used_alias(input, [&](const UsedAlias& alias) {
        forwarding::Target target{.address = alias.address, .link = {}};
        resolve_next_hop(target, alias.configured, input, table, remarks);
        entries.push_back(
            {.key = forwarding::alias_key(alias.service, alias.backend), .value = target});
    });
    table.aliases = Aliases{entries, input.hash_key};
}

/// A server keeps a tunnel at its first address, and answers its IKE at any.
void remark_on_moves(const BuilderInput& input, const forwarding::ForwardingTable& table,
                     Remarks& remarks) {
    if (input.previous == nullptr) return;
    for (const config::Service& service : input.config.services) {
        const forwarding::ServiceIndex index = index_of(service, input);
        for (const config::Backend* backend : backends_of(service, input.config)) {
            const auto ref = input.registry.backend(backend->name).value();
            if (!input.previous->member(index, ref.index) || !input.previous->is_current(ref))
                continue;
            const auto& before = input.previous->target(index, ref.index).address;
            const auto& now = table.target(index, ref.index).address;
            if (before != now)
                remarks.push_back("service " + service.name + ": what was sent to " +
                                  text::to_text(before) + " of backend " + backend->name +
                                  " goes to " + text::to_text(now) +
                                  " now, and tunnels that are up there do not follow");
        }
    }
}

void remark_on_removed(const BuilderInput& input, Remarks& remarks) {
    for (const RemovedBackend& removed : input.removed)
        remarks.push_back("backend " + removed.name + " was removed: what " +
                          text::to_text(removed.address) +
                          " still sends to clients is dropped, until it has been silent for "
                          "timeouts.flow");
}

bool has_address(const BuilderInput& input, const InterfaceNames& names,
                 const net::IpAddress& wanted) {
    return std::ranges::any_of(input.kernel.addresses, [&](const netlink::Address& address) {
        return address.prefix.address == wanted && names.by_tap(address.ifindex);
    });
}

/// The gateway of the best default route of the VIP's family on the service's interface: the first
/// known neighbour, else the first. The kernel lists routes to one destination by preference.
forwarding::GatewayIndex uplink_of(const config::Service& service, const BuilderInput& input,
                                   const InterfaceNames& names,
                                   const forwarding::ForwardingTable& table) {
    const auto interface = names.by_name(service.interface);
    forwarding::GatewayIndex best = forwarding::no_gateway;
    for (const netlink::Route& route : input.kernel.routes) {
        if (route.type != netlink::RouteType::unicast || route.dst.length != 0 || !route.gateway ||
            route.dst.address.is_v4() != service.vip.is_v4() || !interface ||
            names.by_tap(route.ifindex) != interface)
            continue;
        const auto gateway = input.registry.gateway({*interface, *route.gateway});
        if (!gateway) continue;
        if (table.gateways[*gateway].link.is_resolved) return *gateway;
        if (best == forwarding::no_gateway) best = *gateway;
    }
    return best;
}

void build_frontends(const BuilderInput& input, const InterfaceNames& names,
                     forwarding::ForwardingTable& table, Remarks& remarks) {
    table.frontends.resize(input.registry.frontend_count());
    for (const config::Service& service : input.config.services) {
        const bool is_served = service.announce == config::Announce::always ||
                               has_address(input, names, service.vip);
        if (!is_served)
            remarks.push_back("service " + service.name + ": VIP " + text::to_text(service.vip) +
                              " is not an address of the kernel, not served");
        const forwarding::GatewayIndex uplink = uplink_of(service, input, names, table);
        for (std::size_t i = 0; i < forwarding::service_ports; ++i)
            table.frontends[frontend_of(service, i, input)] = {
                .vip = service.vip,
                .port = net::be16::from_host(forwarding::service_port_numbers[i]),
                .service = index_of(service, input),
                .is_served = is_served,
                .uplink = uplink};
    }
}

/// Sets the VIPs of each backend's answers, also VIPs that are not served here now.
void connect_frontends(const BuilderInput& input, forwarding::ForwardingTable& table) {
    for (const config::Service& service : input.config.services) {
        for (const config::Backend* configured : backends_of(service, input.config)) {
            forwarding::Backend& backend = table.backends[index_of(*configured, input)];
            if (!backend.is_present || has_alias(*configured, service)) continue;
            forwarding::Home& home = backend.homes[!service.vip.is_v4()];
            for (std::size_t i = 0; i < forwarding::service_ports; ++i)
                home.frontends[i].push_back(frontend_of(service, i, input));
        }
    }
}

std::shared_ptr<const std::vector<forwarding::MemberIndex>> members_of(const BuilderInput& input) {
    std::vector<forwarding::MemberIndex> members(
        forwarding::max_services * forwarding::max_backends, forwarding::no_member);
    for (const config::Service& service : input.config.services) {
        const std::size_t row = index_of(service, input) * forwarding::max_backends;
        for (const config::Backend* backend : backends_of(service, input.config))
            members[row + index_of(*backend, input)] =
                input.registry.member(service.name, backend->name).value();
    }
    if (input.previous != nullptr && *input.previous->members == members)
        return input.previous->members;
    return std::make_shared<const std::vector<forwarding::MemberIndex>>(std::move(members));
}

struct Candidate {
    BackendIndex index;
    const config::Backend* configured;
};

std::vector<SpreadMember> spread_members(const std::vector<Candidate>& candidates, bool is_v6) {
    std::vector<SpreadMember> members;
    for (const auto& [index, backend] : candidates)
        members.push_back(
            {.value = index,
             .weight = backend->weight,
             .identity = backend->name + "@" + text::to_text(*backend->own_address(!is_v6))});
    return members;
}

forwarding::Scheduler scheduler_of(config::Scheduler scheduler) noexcept {
    switch (scheduler) {
        case config::Scheduler::maglev: return forwarding::Scheduler::maglev;
        case config::Scheduler::weighted_round_robin:
            return forwarding::Scheduler::weighted_round_robin;
        case config::Scheduler::least_sas: return forwarding::Scheduler::least_sas;
    }
    return forwarding::Scheduler::maglev;
}

/// Whether the new table spreads the service's clients as the old one: over the same backends, with
/// the same identities and weights. Another generation is another backend, as its index may have a
/// new name.
bool is_spread_alike(const forwarding::Service& before, const forwarding::Service& now,
                     const forwarding::ForwardingTable& old_table,
                     const forwarding::ForwardingTable& table, std::size_t maglev_size) {
    const std::size_t size = now.members.empty() ? 0 : maglev_size;
    return before.members == now.members && before.is_v6 == now.is_v6 &&
           before.maglev.size() == size &&
           std::ranges::all_of(now.members, [&](BackendIndex index) {
               const forwarding::Backend& a = old_table.backends[index];
               const forwarding::Backend& b = table.backends[index];
               return a.homes[now.is_v6].address == b.homes[now.is_v6].address &&
                      a.weight == b.weight && a.generation == b.generation;
           });
}

/// A COOKIE retry must not go by an old hash to a present backend that no longer serves the VIP:
/// the answer would come from another VIP. A hash with such a backend is useless.
forwarding::BackendList without_unknown(const forwarding::BackendList& old_maglev,
                                        forwarding::ServiceIndex service,
                                        const forwarding::ForwardingTable& table) {
    const bool has_unknown = std::ranges::any_of(old_maglev, [&](BackendIndex index) {
        const auto& homes = table.backends[index].homes;
        return !(homes[0].address.is_unspecified() && homes[1].address.is_unspecified()) &&
               !table.member(service, index);
    });
    return has_unknown ? forwarding::BackendList{} : old_maglev;
}

void spread(forwarding::Service& service, forwarding::ServiceIndex index,
            const std::vector<Candidate>& candidates, const BuilderInput& input,
            const forwarding::ForwardingTable& table) {
    const forwarding::Service* before = nullptr;
    if (input.previous != nullptr && index < input.previous->services.size() &&
        input.previous->services[index].is_present)
        before = &input.previous->services[index];
    const bool is_alike = before != nullptr &&
                          is_spread_alike(*before, service, *input.previous, table,
                                          input.config.maglev_table_size);
    const bool has_turns = service.scheduler == forwarding::Scheduler::weighted_round_robin;
    const std::vector<SpreadMember> members = spread_members(candidates, service.is_v6);
    if (is_alike) {
        service.maglev = before->maglev;
        service.old_maglev = before->old_maglev;
        service.rebuilt_at = before->rebuilt_at;
    } else {
        service.maglev = build_maglev(members, input.config.maglev_table_size);
        if (before != nullptr) service.old_maglev = before->maglev;
        service.rebuilt_at = input.now;
    }
    if (has_turns)
        service.round_robin = is_alike && !before->round_robin.empty() ? before->round_robin
                                                                       : build_round_robin(members);
    // Such backends come only with a change of membership.
    if (before != nullptr && input.previous->members != table.members)
        service.old_maglev = without_unknown(service.old_maglev, index, table);
}

/// By index: the configuration's order means nothing, and a new order is no change.
std::vector<Candidate> candidates_of(const config::Service& service, const BuilderInput& input,
                                     const forwarding::ForwardingTable& table) {
    std::vector<Candidate> candidates;
    for (const config::Backend* backend : backends_of(service, input.config)) {
        const BackendIndex index = index_of(*backend, input);
        if (table.backends[index].takes_new_clients(!service.vip.is_v4()))
            candidates.push_back({.index = index, .configured = backend});
    }
    std::ranges::sort(candidates, {}, &Candidate::index);
    return candidates;
}

void name_services(const BuilderInput& input, forwarding::ForwardingTable& table) {
    table.services.resize(input.registry.service_count());
    for (const config::Service& configured : input.config.services) {
        forwarding::Service& service = table.services[index_of(configured, input)];
        service.is_present = true;
        service.is_v6 = !configured.vip.is_v4();
    }
}

void build_spread(const BuilderInput& input, forwarding::ForwardingTable& table, Remarks& remarks) {
    for (const config::Service& configured : input.config.services) {
        const forwarding::ServiceIndex index = index_of(configured, input);
        forwarding::Service& service = table.services[index];
        service.scheduler = scheduler_of(configured.scheduler);
        service.affinity = configured.affinity == config::Affinity::sa
                               ? forwarding::Affinity::sa
                               : forwarding::Affinity::source;
        service.prefix_v4 = configured.affinity_prefix_v4;
        service.prefix_v6 = configured.affinity_prefix_v6;
        const unsigned workers = input.config.workers.count;
        service.host_ports = make_open_ports(configured.host_ports);
        service.ask_all_rate = (configured.ask_all_per_second + workers - 1) / workers;
        const auto candidates = candidates_of(configured, input, table);
        for (const Candidate& candidate : candidates) service.members.push_back(candidate.index);
        spread(service, index, candidates, input, table);
        if (candidates.empty())
            remarks.push_back("service " + configured.name +
                              ": no backend takes new clients at the moment");
    }
}

}  // namespace

void build_services(const BuilderInput& input, const InterfaceNames& names,
                    forwarding::ForwardingTable& table, Remarks& remarks) {
    name_services(input, table);
    build_backends(input, table, remarks);
    build_aliases(input, table, remarks);
    build_frontends(input, names, table, remarks);
    connect_frontends(input, table);
    table.members = members_of(input);
    remark_on_moves(input, table, remarks);
    remark_on_removed(input, remarks);
    build_spread(input, table, remarks);
}

}  // namespace ikelb::table
