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

/// `status`: an HTTP status of 400 and more; `message`: a sentence with the fault and, if there is
/// one, the text to type.
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

struct Value {
    std::string text;          ///< addresses in their canonical form
    std::uint64_t number = 0;  ///< of numbers and SPIs
    std::uint64_t second = 0;  ///< the responder's SPI of a pair; 0: absent
};

/// The given and preset arguments of one call, by name.
class Arguments {
public:
    void put(std::string_view name, Value value) { values_.emplace(name, std::move(value)); }
    /// nullptr: the call has no such argument.
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
    /// For an argument that is required or has a preset.
    const Value& at(std::string_view name) const { return values_.find(name)->second; }

private:
    std::map<std::string, Value, std::less<>> values_;
};

/// Carries a command out. The control thread makes every call; the call returns the answer. An
/// exception becomes a 500 with its text.
using Handler = std::function<CommandResult(const Command&, const Arguments&)>;

}  // namespace ikelb::api
