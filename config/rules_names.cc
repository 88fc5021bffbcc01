// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include <algorithm>
#include <array>
#include <cctype>
#include <map>

#include "config/nearest.h"
#include "config/rules.h"
#include "config/scalar.h"
#include "config/schema.h"

namespace ikelb::config::rules {
namespace {

bool is_lower(char c) { return c >= 'a' && c <= 'z'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) { return is_lower(c) || (c >= 'A' && c <= 'Z'); }

bool is_kernel_name(std::string_view name) {
    constexpr std::size_t longest = 15;  // IFNAMSIZ less the NUL
    const auto may_follow = [](char c) {
        return is_lower(c) || is_digit(c) || c == '_' || c == '-';
    };
    return !name.empty() && name.size() <= longest && is_lower(name.front()) &&
           std::all_of(name.begin(), name.end(), may_follow);
}

bool is_name(std::string_view name) {
    constexpr std::size_t longest = 63;  // a DNS label
    const auto may_follow = [](char c) {
        return is_letter(c) || is_digit(c) || c == '.' || c == '_' || c == '-';
    };
    return !name.empty() && name.size() <= longest &&
           (is_letter(name.front()) || is_digit(name.front())) &&
           std::all_of(name.begin(), name.end(), may_follow);
}

/// A name, where it stands, and the row of the schema that says what it may look like.
struct Named {
    std::string_view schema_path;
    std::string path;
    std::string_view name;
    int line;
};

std::vector<Named> all_names(const Config& config) {
    std::vector<Named> names;
    const auto add = [&names](std::string_view key, std::string path, const auto& item) {
        names.push_back({key, std::move(path) + ".name", item.name, item.line.number});
    };
    for (std::size_t i = 0; i < config.ports.size(); ++i)
        add("ports[].name", item_path("ports", i), config.ports[i]);
    for (std::size_t i = 0; i < config.interfaces.size(); ++i)
        add("interfaces[].name", item_path("interfaces", i), config.interfaces[i]);
    for (std::size_t i = 0; i < config.pools.size(); ++i) {
        add("pools[].name", item_path("pools", i), config.pools[i]);
        for (std::size_t j = 0; j < config.pools[i].backends.size(); ++j)
            add("pools[].backends[].name", backend_path(i, j), config.pools[i].backends[j]);
    }
    for (std::size_t i = 0; i < config.services.size(); ++i)
        add("services[].name", item_path("services", i), config.services[i]);
    return names;
}

template <class T>
std::vector<std::string_view> names_of(const std::vector<T>& items) {
    std::vector<std::string_view> names;
    for (const T& item : items) names.push_back(item.name);
    return names;
}

/// Reports a reference that is in none of the names.
void check_reference(FindingList& out, int line, std::string path, std::string_view kind,
                     std::string_view reference, const std::vector<std::string_view>& names) {
    if (std::find(names.begin(), names.end(), reference) != names.end()) return;
    std::string remedy = did_you_mean(reference, names);
    if (remedy.empty()) {
        remedy = "; define it, or write one of";
        for (std::size_t i = 0; i < std::min<std::size_t>(names.size(), 8); ++i)
            remedy += (i == 0 ? " " : ", ") + std::string{names[i]};
        if (names.empty()) remedy = "; define it";
    }
    out.error(line, std::move(path),
              "there is no " + std::string{kind} + " " + in_quotes(reference) + remedy);
}

}  // namespace

std::string item_path(std::string_view list, std::size_t index) {
    return std::string{list} + "[" + std::to_string(index) + "]";
}

std::string backend_path(std::size_t pool, std::size_t backend) {
    return item_path("pools", pool) + item_path(".backends", backend);
}

std::string alias_path(std::size_t pool, std::size_t backend, std::size_t alias) {
    return backend_path(pool, backend) + item_path(".aliases", alias);
}

void names_are_well_formed(const Config& config, FindingList& out) {
    for (const Named& named : all_names(config)) {
        const Key& key = *find_key(named.schema_path);
        const bool is_good =
            key.form == Form::kernel_name ? is_kernel_name(named.name) : is_name(named.name);
        if (!is_good)
            out.error(named.line, named.path,
                      "is " + in_quotes(named.name) + "; write " + describe_form(key));
    }
}

void names_are_unique(const Config& config, FindingList& out) {
    std::map<std::pair<std::string_view, std::string_view>, int> first_lines;
    for (const Named& named : all_names(config)) {
        const auto [first, is_new] =
            first_lines.try_emplace({named.schema_path, named.name}, named.line);
        if (!is_new)
            out.error(named.line, named.path,
                      in_quotes(named.name) + " is taken (line " + std::to_string(first->second) +
                          "); choose another name");
    }
}

void references_are_defined(const Config& config, FindingList& out) {
    const auto ports = names_of(config.ports);
    const auto interfaces = names_of(config.interfaces);
    const auto pools = names_of(config.pools);
    for (std::size_t i = 0; i < config.interfaces.size(); ++i) {
        const Interface& interface = config.interfaces[i];
        check_reference(out, interface.line.number, item_path("interfaces", i) + ".port", "port",
                        interface.port, ports);
    }
    for (std::size_t i = 0; i < config.routes.size(); ++i) {
        const Route& route = config.routes[i];
        if (route.dev)
            check_reference(out, route.line.number, item_path("routes", i) + ".dev", "interface",
                            *route.dev, interfaces);
    }
    const auto services = names_of(config.services);
    for (std::size_t i = 0; i < config.pools.size(); ++i)
        for (std::size_t j = 0; j < config.pools[i].backends.size(); ++j) {
            const auto& aliases = config.pools[i].backends[j].aliases;
            for (std::size_t k = 0; k < aliases.size(); ++k)
                check_reference(out, aliases[k].line.number, alias_path(i, j, k) + ".service",
                                "service", aliases[k].service, services);
        }
    for (std::size_t i = 0; i < config.services.size(); ++i) {
        const Service& service = config.services[i];
        const std::string path = item_path("services", i);
        check_reference(out, service.line.number, path + ".interface", "interface",
                        service.interface, interfaces);
        check_reference(out, service.line.number, path + ".pool", "pool", service.pool, pools);
    }
}

void interface_names_are_free_in_the_kernel(const Config& config, FindingList& out) {
    // lo is the kernel's; all and default are folders beside the interfaces in /proc/sys/net.
    constexpr std::array<std::string_view, 3> reserved{"lo", "all", "default"};
    for (std::size_t i = 0; i < config.interfaces.size(); ++i) {
        const Interface& interface = config.interfaces[i];
        const std::string path = item_path("interfaces", i) + ".name";
        const int line = interface.line.number;
        if (std::find(reserved.begin(), reserved.end(), interface.name) != reserved.end())
            out.error(line, path,
                      in_quotes(interface.name) +
                          " has a meaning to the kernel; choose another name");
        for (const Port& port : config.ports) {
            const bool is_below = ("," + port.device + ",")
                                      .find(",iface=" + interface.name + ",") != std::string::npos;
            if (is_below)
                out.error(line, path,
                          in_quotes(interface.name) + " is the kernel's device below the port " +
                              in_quotes(port.name) +
                              "; the twin needs a name of its own, choose another one");
        }
    }
}

}  // namespace ikelb::config::rules
