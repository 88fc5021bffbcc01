// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include <nlohmann/json.hpp>

#include "controlplane/api/commands.h"

namespace ikelb::api {

/// Why a command was not carried out. `status`: an HTTP status of 400 and more; `message`: a
/// sentence that says what is wrong and, where there is something, what to type.
struct CommandError {
    unsigned status = 500;
    std::string message;
};

/// The body of the answer, or the error. Not a boost::system::result: nlohmann's json converts to
/// everything, which makes each return ambiguous there.
class CommandResult {
public:
    CommandResult(nlohmann::json body) : value_{std::in_place_index<0>, std::move(body)} {}
    CommandResult(CommandError error) : value_{std::in_place_index<1>, std::move(error)} {}

    explicit operator bool() const noexcept { return value_.index() == 0; }
    /// Only if there is no error.
    const nlohmann::json& body() const { return std::get<0>(value_); }
    /// Only if there is one.
    const CommandError& error() const { return std::get<1>(value_); }

private:
    std::variant<nlohmann::json, CommandError> value_;
};

/// An argument as its kind wants it.
struct Value {
    std::string text;          ///< addresses in their canonical form
    std::uint64_t number = 0;  ///< of numbers and SPIs
    std::uint64_t second = 0;  ///< the responder's SPI of a pair; 0: it was left out
};

/// The arguments of one call by name: those that were given, and those that have a preset.
class Arguments {
public:
    void put(std::string_view name, Value value) { values_.emplace(name, std::move(value)); }
    /// nullptr: it was left out.
    const Value* find(std::string_view name) const {
        const auto at = values_.find(name);
        return at == values_.end() ? nullptr : &at->second;
    }
    std::optional<std::string> text(std::string_view name) const {
        const Value* const value = find(name);
        return value == nullptr ? std::nullopt : std::optional{value->text};
    }
    std::optional<std::uint64_t> number(std::string_view name) const {
        const Value* const value = find(name);
        return value == nullptr ? std::nullopt : std::optional{value->number};
    }
    /// Of one that is required or has a preset.
    const Value& at(std::string_view name) const { return values_.find(name)->second; }

private:
    std::map<std::string, Value, std::less<>> values_;
};

/// Carries a command out. Every call comes on the control thread and is answered before it returns.
/// An exception becomes a 500 with its text.
using Handler = std::function<CommandResult(const Command&, const Arguments&)>;

}  // namespace ikelb::api
