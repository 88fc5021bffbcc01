// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

#include <deque>
#include <stdexcept>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "controlplane/api/commands.h"

namespace ikelb::api {

/// Notes what it was asked, answers {"did": that}, or with what a test put there.
class FakeCommands final : public Commands {
public:
    CommandResult status() override { return note("status"); }
    CommandResult backends() override { return note("backends"); }
    CommandResult flows(const FlowFilter& filter) override {
        return note("flows " + filter.client.value_or("*") + " " + std::to_string(filter.limit));
    }
    CommandResult sessions(const SessionFilter& filter) override {
        if (!session_slices.empty()) {
            answer = session_slices.front();
            session_slices.pop_front();
        }
        return note(fmt::format("sessions {} {:x} {} {} {}", filter.client.value_or("*"),
                                filter.spi.value_or(0), filter.backend.value_or("*"), filter.from,
                                filter.limit));
    }
    CommandResult explain(const ExplainQuery& query) override {
        return note(fmt::format("explain {} {} {} {:x}:{:x} {:x}", query.client,
                                query.port.value_or(0), query.vip.value_or("*"),
                                query.initiator_spi.value_or(0), query.responder_spi.value_or(0),
                                query.esp_spi.value_or(0)));
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
    CommandResult diff(const std::optional<std::string>& file) override {
        return note("diff " + file.value_or("*"));
    }
    CommandResult reload() override {
        if (explode) throw std::runtime_error{"boom"};
        return note("reload");
    }
    CommandResult check(const std::string& file) override { return note("check " + file); }

    std::vector<std::string> calls;
    nlohmann::json answer;  ///< null: {"did": ...}
    std::deque<nlohmann::json> session_slices;  ///< answers to sessions(), one after the other
    bool explode = false;

private:
    CommandResult note(std::string call) {
        calls.push_back(call);
        return answer.is_null() ? nlohmann::json{{"did", call}} : answer;
    }
};

}  // namespace ikelb::api
