// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include <algorithm>

#include "config/rules.h"
#include "config/scalar.h"
#include "config/text/address.h"

namespace ikelb::config::rules {
namespace {

std::string key_of(const net::IpAddress& vip) {
    return vip.is_v4() ? "address" : "address6";
}

/// The backends of the pool that cannot serve the VIP, for people.
std::string without_family(const Pool& pool, const net::IpAddress& vip) {
    std::string names;
    for (const Backend& backend : pool.backends)
        if (backend.own_address(vip.is_v4()) == nullptr)
            names += (names.empty() ? "" : ", ") + in_quotes(backend.name);
    return names;
}

void check_members(const Service& service, const Pool& pool, const std::string& path,
                   FindingList& out) {
    const std::string vip = text::to_text(service.vip);
    const std::string family = name_of_family(service.vip);
    const std::string missing = without_family(pool, service.vip);
    if (missing.empty()) return;
    const auto is_member = [&](const Backend& backend) {
        return backend.own_address(service.vip.is_v4()) != nullptr;
    };
    if (std::ranges::none_of(pool.backends, is_member)) {
        out.error(service.line.number, path + ".vip",
                  vip + " and the backend " + in_quotes(pool.backends.front().name) + " (" +
                      text::to_text(pool.backends.front().address) +
                      ") are of two families, and nothing is translated between them; write the " +
                      family + " address of each server as " + key_of(service.vip) +
                      (service.vip.is_v4() ? " and its IPv6 one as address6" : "") +
                      ", or make a second service and pool");
        return;
    }
    out.warning(service.line.number, path + ".pool",
                "of the pool " + in_quotes(pool.name) + " the service does without " + missing +
                    ", which have no " + family + " address: they get none of its clients, and a " +
                    "client of theirs that moves to " + vip + " (MOBIKE) loses its tunnel; write " +
                    key_of(service.vip) + " of each");
    if (std::ranges::none_of(pool.backends, [&](const Backend& backend) {
            return is_member(backend) && backend.weight > 0;
        }))
        out.error(service.line.number, path + ".pool",
                  "all backends of the pool " + in_quotes(pool.name) + " with an " + family +
                      " address have weight 0: no new client gets in by " + vip +
                      "; write a weight above 0 on one");
}

void backends_have_one_address_of_each_family(const Config& config, FindingList& out) {
    for (std::size_t i = 0; i < config.pools.size(); ++i)
        for (std::size_t j = 0; j < config.pools[i].backends.size(); ++j) {
            const Backend& backend = config.pools[i].backends[j];
            if (!backend.address6) continue;
            const std::string path = backend_path(i, j) + ".address6";
            if (backend.address6->is_v4())
                out.error(backend.line.number, path,
                          text::to_text(*backend.address6) +
                              " is an IPv4 address; write the server's IPv6 address, and its IPv4 "
                              "one as address");
            else if (!backend.address.is_v4())
                out.error(backend.line.number, path,
                          "the backend " + in_quotes(backend.name) + " has an IPv6 address, " +
                              text::to_text(backend.address) +
                              ", as address already; write its IPv4 one there, or leave address6 "
                              "out");
        }
}

void backends_have_the_family_of_the_vip(const Config& config, FindingList& out) {
    for (std::size_t i = 0; i < config.services.size(); ++i) {
        const Service& service = config.services[i];
        const auto pool = std::ranges::find(config.pools, service.pool, &Pool::name);
        if (pool == config.pools.end() || pool->backends.empty()) continue;
        check_members(service, *pool, item_path("services", i), out);
    }
}

}  // namespace

void families(const Config& config, FindingList& out) {
    for (const Rule rule :
         {backends_have_one_address_of_each_family, backends_have_the_family_of_the_vip})
        rule(config, out);
}

}  // namespace ikelb::config::rules
