// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

// The YAML names of enumerators, for reading, printing and documentation: the enumerators' own
// names (Boost.Describe), without the _ of a name that is a C++ keyword.

#include <boost/describe/enumerators.hpp>
#include <boost/mp11/algorithm.hpp>
#include <optional>
#include <string_view>
#include <vector>

namespace ikelb::config {

template <class Enum>
concept Named = boost::describe::has_describe_enumerators<Enum>::value;

/// Calls visit(name, value) for each enumerator, in the order of the documentation.
template <Named Enum, class Visit>
constexpr void for_each_name(Visit visit) {
    boost::mp11::mp_for_each<boost::describe::describe_enumerators<Enum>>([&](auto one) {
        std::string_view name{one.name};
        if (name.ends_with('_')) name.remove_suffix(1);
        visit(name, one.value);
    });
}

template <Named Enum>
constexpr std::string_view to_string(Enum wanted) noexcept {
    std::string_view found;
    for_each_name<Enum>([&](std::string_view name, Enum value) {
        if (value == wanted) found = name;
    });
    return found;
}

template <Named Enum>
constexpr std::optional<Enum> from_string(std::string_view wanted) noexcept {
    std::optional<Enum> found;
    for_each_name<Enum>([&](std::string_view name, Enum value) {
        if (name == wanted) found = value;
    });
    return found;
}

template <Named Enum>
std::vector<std::string_view> choices_of() {
    std::vector<std::string_view> choices;
    for_each_name<Enum>([&](std::string_view name, Enum) { choices.push_back(name); });
    return choices;
}

}  // namespace ikelb::config
