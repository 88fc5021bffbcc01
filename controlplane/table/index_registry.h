// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

// Who has which index of dataplane/forwarding/ids.h. The records that workers keep name services,
// backends and gateways by index alone and outlive reloads, so an index stays with its name for as
// long as the process lives and goes to another name only when the range is used up. A backend has
// a generation besides: whatever is recorded for an older one has ended.

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <boost/system/result.hpp>

#include "config/config.h"
#include "controlplane/table/named_indices.h"
#include "dataplane/forwarding/ids.h"
#include "dataplane/net/address.h"

namespace ikelb::table {

/// A configuration needs more indices than there are. `message`: a sentence for the operator that
/// names the limit.
struct RegistryError {
    std::string message;
};

template <class T>
using RegistryResult = boost::system::result<T, RegistryError>;

/// Used by RegistryResult::value() on an error; callers ask has_value() first.
[[noreturn]] void throw_exception_from_error(const RegistryError& error,
                                             const boost::source_location&);

/// A next hop: the interface it is on and its address there.
using GatewayName = std::pair<forwarding::InterfaceIndex, net::IpAddress>;

/// Threads: the control thread's.
class IndexRegistry {
public:
    IndexRegistry();

    /// Indices for everything in a configuration that is about to be used. Backends that are gone,
    /// or have none of their own addresses any more, get a new generation. On an error nothing has
    /// changed.
    RegistryResult<void> update(const config::Config& config);

    // Of what the last update() had; nullopt for everything else.
    std::optional<forwarding::ServiceIndex> service(std::string_view name) const;
    /// port: one of forwarding::service_port_numbers, host byte order.
    std::optional<forwarding::FrontendIndex> frontend(const net::IpAddress& vip,
                                                      std::uint16_t port) const;
    /// With its present generation.
    std::optional<forwarding::BackendRef> backend(std::string_view name) const;
    std::optional<forwarding::MemberIndex> member(std::string_view service,
                                                  std::string_view backend) const;

    /// Ends all records of a backend: gives it a new generation. Unknown names are ignored.
    void flush(std::string_view backend);

    /// Indices 1..max_gateways for the gateways that the kernel has now; build_table() calls it.
    /// False if there are too many: the last of them have none.
    bool update_gateways(std::span<const GatewayName> gateways);
    std::optional<forwarding::GatewayIndex> gateway(const GatewayName& name) const;

    // One more than the highest index ever handed out: the sizes of the table's vectors.
    std::size_t service_count() const noexcept { return services_.end(); }
    std::size_t frontend_count() const noexcept { return frontends_.end(); }
    std::size_t backend_count() const noexcept { return backends_.end(); }
    std::size_t member_count() const noexcept { return members_.end(); }
    std::size_t gateway_count() const noexcept { return gateways_.end(); }

private:
    using FrontendName = std::pair<net::IpAddress, std::uint16_t>;
    using MemberName = std::pair<std::string, std::string>;  ///< service, backend
    using Addresses = std::map<std::string, std::vector<net::IpAddress>, std::less<>>;

    RegistryResult<void> assign(const config::Config& config);
    void renew(std::size_t backend) noexcept;

    NamedIndices<std::string> services_;
    NamedIndices<FrontendName> frontends_;
    NamedIndices<std::string> backends_;
    NamedIndices<MemberName> members_;
    NamedIndices<GatewayName> gateways_;
    std::array<std::uint8_t, forwarding::max_backends> generations_;
    Addresses addresses_;  ///< the own ones of the backends that are there
};

}  // namespace ikelb::table
