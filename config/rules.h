// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

// The rules of validate() by subject, one file each. A rule is a function that reads the whole
// configuration and reports the faults. A new rule needs a function, a line in the list at the end
// of its file, and a test case.

#include <string>
#include <string_view>
#include <vector>

#include "config/config.h"
#include "config/finding.h"

namespace ikelb::config::rules {

using Rule = void (*)(const Config&, FindingList&);

void names(const Config& config, FindingList& out);     ///< rules_names.cc
void network(const Config& config, FindingList& out);   ///< ports, interfaces, routes
void services(const Config& config, FindingList& out);  ///< and pools
void labels(const Config& config, FindingList& out);    ///< of SPIs
void families(const Config& config, FindingList& out);  ///< servers of IPv4 and IPv6
void aliases(const Config& config, FindingList& out);   ///< one server behind several VIPs
void wall(const Config& config, FindingList& out);      ///< traffic that is of no service
void system(const Config& config, FindingList& out);    ///< the daemon's own settings

/// An address that one machine can have: unicast, not loopback, not 0.0.0.0.
bool is_host_address(const net::IpAddress& address);
/// fe80::/10: another machine on each interface (RFC 4291 2.5.6).
bool is_link_local(const net::IpAddress& address);

/// Reports host bits in a network prefix.
void check_network(FindingList& out, int line, std::string path, const net::IpPrefix& prefix);

// Lookups in the configuration's own routes and subnets; nullptr: none leads to the address.

/// The interface whose subnet holds the address; the longest prefix wins.
const Interface* on_link_interface(const Config& config, const net::IpAddress& address);
const Route* route_to(const Config& config, const net::IpAddress& address);
const Interface* interface_of(const Config& config, const Route& route);

inline std::string name_of_family(const net::IpAddress& address) {
    return address.is_v4() ? "IPv4" : "IPv6";
}

/// pools[3]
std::string item_path(std::string_view list, std::size_t index);
/// pools[3].backends[1]
std::string backend_path(std::size_t pool, std::size_t backend);
/// pools[3].backends[1].aliases[0]
std::string alias_path(std::size_t pool, std::size_t backend, std::size_t alias);

struct ServerAddress {
    const Backend& backend;
    const net::IpAddress& address;
    std::string path;
    int line;
};

/// Calls visit(ServerAddress) for each address of each backend of each pool.
template <class Visit>
void for_each_address(const Config& config, Visit visit) {
    for (std::size_t i = 0; i < config.pools.size(); ++i)
        for (std::size_t j = 0; j < config.pools[i].backends.size(); ++j) {
            const Backend& backend = config.pools[i].backends[j];
            visit(ServerAddress{backend, backend.address, backend_path(i, j) + ".address",
                                backend.line.number});
            if (backend.address6)
                visit(ServerAddress{backend, *backend.address6, backend_path(i, j) + ".address6",
                                    backend.line.number});
            for (std::size_t k = 0; k < backend.aliases.size(); ++k)
                visit(ServerAddress{backend, backend.aliases[k].address,
                                    alias_path(i, j, k) + ".address",
                                    backend.aliases[k].line.number});
        }
}

}  // namespace ikelb::config::rules
