// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

#include <deque>
#include <stdexcept>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "controlplane/api/handler.h"

namespace ikelb::api {

/// A handler that notes what it was asked, the arguments in their order, and answers {"did": that},
/// or with what a test put there.
class FakeCommands {
public:
    Handler handler() {
        return [this](const Command& command, const Arguments& arguments) {
            return run(command, arguments);
        };
    }

    std::vector<std::string> calls;
    nlohmann::json answer;  ///< null: {"did": ...}
    std::deque<nlohmann::json> session_slices;  ///< answers to sessions, one after the other
    bool explode = false;

private:
    CommandResult run(const Command& command, const Arguments& arguments) {
        if (explode) throw std::runtime_error{"boom"};
        if (command.name == "sessions" && !session_slices.empty()) {
            answer = session_slices.front();
            session_slices.pop_front();
        }
        std::string call{command.name};
        for (const Argument& argument : command.list())
            call += " " + text_of(argument, arguments.find(argument.name));
        if (call == "enable nobody") return CommandError{404, "there is no backend \"nobody\""};
        calls.push_back(call);
        return answer.is_null() ? nlohmann::json{{"did", call}} : answer;
    }

    static std::string text_of(const Argument& argument, const Value* given) {
        const Value value = given != nullptr ? *given : Value{.text = "*"};
        switch (argument.kind) {
            case Kind::number:
            case Kind::place: return std::to_string(value.number);
            case Kind::spi:
            case Kind::esp_spi: return fmt::format("{:x}", value.number);
            case Kind::spi_pair: return fmt::format("{:x}:{:x}", value.number, value.second);
            default: return value.text;
        }
    }
};

}  // namespace ikelb::api
