// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

// Theory of operation. Each struct of the configuration declares a row for each of its keys, beside
// its members: the key's form, range and purpose, the effect of a change on live tunnels, whether
// it needs a restart, and the member for the value. The default is the member's initialiser. The
// rows make one tree (schema.h); reading, listing, diff, docs/configuration.md,
// config/reference.yaml and `ikelbctl explain KEY` walk that tree.

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "config/values.h"

namespace ikelb::config {

/// The form of a value. The member's C++ type gives the form, unless the row names one.
enum class Form {
    of_the_type,
    map,
    list_of_maps,
    text,
    kernel_name,  ///< [a-z][a-z0-9_-]*, at most 15 characters: the kernel's IFNAMSIZ less one
    name,         ///< [A-Za-z0-9][A-Za-z0-9._-]*, at most 63 characters
    reference,    ///< the name of an item that another list has
    integer,
    hexadecimal,
    duration,
    rate,  ///< 200/s burst 2000; or a map of per_second and burst, the older spelling
    address,
    prefix,
    mac,
    endpoint,  ///< ADDRESS:PORT
    choice,
    flag,        ///< true or false
    protocol,    ///< tcp, esp, ..., a number, or any
    port_range,  ///< 443 or 8000-8080
    list_of_text,
    list_of_cpus,
    list_of_prefixes,
    list_of_macs,
    list_of_ports,  ///< tcp/22, udp/8000-8080
};

enum class Presence { optional, required };

/// How a change reaches the running daemon.
enum class Apply { as_parent, live, restart };

/// Inclusive. Integers as they are, both numbers of a rate, hexadecimal numbers by their number of
/// digits, durations in milliseconds, lists by their number of items.
struct Range {
    std::int64_t min = 0;
    std::int64_t max = 0;
    bool of_powers_of_two = false;
    constexpr bool contains(std::int64_t value) const noexcept {
        return min <= value && value <= max;
    }
};

/// Whether the listing shows an absent map, with its defaults.
enum class Listed { always, if_written };

struct Row {
    Form form = Form::of_the_type;
    Presence presence = Presence::optional;
    Apply apply = Apply::as_parent;
    Range range{};
    std::string_view unit{};     ///< of integers
    std::string_view example{};  ///< as YAML, for keys without default
    Listed listed = Listed::always;
    std::string_view of{};  ///< of a reference: the list of the named item; ports
};

struct Key;

/// How values of one C++ type are read and printed. An object is passed untyped and has the type of
/// the key's member; functions that make no sense for the type are null.
struct ValueType {
    Form form = Form::map;
    /// Whether the text has the key's form and range; a list takes the text as one more item.
    bool (*read)(std::string_view text, const Key& key, void* value) = nullptr;
    /// YAML; empty if the value is not set.
    std::string (*print)(const Key& key, const void* value) = nullptr;
    std::vector<std::string_view> (*choices)() = nullptr;
    bool (*is_default)(const void* map) = nullptr;
    void (*set_line)(void* map, int line) = nullptr;
    void* (*append)(void* list, int line) = nullptr;
    std::size_t (*size)(const void* list) = nullptr;
    const void* (*item)(const void* list, std::size_t index) = nullptr;
    int (*item_line)(const void* item) = nullptr;
    /// The label that tells an item of a list of maps from the others, for people.
    std::string (*label)(const void* item) = nullptr;
};

/// A word that may stand for a map.
struct Word {
    std::string_view name{};
    std::function<void(void* map)> write{};
    std::function<bool(const void* map)> stands{};
};

/// A row in its place in the tree. schema.cc owns it; it never changes once made.
struct Key : Row {
    std::string path{};          ///< pools[].backends[].weight: a dot goes into a map, [] to items
    const Key* parent = nullptr;  ///< the map of the key, or the list of these maps
    std::string_view purpose{};
    std::string_view effect{};   ///< of a change on live tunnels; empty: as the parent's
    std::string initial{};       ///< the default as YAML; empty: none
    const ValueType* type = nullptr;
    std::function<void*(void* object)> member{};  ///< of the struct that declares the row
    std::function<SourceLine&(void* object)> line{};  ///< keeps a scalar's line; may be empty
    std::vector<Word> words{};                    ///< of a map
    std::vector<Key> keys{};                      ///< of a map, or of the items of a list

    std::string_view name() const noexcept;
    const void* value_in(const void* object) const {
        return member(const_cast<void*>(object));
    }
};

inline constexpr auto required = Presence::required;
inline constexpr auto live = Apply::live;
inline constexpr auto restart = Apply::restart;
inline constexpr std::string_view no_effect = "None.";
inline constexpr std::string_view needs_restart =
    "The restart it needs stops traffic for a moment; tunnels live on (see state).";
// Of durations, in milliseconds.
inline constexpr std::int64_t second = 1000, minute = 60 * second, hour = 60 * minute;

}  // namespace ikelb::config
