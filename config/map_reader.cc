// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include "config/map_reader.h"

#include <algorithm>

#include "config/nearest.h"
#include "config/refusal.h"
#include "config/scalar.h"
#include "config/text/address.h"

namespace ikelb::config {
namespace {

constexpr std::size_t longest_text = 1024;

/// An example of the right form, as YAML.
std::string_view example_of(const Key& key) {
    return key.example.empty() ? key.initial : key.example;
}

/// A map with the required keys in it: {name: rras1, address: 10.20.0.11}.
std::string example_map(std::string_view parent) {
    std::string text;
    for (const Key* key : keys_of(parent))
        if (key->presence == Presence::required && !example_of(*key).empty())
            text += (text.empty() ? "" : ", ") + std::string{key->name()} + ": " +
                    std::string{example_of(*key)};
    return "{" + text + "}";
}

std::string remedy(const Key& key) {
    if (key.form == Form::list_of_maps)
        return "write a list, each item as - " + example_map(std::string{key.path} + "[]");
    std::string text = "write " + describe_form(key);
    if (!key.unit.empty()) text += " (" + std::string{key.unit} + ")";
    if (key.form != Form::choice && !example_of(key).empty())
        text += ", such as " + std::string{example_of(key)};
    return text;
}

std::string what_is_written(const Node& value) {
    switch (value.kind) {
        case NodeKind::null:
            return "has no value";
        case NodeKind::scalar:
            return "is " + in_quotes(value.text);
        case NodeKind::list:
            return "is a list";
        case NodeKind::map:
            return "is a map";
    }
    return {};
}

/// For mistakes that have one likely meaning: what was probably meant.
std::string hint(const Key& key, const Node& value) {
    const std::string& text = value.text;
    if (key.choices) return did_you_mean(text, key.choices());
    if (key.form == Form::protocol) return did_you_mean(text, protocol_names());
    if (key.form == Form::port_range && value.kind == NodeKind::list)
        return " (each of them needs a rule of its own)";
    if (key.form == Form::port_range && parse_open_port(text))
        return " (without the PROTOCOL/, which is a key of its own)";
    if (key.form == Form::list_of_ports && parse_port_range(text))
        return " (the PROTOCOL/ is missing: tcp/" + text + " or udp/" + text + ")";
    if (key.form == Form::hexadecimal && parse_hexadecimal("0x" + text, 16))
        return " (0x stands before the digits)";
    if (key.form == Form::duration && parse_integer(text))
        return " (a duration needs its unit: " + text + "s or " + text + "ms)";
    const auto unmapped = text::parse_address(text.substr(0, text.find('/')));
    if (unmapped && unmapped->is_v4() && text.find(':') != std::string::npos)
        return " (IPv4 in IPv6 form is on no wire; write " + text::to_text(*unmapped) + ")";
    if (key.form == Form::address && parse_prefix(text)) return " (without the /LENGTH)";
    if (key.form == Form::prefix || key.form == Form::list_of_prefixes)
        if (const auto address = parse_address(text)) {
            if (key.path == "interfaces[].addresses")
                return " (the subnet's /LENGTH is missing: " + text::to_text(*address) +
                       (address->is_v4() ? "/24?)" : "/64?)");
            return " (the /LENGTH is missing; one address alone is " + text::to_text(*address) +
                   (address->is_v4() ? "/32)" : "/128)");
        }
    if (key.form == Form::endpoint && text::parse_address(text))
        return " (the :PORT is missing; an IPv6 address goes in brackets)";
    return {};
}

/// Whether this word may stand for the map.
bool is_choice(const Key& key, std::string_view word) {
    return key.choices && std::ranges::count(key.choices(), word) > 0;
}

bool is_blank(std::string_view text) {
    return text.find_first_not_of(' ') == std::string_view::npos;
}

}  // namespace

MapReader::MapReader(FindingList& errors, const Node* node, std::string schema_path,
                     std::string path)
    : errors_{&errors},
      node_{node},
      schema_path_{std::move(schema_path)},
      path_{std::move(path)} {
    if (!node_) return;
    report_unknown_keys();
    report_missing_keys();
}

void MapReader::report_unknown_keys() const {
    for (const Node& value : node_->children) {
        const auto known = keys_of(schema_path_);
        bool is_known = false;
        for (const Key* candidate : known) is_known |= candidate->name() == value.key;
        if (!is_known)
            errors_->error(value.key_line, path_of(value.key), explain_unknown(value.key));
    }
}

std::string MapReader::explain_unknown(std::string_view typed) const {
    if (const auto reason = refusal_of_key(typed); !reason.empty()) return std::string{reason};
    std::vector<std::string_view> names;
    for (const Key* candidate : keys_of(schema_path_)) names.push_back(candidate->name());
    if (const auto near = nearest(typed, names))
        return "unknown key; did you mean " + std::string{*near} + "?";
    for (const Key& elsewhere : schema())
        if (elsewhere.name() == typed)
            return "unknown key here; " + std::string{typed} + " belongs to " +
                   (elsewhere.parent().empty() ? std::string{"the top level"}
                                               : std::string{elsewhere.parent()});
    std::string all;
    for (const std::string_view name : names) all += (all.empty() ? "" : ", ") + std::string{name};
    return "unknown key; remove it, or write one of " + all;
}

void MapReader::report_missing_keys() const {
    for (const Key* wanted : keys_of(schema_path_)) {
        if (wanted->presence != Presence::required || find(wanted->name())) continue;
        errors_->error(node_->line, path_of(wanted->name()), "is missing; " + remedy(*wanted));
    }
}

const Key& MapReader::key(std::string_view name) const {
    const std::string path =
        schema_path_.empty() ? std::string{name} : schema_path_ + "." + std::string{name};
    return *find_key(path);
}

std::string MapReader::path_of(std::string_view name) const {
    std::string part{name.substr(0, 64)};
    for (char& c : part)
        if (static_cast<unsigned char>(c) < 0x20 || static_cast<unsigned char>(c) >= 0x7f) c = '?';
    return path_.empty() ? part : path_ + "." + part;
}

const Node* MapReader::find(std::string_view name) const {
    return node_ ? node_->find(name) : nullptr;
}

SourceLine MapReader::line_of(std::string_view name) const noexcept {
    const Node* value = node_ ? node_->find(name) : nullptr;
    return {value ? value->key_line : 0};
}

void MapReader::refuse(std::string_view name, const Node& value) const {
    refuse_at(key(name), value, path_of(name));
}

void MapReader::refuse_at(const Key& key, const Node& value, std::string path) const {
    errors_->error(value.line, std::move(path),
                   what_is_written(value) + "; " + remedy(key) + hint(key, value));
}

const Node* MapReader::scalar(std::string_view name) const {
    const Node* value = find(name);
    if (!value || value->kind == NodeKind::scalar) return value;
    refuse(name, *value);
    return nullptr;
}

std::vector<MapReader::Item> MapReader::items(std::string_view name) const {
    const Node* list = find(name);
    if (!list) return {};
    const Range range = key(name).range;
    const std::string path = path_of(name);
    if (list->kind != NodeKind::list) {
        refuse(name, *list);
        return {};
    }
    if (!range.contains(static_cast<std::int64_t>(list->children.size()))) {
        errors_->error(list->line, path,
                     "has " + std::to_string(list->children.size()) + " items; write " +
                         std::to_string(range.min) + ".." + std::to_string(range.max));
        return {};
    }
    std::vector<Item> found;
    for (std::size_t i = 0; i < list->children.size(); ++i)
        found.push_back({&list->children[i], path + "[" + std::to_string(i) + "]"});
    return found;
}

std::vector<MapReader::Item> MapReader::scalars(std::string_view name) const {
    std::vector<Item> found;
    for (Item& item : items(name)) {
        if (item.node->kind == NodeKind::scalar)
            found.push_back(std::move(item));
        else
            refuse_at(key(name), *item.node, item.path);
    }
    return found;
}

std::int64_t MapReader::integer_in_range(std::string_view name, std::int64_t otherwise) const {
    const Node* value = scalar(name);
    if (!value) return otherwise;
    const auto number = parse_integer(value->text);
    if (number && key(name).range.contains(*number)) return *number;
    refuse(name, *value);
    return otherwise;
}

std::uint64_t MapReader::hexadecimal_in_range(std::string_view name,
                                              std::uint64_t otherwise) const {
    const Node* value = scalar(name);
    if (!value) return otherwise;
    const auto digits = static_cast<std::size_t>(key(name).range.max);
    if (const auto number = parse_hexadecimal(value->text, digits)) return *number;
    refuse(name, *value);
    return otherwise;
}

std::chrono::milliseconds MapReader::duration(std::string_view name,
                                              std::chrono::milliseconds otherwise) const {
    const Node* value = scalar(name);
    if (!value) return otherwise;
    const auto time = parse_duration(value->text);
    if (time && key(name).range.contains(time->count())) return *time;
    refuse(name, *value);
    return otherwise;
}

std::optional<std::string> MapReader::optional_text(std::string_view name) const {
    const Node* value = scalar(name);
    if (!value) return std::nullopt;
    if (!is_blank(value->text) && value->text.size() <= longest_text) return value->text;
    refuse(name, *value);
    return std::nullopt;
}

std::string MapReader::text(std::string_view name, std::string otherwise) const {
    return optional_text(name).value_or(std::move(otherwise));
}

net::IpAddress MapReader::address(std::string_view name) const {
    return optional_address(name).value_or(net::IpAddress{});
}

std::optional<net::IpAddress> MapReader::optional_address(std::string_view name) const {
    const Node* value = scalar(name);
    if (!value) return std::nullopt;
    const auto address = parse_address(value->text);
    if (!address) refuse(name, *value);
    return address;
}

net::IpPrefix MapReader::prefix(std::string_view name) const {
    const Node* value = scalar(name);
    if (!value) return {};
    if (const auto prefix = parse_prefix(value->text)) return *prefix;
    refuse(name, *value);
    return {};
}

std::optional<net::MacAddress> MapReader::mac(std::string_view name) const {
    const Node* value = scalar(name);
    if (!value) return std::nullopt;
    const auto mac = text::parse_mac(value->text);
    if (!mac) refuse(name, *value);
    return mac;
}

std::vector<net::MacAddress> MapReader::macs(std::string_view name) const {
    std::vector<net::MacAddress> found;
    for (const Item& item : scalars(name)) {
        if (const auto mac = text::parse_mac(item.node->text))
            found.push_back(*mac);
        else
            refuse_at(key(name), *item.node, item.path);
    }
    return found;
}

std::optional<Endpoint> MapReader::endpoint(std::string_view name,
                                            std::optional<Endpoint> otherwise) const {
    const Node* value = scalar(name);
    if (!value) return otherwise;
    const auto endpoint = parse_endpoint(value->text);
    if (!endpoint) refuse(name, *value);
    return endpoint;
}

std::vector<net::IpPrefix> MapReader::prefixes(std::string_view name) const {
    std::vector<net::IpPrefix> found;
    for (const Item& item : scalars(name)) {
        if (const auto prefix = parse_prefix(item.node->text))
            found.push_back(*prefix);
        else
            refuse_at(key(name), *item.node, item.path);
    }
    return found;
}

std::vector<std::string> MapReader::texts(std::string_view name) const {
    std::vector<std::string> found;
    for (const Item& item : scalars(name)) {
        if (!is_blank(item.node->text) && item.node->text.size() <= longest_text)
            found.push_back(item.node->text);
        else
            refuse_at(key(name), *item.node, item.path);
    }
    return found;
}

std::vector<std::uint16_t> MapReader::cpus(std::string_view name) const {
    constexpr std::int64_t highest_cpu = 1023;  // CPU_SETSIZE - 1, see sched_setaffinity(2)
    std::vector<std::uint16_t> found;
    for (const Item& item : scalars(name)) {
        const auto cpu = parse_integer(item.node->text);
        if (cpu && *cpu >= 0 && *cpu <= highest_cpu)
            found.push_back(static_cast<std::uint16_t>(*cpu));
        else
            errors_->error(item.node->line, item.path,
                         what_is_written(*item.node) + "; write the number of a CPU, 0.." +
                             std::to_string(highest_cpu));
    }
    return found;
}

bool MapReader::flag(std::string_view name) const {
    const Node* value = scalar(name);
    if (!value) return false;
    if (value->text == "true" || value->text == "false") return value->text == "true";
    refuse(name, *value);
    return false;
}

std::uint8_t MapReader::protocol(std::string_view name) const {
    const Node* value = scalar(name);
    if (!value) return {};
    if (const auto protocol = parse_protocol(value->text)) return *protocol;
    refuse(name, *value);
    return {};
}

PortRange MapReader::port_range(std::string_view name) const {
    const Node* value = scalar(name);
    if (!value) return {};
    if (const auto range = parse_port_range(value->text)) return *range;
    refuse(name, *value);
    return {};
}

std::vector<OpenPort> MapReader::open_ports(std::string_view name) const {
    std::vector<OpenPort> found;
    for (const Item& item : scalars(name)) {
        if (const auto port = parse_open_port(item.node->text))
            found.push_back(*port);
        else
            refuse_at(key(name), *item.node, item.path);
    }
    return found;
}

bool MapReader::is_word(std::string_view name, std::string_view word) const {
    const Node* value = find(name);
    return value && value->kind == NodeKind::scalar && value->text == word &&
           is_choice(key(name), word);
}

MapReader MapReader::map(std::string_view name) const {
    const Node* value = find(name);
    if (value && value->kind == NodeKind::scalar && is_choice(key(name), value->text))
        value = nullptr;
    if (value && value->kind != NodeKind::map) {
        refuse(name, *value);
        value = nullptr;
    }
    return MapReader{*errors_, value, std::string{key(name).path}, path_of(name)};
}

std::vector<MapReader> MapReader::maps(std::string_view name) const {
    std::vector<MapReader> found;
    const std::string schema_path = std::string{key(name).path} + "[]";
    for (const Item& item : items(name)) {
        if (item.node->kind == NodeKind::map)
            found.emplace_back(*errors_, item.node, schema_path, item.path);
        else
            errors_->error(item.node->line, item.path,
                         what_is_written(*item.node) + "; write a map such as " +
                             example_map(schema_path));
    }
    return found;
}

}  // namespace ikelb::config
