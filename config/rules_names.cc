// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include <algorithm>
#include <array>
#include <map>

#include "config/nearest.h"
#include "config/rules.h"
#include "config/scalar.h"
#include "config/schema.h"

namespace ikelb::config::rules {
namespace {

struct Written {
    const Key& key;
    std::string text;
    std::string path;
    int line;
};

/// Collects the names and references of a map and of all its inner maps and items.
void collect(const Key& map, const void* object, const std::string& path, int line,
             std::vector<Written>& all) {
    for (const Key& key : map.keys) {
        const void* value = key.value_in(object);
        const std::string place = (path.empty() ? "" : path + ".") + std::string{key.name()};
        if (key.form == Form::map) collect(key, value, place, line, all);
        if (key.form == Form::kernel_name || key.form == Form::name || key.form == Form::reference)
            all.push_back({key, key.type->print(key, value), place, line});
        if (key.form != Form::list_of_maps) continue;
        for (std::size_t i = 0; i < key.type->size(value); ++i) {
            const void* item = key.type->item(value, i);
            collect(key, item, item_path(place, i), key.type->item_line(item), all);
        }
    }
}

std::vector<Written> all_names(const Config& config) {
    std::vector<Written> all;
    collect(schema(), &config, "", 0, all);
    return all;
}

std::vector<std::string_view> names_in(const std::vector<Written>& all, std::string_view list) {
    std::vector<std::string_view> names;
    for (const Written& one : all)
        if (one.key.form != Form::reference && one.key.parent->path == list)
            names.push_back(one.text);
    return names;
}

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

void names_are_unique(const Config& config, FindingList& out) {
    const auto all = all_names(config);
    std::map<std::pair<const Key*, std::string_view>, int> first_lines;
    for (const Written& named : all) {
        if (named.key.form == Form::reference) continue;
        const auto [first, is_new] = first_lines.try_emplace({&named.key, named.text}, named.line);
        if (!is_new)
            out.error(named.line, named.path,
                      in_quotes(named.text) + " is taken (line " + std::to_string(first->second) +
                          "); choose another name");
    }
}

void references_are_defined(const Config& config, FindingList& out) {
    const auto all = all_names(config);
    for (const Written& one : all) {
        if (one.key.form != Form::reference || one.text.empty()) continue;
        const std::string_view kind = one.key.of.substr(0, one.key.of.size() - 1);
        check_reference(out, one.line, one.path, kind, one.text, names_in(all, one.key.of));
    }
}

void interface_names_are_free_in_the_kernel(const Config& config, FindingList& out) {
    // The kernel owns lo; all and default are folders beside the interfaces in /proc/sys/net.
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
                              "; the TAP needs a name of its own, choose another one");
        }
    }
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

void names(const Config& config, FindingList& out) {
    for (const Rule rule :
         {names_are_unique, references_are_defined, interface_names_are_free_in_the_kernel})
        rule(config, out);
}

}  // namespace ikelb::config::rules
