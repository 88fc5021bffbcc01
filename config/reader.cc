// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include "config/reader.h"

#include <algorithm>
#include <bit>

#include "config/nearest.h"
#include "config/refusal.h"
#include "config/scalar.h"
#include "config/schema.h"
#include "config/text/address.h"
#include "config/value_type.h"

namespace ikelb::config {
namespace {

std::string_view example_of(const Key& key) {
    return key.example.empty() ? key.initial : key.example;
}

/// A map with its required keys: {name: rras1, address: 10.20.0.11}.
std::string example_map(const Key& map) {
    std::string text;
    for (const Key& key : map.keys)
        if (key.presence == Presence::required && !example_of(key).empty())
            text += (text.empty() ? "" : ", ") + std::string{key.name()} + ": " +
                    std::string{example_of(key)};
    return "{" + text + "}";
}

std::string remedy(const Key& key) {
    if (key.form == Form::list_of_maps)
        return "write a list, each item as - " + example_map(key);
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

/// For mistakes with one likely meaning: the likely intent.
std::string hint(const Key& key, const Node& value) {
    const std::string& text = value.text;
    if (const auto choices = choices_of(key); !choices.empty())
        return did_you_mean(text, choices);
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

/// The key's remedy, nearer to the written value.
std::string remedy_for(const Key& key, const Node& node) {
    const bool is_item = node.key.empty();
    if (key.form == Form::list_of_cpus && is_item)
        return "write the number of a CPU, 0.." + std::to_string(highest_cpu);
    const auto number = parse_integer(node.text);
    if (!key.range.of_powers_of_two || !number || !key.range.contains(*number)) return remedy(key);
    const std::uint64_t below = std::bit_floor(static_cast<std::uint64_t>(*number));
    return "write a power of two: " + std::to_string(below) + " or " + std::to_string(below * 2);
}

std::string joined(std::string_view path, std::string_view name) {
    std::string part{name.substr(0, 64)};
    for (char& c : part)
        if (static_cast<unsigned char>(c) < 0x20 || static_cast<unsigned char>(c) >= 0x7f) c = '?';
    return path.empty() ? part : std::string{path} + "." + part;
}

const Word* find_word(const Key& key, const Node& value) {
    if (value.kind != NodeKind::scalar) return nullptr;
    const auto word = std::ranges::find(key.words, value.text, &Word::name);
    return word == key.words.end() ? nullptr : &*word;
}

std::string explain_unknown(const Key& map, std::string_view typed) {
    if (const auto reason = refusal_of_key(typed); !reason.empty()) return std::string{reason};
    std::vector<std::string_view> names;
    for (const Key& key : map.keys) names.push_back(key.name());
    if (const auto near = nearest(typed, names))
        return "unknown key; did you mean " + std::string{*near} + "?";
    for (const Key& elsewhere : all_keys())
        if (elsewhere.name() == typed) {
            const Key& home = *elsewhere.parent;
            return "unknown key here; " + std::string{typed} + " belongs to " +
                   (home.path.empty()                   ? std::string{"the top level"}
                    : home.form == Form::list_of_maps ? home.path + "[]"
                                                      : home.path);
        }
    std::string all;
    for (const std::string_view name : names) all += (all.empty() ? "" : ", ") + std::string{name};
    return "unknown key; remove it, or write one of " + all;
}

class Reader {
public:
    explicit Reader(FindingList& errors) : errors_{errors} {}

    void read_map(const Key& map, const Node& node, const std::string& path, void* object) {
        for (const Node& value : node.children)
            if (std::ranges::count(map.keys, value.key, &Key::name) == 0)
                errors_.error(value.key_line, joined(path, value.key),
                              explain_unknown(map, value.key));
        for (const Key& key : map.keys)
            if (key.presence == Presence::required && node.find(key.name()) == nullptr)
                errors_.error(node.line, joined(path, key.name()), "is missing; " + remedy(key));
        for (const Key& key : map.keys) {
            const Node* value = node.find(key.name());
            if (value == nullptr) continue;
            if (key.line) key.line(object) = {value->key_line};
            read_value(key, *value, joined(path, key.name()), key.member(object));
        }
    }

private:
    void read_value(const Key& key, const Node& node, const std::string& path, void* value) {
        if (key.type->set_line != nullptr) key.type->set_line(value, node.key_line);
        if (const Word* word = find_word(key, node)) return word->write(value);
        if (node.kind == NodeKind::map && !key.keys.empty() && key.form != Form::list_of_maps)
            return read_map(key, node, path, value);
        const bool is_list = key.form == Form::list_of_maps || key.form >= Form::list_of_text;
        if (is_list && node.kind == NodeKind::list) return read_items(key, node, path, value);
        const bool is_scalar = !is_list && key.form != Form::map && node.kind == NodeKind::scalar;
        if (!is_scalar || !key.type->read(node.text, key, value)) refuse(key, node, path);
    }

    void read_items(const Key& key, const Node& list, const std::string& path, void* value) {
        if (!key.range.contains(static_cast<std::int64_t>(list.children.size()))) {
            errors_.error(list.line, path,
                          "has " + std::to_string(list.children.size()) + " items; write " +
                              std::to_string(key.range.min) + ".." +
                              std::to_string(key.range.max));
            return;
        }
        for (std::size_t i = 0; i < list.children.size(); ++i) {
            const Node& item = list.children[i];
            const std::string place = path + "[" + std::to_string(i) + "]";
            if (key.form != Form::list_of_maps) {
                if (item.kind != NodeKind::scalar || !key.type->read(item.text, key, value))
                    refuse(key, item, place);
            } else if (item.kind == NodeKind::map) {
                read_map(key, item, place, key.type->append(value, item.line));
            } else {
                errors_.error(item.line, place,
                              what_is_written(item) + "; write a map such as " +
                                  example_map(key));
            }
        }
    }

    void refuse(const Key& key, const Node& node, const std::string& path) {
        errors_.error(node.line, path,
                      what_is_written(node) + "; " + remedy_for(key, node) + hint(key, node));
    }

    FindingList& errors_;
};

}  // namespace

Config read_config(const Node& root, FindingList& errors) {
    Config config;
    Reader{errors}.read_map(schema(), root, "", &config);
    return config;
}

}  // namespace ikelb::config
