// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

#include <stdexcept>
#include <string>
#include <vector>

#include "controlplane/api/commands.h"

namespace ikelb::control {

/// Notes what it was asked, answers {"did": that}, or with what a test put there.
class FakeCommands final : public Commands {
public:
    CommandResult status() override { return note("status"); }
    CommandResult backends() override { return note("backends"); }
    CommandResult flows(const FlowFilter& filter) override {
        return note("flows " + filter.client.value_or("*") + " " + std::to_string(filter.limit));
    }
    CommandResult drops() override { return note("drops"); }
    CommandResult version() override { return note("version"); }
    CommandResult drain(const std::string& backend, DrainMode mode) override {
        return note("drain " + backend + (mode == DrainMode::keep ? " keep" : " refuse"));
    }
    CommandResult enable(const std::string& backend) override {
        if (backend == "nobody") return CommandError{404, "there is no backend \"nobody\""};
        return note("enable " + backend);
    }
    CommandResult disable(const std::string& backend) override {
        return note("disable " + backend);
    }
    CommandResult reload() override {
        if (explode) throw std::runtime_error{"boom"};
        return note("reload");
    }
    CommandResult check(const std::string& file) override { return note("check " + file); }

    std::vector<std::string> calls;
    nlohmann::json answer;  ///< null: {"did": ...}
    bool explode = false;

private:
    CommandResult note(std::string call) {
        calls.push_back(call);
        return answer.is_null() ? nlohmann::json{{"did", call}} : answer;
    }
};

}  // namespace ikelb::control
