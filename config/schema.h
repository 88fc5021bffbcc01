// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

// Theory of operation. One table says what keys there are: how each is written, its range and
// default, why it exists, what a change does to live tunnels and whether it needs a restart. The
// parser takes ranges and known keys from it, the diff takes restart or live, and
// docs/configuration.md and config/reference.yaml are printed from it. Paths are written
// pools[].backends[].weight: a dot goes into a map, [] into each item of a list.
// The defaults stand as initialisers in config.h as well; a test keeps the two equal.

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace ikelb::config {

/// How a value is written.
enum class Form {
    map,
    list_of_maps,
    text,
    kernel_name,  ///< [a-z][a-z0-9_-]*, at most 15 characters: the kernel's IFNAMSIZ less one
    name,         ///< [A-Za-z0-9][A-Za-z0-9._-]*, at most 63 characters
    reference,    ///< the name of something written elsewhere
    integer,
    hexadecimal,
    duration,
    address,
    prefix,
    mac,
    endpoint,  ///< ADDRESS:PORT
    choice,
    flag,        ///< true or false
    protocol,    ///< tcp, esp, ..., a number, or any
    port_range,  ///< 443 or 8000-8080
    list_of_text,
    list_of_integers,
    list_of_prefixes,
    list_of_macs,
    list_of_ports,  ///< tcp/22, udp/8000-8080
};

enum class Presence { required, optional };

/// How a change reaches the running daemon.
enum class Apply { live, restart };

/// Inclusive. Integers as they are, hexadecimal numbers by their number of digits, durations in
/// milliseconds, lists by their number of items.
struct Range {
    std::int64_t min = 0;
    std::int64_t max = 0;
    constexpr bool contains(std::int64_t value) const noexcept {
        return min <= value && value <= max;
    }
};

struct Key {
    std::string_view path{};
    Form form = Form::map;
    Presence presence = Presence::optional;
    Apply apply = Apply::live;
    Range range{};              ///< numbers, durations and lists
    std::string_view unit{};    ///< of integers
    std::string_view initial{}; ///< the default as YAML; empty: none
    std::string_view example{}; ///< as YAML, for keys without default
    /// Of a choice its names; of a map words that may stand there instead.
    std::vector<std::string_view> (*choices)() = nullptr;
    std::string_view purpose{};
    std::string_view effect{};  ///< what a change does to live tunnels

    /// The last part of the path, without []: weight.
    std::string_view name() const noexcept;
    /// The path of the map it stands in: pools[].backends[]; empty at the top.
    std::string_view parent() const noexcept;
};

/// Every key, each map before its own keys, in the order of the documentation.
std::span<const Key> schema() noexcept;

/// The row of a path, or nullptr.
const Key* find_key(std::string_view path) noexcept;

/// The keys that may stand in a map, in order. parent: as Key::parent().
std::vector<const Key*> keys_of(std::string_view parent);

/// What may be written there, for messages and documentation: "a whole number 0..1000".
std::string describe_form(const Key& key);

}  // namespace ikelb::config
