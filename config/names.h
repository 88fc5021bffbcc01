// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

// The names of the enumerators as the YAML writes them: the one list for reading, printing and
// documentation.

#include <array>
#include <cstddef>
#include <optional>
#include <string_view>
#include <type_traits>
#include <vector>

#include "config/config.h"

namespace ikelb::config {

template <class Enum>
struct NamedValue {
    std::string_view name;
    Enum value;
};

/// Specialised for each enumeration of the configuration: an array of NamedValue.
template <class Enum>
inline constexpr auto enum_names = nullptr;

template <>
inline constexpr auto enum_names<Side> = std::to_array<NamedValue<Side>>(
    {{"clients", Side::clients}, {"servers", Side::servers}, {"both", Side::both}});

template <>
inline constexpr auto enum_names<Announce> = std::to_array<NamedValue<Announce>>(
    {{"address", Announce::address}, {"always", Announce::always}});

template <>
inline constexpr auto enum_names<Scheduler> = std::to_array<NamedValue<Scheduler>>(
    {{"maglev", Scheduler::maglev},
     {"weighted_round_robin", Scheduler::weighted_round_robin},
     {"least_sas", Scheduler::least_sas}});

template <>
inline constexpr auto enum_names<Affinity> =
    std::to_array<NamedValue<Affinity>>({{"source", Affinity::source}, {"sa", Affinity::sa}});

template <>
inline constexpr auto enum_names<OnDown> =
    std::to_array<NamedValue<OnDown>>({{"keep", OnDown::keep}, {"flush", OnDown::flush}});

template <>
inline constexpr auto enum_names<HugePages> = std::to_array<NamedValue<HugePages>>(
    {{"auto", HugePages::automatic}, {"on", HugePages::on}, {"off", HugePages::off}});

template <>
inline constexpr auto enum_names<Idle> =
    std::to_array<NamedValue<Idle>>({{"sleep", Idle::sleep}, {"poll", Idle::poll}});

template <>
inline constexpr auto enum_names<LogLevel> =
    std::to_array<NamedValue<LogLevel>>({{"debug", LogLevel::debug},
                                         {"info", LogLevel::info},
                                         {"warning", LogLevel::warning},
                                         {"error", LogLevel::error}});

template <class Enum>
concept Named = std::is_enum_v<Enum> &&
    !std::is_null_pointer_v<std::remove_cv_t<decltype(enum_names<Enum>)>>;

/// The name in the YAML. Every enumerator has one.
template <Named Enum>
constexpr std::string_view to_string(Enum value) noexcept {
    for (const auto& named : enum_names<Enum>)
        if (named.value == value) return named.name;
    return {};
}

template <Named Enum>
constexpr std::optional<Enum> from_string(std::string_view name) noexcept {
    for (const auto& named : enum_names<Enum>)
        if (named.name == name) return named.value;
    return std::nullopt;
}

/// All names of an enumeration, in the order of the documentation.
template <Named Enum>
std::vector<std::string_view> choices_of() {
    std::vector<std::string_view> choices;
    for (const auto& named : enum_names<Enum>) choices.push_back(named.name);
    return choices;
}

}  // namespace ikelb::config
