// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include <algorithm>

#include "config/rules.h"
#include "config/scalar.h"
#include "config/text/address.h"

namespace ikelb::config::rules {
namespace {

const Service* find_service(const Config& config, std::string_view name) {
    const auto found = std::ranges::find(config.services, name, &Service::name);
    return found == config.services.end() ? nullptr : &*found;
}

bool has_alias(const Backend& backend, std::string_view service) {
    return std::ranges::count(backend.aliases, service, &Alias::service) > 0;
}

void check_alias(const Config& config, const Pool& pool, const Backend& backend,
                 const Alias& alias, const std::string& path, FindingList& out) {
    const Service* service = find_service(config, alias.service);
    if (!service) return;  // rules_names.cc reports the bad reference
    const int line = alias.line.number;
    if (service->pool != pool.name)
        out.error(line, path + ".service",
                  "the service " + in_quotes(alias.service) + " uses the pool " +
                      in_quotes(service->pool) + ", not " + in_quotes(pool.name) +
                      "; write the alias at the backends of " + in_quotes(service->pool) +
                      ", or a service that uses this pool");
    if (service->vip.is_v4() != alias.address.is_v4())
        out.error(line, path + ".address",
                  text::to_text(alias.address) + " and the VIP of " + in_quotes(alias.service) +
                      " (" + text::to_text(service->vip) +
                      ") are of two families, and nothing is translated between them; write an " +
                      name_of_family(service->vip) + " address of the server");
    else if (backend.own_address(service->vip.is_v4()) == nullptr)
        out.error(line, path + ".service",
                  "the backend " + in_quotes(backend.name) + " has no " +
                      name_of_family(service->vip) + " address of its own, at which its health " +
                      "is asked for " + in_quotes(alias.service) + "; write it as " +
                      (service->vip.is_v4() ? "address" : "address6"));
}

/// The backends of a pool with one address for both services, for people.
std::string shared_by(const Pool& pool, const Service& a, const Service& b) {
    std::string names;
    for (const Backend& backend : pool.backends)
        if (backend.own_address(a.vip.is_v4()) != nullptr && !has_alias(backend, a.name) &&
            !has_alias(backend, b.name))
            names += (names.empty() ? "" : ", ") + in_quotes(backend.name);
    return names;
}

void aliases_fit_their_services(const Config& config, FindingList& out) {
    for (std::size_t i = 0; i < config.pools.size(); ++i)
        for (std::size_t j = 0; j < config.pools[i].backends.size(); ++j) {
            const auto& aliases = config.pools[i].backends[j].aliases;
            for (std::size_t k = 0; k < aliases.size(); ++k) {
                const std::string path = alias_path(i, j, k);
                check_alias(config, config.pools[i], config.pools[i].backends[j], aliases[k], path,
                            out);
                const auto before = aliases.begin() + static_cast<std::ptrdiff_t>(k);
                const auto first =
                    std::find_if(aliases.begin(), before, [&](const Alias& earlier) {
                        return earlier.service == aliases[k].service;
                    });
                if (first != before)
                    out.error(aliases[k].line.number, path + ".service",
                              in_quotes(aliases[k].service) + " has the alias " +
                                  text::to_text(first->address) +
                                  " here already; write each service once");
            }
        }
}

void backends_tell_vips_apart(const Config& config, FindingList& out) {
    for (std::size_t i = 0; i < config.services.size(); ++i) {
        const Service& service = config.services[i];
        const auto pool = std::ranges::find(config.pools, service.pool, &Pool::name);
        if (pool == config.pools.end()) continue;
        for (std::size_t j = 0; j < i; ++j) {
            const Service& earlier = config.services[j];
            if (earlier.pool != service.pool || earlier.vip.is_v4() != service.vip.is_v4())
                continue;
            const std::string names = shared_by(*pool, service, earlier);
            if (names.empty()) continue;
            out.warning(
                service.line.number, item_path("services", i) + ".pool",
                "the pool " + in_quotes(service.pool) + " serves " + in_quotes(earlier.name) +
                    " as well, and one address of " + names +
                    " is for both: an answer of which no flow or SA is recorded can't be "
                    "given a VIP and is dropped, and an unknown source that logs in at the other "
                    "VIP with a client's address may turn that client's answers there; "
                    "write an alias of each server for one of the two "
                    "(pools[].backends[].aliases)");
            break;
        }
    }
}

}  // namespace

void aliases(const Config& config, FindingList& out) {
    for (const Rule rule : {aliases_fit_their_services, backends_tell_vips_apart})
        rule(config, out);
}

}  // namespace ikelb::config::rules
