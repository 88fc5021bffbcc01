// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include "controlplane/table/index_registry.h"

#include <algorithm>
#include <vector>

#include "dataplane/forwarding/forwarding_table.h"

namespace ikelb::table {
namespace {

RegistryError too_many(const char* what, std::size_t wanted, std::size_t limit) {
    return {.message = "the configuration has " + std::to_string(wanted) + " " + what +
                       ", and this version is made for " + std::to_string(limit)};
}

template <typename Name>
RegistryResult<void> assign_names(NamedIndices<Name>& indices, const std::vector<Name>& names,
                                  const char* what) {
    if (!indices.assign(names)) return too_many(what, names.size(), indices.capacity());
    return {};
}

struct Names {
    std::vector<std::string> services;
    std::vector<std::pair<net::IpAddress, std::uint16_t>> frontends;
    std::vector<std::string> backends;
    std::vector<std::pair<std::string, std::string>> members;
};

Names names_of(const config::Config& config) {
    Names names;
    for (const config::Pool& pool : config.pools)
        for (const config::Backend& backend : pool.backends)
            names.backends.push_back(backend.name);
    for (const config::Service& service : config.services) {
        names.services.push_back(service.name);
        for (const std::uint16_t port : forwarding::service_port_numbers)
            names.frontends.emplace_back(service.vip, port);
        for (const config::Pool& pool : config.pools)
            if (pool.name == service.pool)
                for (const config::Backend& backend : pool.backends)
                    if (backend.own_address(service.vip.is_v4()) != nullptr)
                        names.members.emplace_back(service.name, backend.name);
    }
    return names;
}

}  // namespace

// Gateway index 0 stands for none, the index after the last for the client itself.
IndexRegistry::IndexRegistry()
    : services_{0, forwarding::max_services},
      frontends_{0, forwarding::max_frontends},
      backends_{0, forwarding::max_backends},
      members_{0, forwarding::max_members},
      gateways_{forwarding::no_gateway + 1u, forwarding::max_gateways} {
    static_assert(forwarding::no_gateway + forwarding::max_gateways < forwarding::on_link_client);
    generations_.fill(1);
}

RegistryResult<void> IndexRegistry::update(const config::Config& config) {
    IndexRegistry next = *this;
    if (const auto assigned = next.assign(config); assigned.has_error()) return assigned.error();
    next.addresses_.clear();
    for (const config::Pool& pool : config.pools)
        for (const config::Backend& backend : pool.backends)
            for (const bool is_v4 : {true, false})
                if (const net::IpAddress* own = backend.own_address(is_v4))
                    next.addresses_[backend.name].push_back(*own);
    // By the old index: another name may have it now.
    for (const auto& [name, before] : addresses_) {
        const auto stays = next.addresses_.find(name);
        if (stays == next.addresses_.end() ||
            std::ranges::find_first_of(before, stays->second) == before.end())
            next.renew(*backends_.find(name));
    }
    *this = std::move(next);
    return {};
}

RegistryResult<void> IndexRegistry::assign(const config::Config& config) {
    if (config.interfaces.size() > forwarding::max_interfaces)
        return too_many("interfaces", config.interfaces.size(), forwarding::max_interfaces);
    const Names names = names_of(config);
    auto result = assign_names(services_, names.services, "services");
    if (result.has_value()) result = assign_names(frontends_, names.frontends, "VIP ports");
    if (result.has_value()) result = assign_names(backends_, names.backends, "backends");
    if (result.has_value())
        result = assign_names(members_, names.members, "pairs of a service and a backend");
    return result;
}

std::optional<forwarding::ServiceIndex> IndexRegistry::service(std::string_view name) const {
    return services_.find(name);
}

std::optional<forwarding::FrontendIndex> IndexRegistry::frontend(const net::IpAddress& vip,
                                                                 std::uint16_t port) const {
    return frontends_.find(FrontendName{vip, port});
}

std::optional<forwarding::BackendRef> IndexRegistry::backend(std::string_view name) const {
    const auto index = backends_.find(name);
    if (!index) return std::nullopt;
    return forwarding::BackendRef{.index = *index, .generation = generations_[*index]};
}

std::optional<forwarding::MemberIndex> IndexRegistry::member(std::string_view service,
                                                             std::string_view backend) const {
    return members_.find(MemberName{service, backend});
}

void IndexRegistry::flush(std::string_view backend) {
    if (const auto index = backends_.find(backend)) renew(*index);
}

void IndexRegistry::renew(std::size_t backend) noexcept {
    // Skips 0, the generation of a record without a backend.
    std::uint8_t& generation = generations_[backend];
    generation = generation == 0xff ? std::uint8_t{1} : static_cast<std::uint8_t>(generation + 1);
}

bool IndexRegistry::update_gateways(std::span<const GatewayName> gateways) {
    return gateways_.assign(gateways);
}

std::optional<forwarding::GatewayIndex> IndexRegistry::gateway(const GatewayName& name) const {
    const auto index = gateways_.find(name);
    if (!index) return std::nullopt;
    return static_cast<forwarding::GatewayIndex>(*index);
}

}  // namespace ikelb::table
