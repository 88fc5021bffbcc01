// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

// Reads and prints values of each C++ type of the configuration. A new type needs three overloads:
// read_value, print and form_of (its form).

#include <chrono>
#include <concepts>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/config.h"
#include "config/names.h"
#include "config/scalar.h"
#include "config/text/address.h"

namespace ikelb::config {

template <class Value>
inline constexpr Form form_of = Form::map;
template <>
inline constexpr Form form_of<std::string> = Form::text;
template <std::unsigned_integral Int>
inline constexpr Form form_of<Int> = Form::integer;
template <>
inline constexpr Form form_of<bool> = Form::flag;
template <Named Enum>
inline constexpr Form form_of<Enum> = Form::choice;
template <>
inline constexpr Form form_of<std::chrono::milliseconds> = Form::duration;
template <>
inline constexpr Form form_of<Rate> = Form::rate;
template <>
inline constexpr Form form_of<net::IpAddress> = Form::address;
template <>
inline constexpr Form form_of<net::IpPrefix> = Form::prefix;
template <>
inline constexpr Form form_of<net::MacAddress> = Form::mac;
template <>
inline constexpr Form form_of<Endpoint> = Form::endpoint;
template <>
inline constexpr Form form_of<PortRange> = Form::port_range;
template <class Value>
inline constexpr Form form_of<std::optional<Value>> = form_of<Value>;
template <class Item>
inline constexpr Form form_of<std::vector<Item>> = Form::list_of_maps;
template <>
inline constexpr Form form_of<std::vector<std::string>> = Form::list_of_text;
template <>
inline constexpr Form form_of<std::vector<std::uint16_t>> = Form::list_of_cpus;
template <>
inline constexpr Form form_of<std::vector<net::IpPrefix>> = Form::list_of_prefixes;
template <>
inline constexpr Form form_of<std::vector<net::MacAddress>> = Form::list_of_macs;
template <>
inline constexpr Form form_of<std::vector<OpenPort>> = Form::list_of_ports;

/// CPU_SETSIZE - 1, see sched_setaffinity(2).
inline constexpr std::int64_t highest_cpu = 1023;

std::optional<std::uint64_t> read_number(std::string_view text, const Key& key);
std::string print_number(std::uint64_t number, const Key& key);

std::optional<std::string> parse(std::string_view text, const Key& key, std::string*);
template <std::unsigned_integral Int>
std::optional<Int> parse(std::string_view text, const Key& key, Int*) {
    const auto number = read_number(text, key);
    return number ? std::optional{static_cast<Int>(*number)} : std::nullopt;
}
inline std::optional<bool> parse(std::string_view text, const Key&, bool*) {
    return text == "true" || text == "false" ? std::optional{text == "true"} : std::nullopt;
}
template <Named Enum>
std::optional<Enum> parse(std::string_view text, const Key&, Enum*) {
    return from_string<Enum>(text);
}
inline auto parse(std::string_view text, const Key& key, std::chrono::milliseconds*) {
    const auto time = parse_duration(text);
    return time && key.range.contains(time->count()) ? time : std::nullopt;
}
inline auto parse(std::string_view text, const Key& key, Rate*) {
    const auto rate = parse_rate(text);
    return rate && key.range.contains(rate->per_second) && key.range.contains(rate->burst)
               ? rate
               : std::nullopt;
}
inline auto parse(std::string_view text, const Key&, net::IpAddress*) {
    return parse_address(text);
}
inline auto parse(std::string_view text, const Key&, net::IpPrefix*) { return parse_prefix(text); }
inline auto parse(std::string_view text, const Key&, net::MacAddress*) {
    return text::parse_mac(text);
}
inline auto parse(std::string_view text, const Key&, Endpoint*) { return parse_endpoint(text); }
inline auto parse(std::string_view text, const Key&, PortRange*) { return parse_port_range(text); }
inline auto parse(std::string_view text, const Key&, OpenPort*) { return parse_open_port(text); }

inline std::string print(const std::string& value, const Key&) { return value; }
std::string print(std::unsigned_integral auto value, const Key& key) {
    return print_number(value, key);
}
inline std::string print(bool value, const Key&) { return value ? "true" : "false"; }
std::string print(Named auto value, const Key&) { return std::string{to_string(value)}; }
template <class Value>
    requires requires(const Value& value) { to_string(value); } && (!Named<Value>)
std::string print(const Value& value, const Key&) {
    return to_string(value);
}
template <class Value>
    requires requires(const Value& value) { text::to_text(value); }
std::string print(const Value& value, const Key&) {
    return text::to_text(value);
}

/// The struct whose rows describe a map, or the items of a list.
template <class Value>
struct MapOf {
    using type = Value;
};
template <class Item>
struct MapOf<std::vector<Item>> {
    using type = Item;
};

template <class Item>
    requires requires(const Item& item) { item.name; }
std::string label_of(const Item& item) {
    return item.name;
}
inline std::string label_of(const Route& route) { return text::to_text(route.to); }
inline std::string label_of(const Alias& alias) { return alias.service; }
inline std::string label_of(const AllowRule& rule) {
    return text::to_text(rule.from) + " to " + text::to_text(rule.to) + " " +
           to_string(rule.port) + (rule.is_established ? " established" : "");
}
inline std::string label_of(const OwnService& own) {
    return text::to_text(own.from) + " to " + text::to_text(own.address) + " " +
           to_string(own.port);
}

template <class Value>
const Value& as(const void* value) {
    return *static_cast<const Value*>(value);
}
template <class Value>
Value& as(void* value) {
    return *static_cast<Value*>(value);
}

template <class Value>
bool read_one(std::string_view text, const Key& key, Value& value) {
    auto read = parse(text, key, static_cast<Value*>(nullptr));
    if (read) value = *std::move(read);
    return read.has_value();
}

template <class Value>
struct TypeOf {
    static bool read(std::string_view text, const Key& key, void* value) {
        return read_one(text, key, as<Value>(value));
    }
    static std::string print(const Key& key, const void* value) {
        return config::print(as<Value>(value), key);
    }
    static ValueType make() {
        ValueType type{.form = form_of<Value>, .read = read, .print = print};
        if constexpr (Named<Value>) type.choices = choices_of<Value>;
        return type;
    }
};

template <class Value>
struct TypeOf<std::optional<Value>> {
    static bool read(std::string_view text, const Key& key, void* value) {
        return read_one(text, key, as<std::optional<Value>>(value).emplace());
    }
    static std::string print(const Key& key, const void* value) {
        const auto& held = as<std::optional<Value>>(value);
        return held ? config::print(*held, key) : std::string{};
    }
    static ValueType make() {
        return {.form = form_of<Value>, .read = read, .print = print};
    }
};

template <class Item>
    requires(form_of<std::vector<Item>> != Form::list_of_maps)
struct TypeOf<std::vector<Item>> {
    static bool read(std::string_view text, const Key& key, void* value) {
        return read_one(text, key, as<std::vector<Item>>(value).emplace_back());
    }
    static std::string print(const Key& key, const void* value) {
        std::string text;
        for (const Item& item : as<std::vector<Item>>(value))
            text += (text.empty() ? "" : ", ") + config::print(item, key);
        return "[" + text + "]";
    }
    static ValueType make() {
        return {.form = form_of<std::vector<Item>>, .read = read, .print = print};
    }
};

template <class Map>
    requires(form_of<Map> == Form::map)
struct TypeOf<Map> {
    static ValueType make() {
        ValueType type{.form = Form::map,
                       .is_default = [](const void* map) { return as<Map>(map) == Map{}; }};
        if constexpr (requires(Map map) { map.line; })
            type.set_line = [](void* map, int line) { as<Map>(map).line = {line}; };
        return type;
    }
};

template <class Item>
    requires(form_of<std::vector<Item>> == Form::list_of_maps)
struct TypeOf<std::vector<Item>> {
    using List = std::vector<Item>;
    static ValueType make() {
        return {.form = Form::list_of_maps,
                .print = [](const Key&, const void*) { return std::string{"[]"}; },
                .append =
                    [](void* list, int line) -> void* {
                        Item& item = as<List>(list).emplace_back();
                        item.line = {line};
                        return &item;
                    },
                .size = [](const void* list) { return as<List>(list).size(); },
                .item = [](const void* list, std::size_t index) -> const void* {
                    return &as<List>(list)[index];
                },
                .item_line = [](const void* item) { return as<Item>(item).line.number; },
                .label = [](const void* item) { return label_of(as<Item>(item)); }};
    }
};

template <class Value>
inline const ValueType value_type = TypeOf<Value>::make();

}  // namespace ikelb::config
