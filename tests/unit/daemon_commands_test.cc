// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
// The commands as the admin API has them carried out, on a view without a daemon.
#include "controlplane/daemon/commands.h"

#include <gtest/gtest.h>

#include "controlplane/api/dispatch.h"
#include "tests/unit/daemon_view.h"

namespace ikelb::daemon {
namespace {

using nlohmann::json;

class DaemonCommands : public testing::Test {
protected:
    api::Response ask(std::string_view method, const std::string& target,
                      std::string_view body = "") {
        return api::dispatch(std::bind_front(run_command, host_),
                             {.method = method, .target = target, .body = body});
    }
    json answer(const std::string& target) { return json::parse(ask("GET", target).body); }

    testlib::Viewed viewed_;
    std::string reload_error_;
    Host host_{.view = [this] { return viewed_.view(); },
               .reload = [this] { return reload_error_; },
               .set_mode = [this](const std::string& backend,
                                  forwarding::Mode mode) -> std::optional<bool> {
                   if (!viewed_.registry.backend(backend)) return std::nullopt;
                   return viewed_.modes.set(backend, mode, viewed_.registry);
               }};
};

TEST_F(DaemonCommands, AreAllKnown) {
    for (const api::Command& command : api::commands()) {
        const std::string query = command.name == "explain" ? "?client=192.0.2.1" : "";
        const auto response =
            ask(api::to_string(command.method), api::path_of(command, "rras1") + query,
                command.name == "check" ? R"({"file":"/absent"})" : "");
        EXPECT_LT(response.status, 500u) << command.name << ": " << response.body;
    }
}

TEST_F(DaemonCommands, StatusHasThePartsInTheirOrder) {
    const json status = answer("/v1/status");
    EXPECT_EQ(status.at("uptime_s"), 61);
    EXPECT_EQ(status.at("workers").at(0).at("cpu"), 3);
    EXPECT_EQ(status.at("ports").at(0).at("xstats").at(0).at("count"), 42);
    EXPECT_EQ(status.at("interfaces").at(0).at("from_kernel"), 22);
    EXPECT_EQ(status.at("services").at(0).at("vip"), "2001:db8::1");
    EXPECT_EQ(
        status.at("tables").at(0),
        (json{{"name", "flows"}, {"used", 12}, {"capacity", viewed_.sessions->flows.slots()}}));
    EXPECT_TRUE(status.at("restored").is_null());
}

TEST_F(DaemonCommands, BackendsHaveTheSumsOfAllServices) {
    const json row = answer("/v1/backends").at("backends").at(0);
    EXPECT_EQ(row.at("flows"), 5);
    EXPECT_EQ(row.at("sas"), 6);
    EXPECT_EQ(row.at("packets_to_server"), 1);
    EXPECT_EQ(row.at("bytes_to_client"), 4);
    EXPECT_EQ(row.at("rtt_us"), 250);
}

TEST_F(DaemonCommands, DropsAreThoseOfAllWorkers) {
    const json drops = answer("/v1/drops");
    for (const json& row : drops.at("drops"))
        EXPECT_EQ(row.at("packets"), row.at("reason") == "no_backend" ? 9 : 0) << row;
}

TEST_F(DaemonCommands, AModeIsSetAndAnUnknownBackendIsNamed) {
    const json set = json::parse(ask("POST", "/v1/backends/rras1/drain").body);
    EXPECT_EQ(set, (json{{"backend", "rras1"},
                         {"mode", "drain_keep"},
                         {"changed", true},
                         {"sas", 6},
                         {"flows", 5}}));
    const auto unknown = ask("POST", "/v1/backends/rras2/enable");
    EXPECT_EQ(unknown.status, 404u);
    EXPECT_NE(unknown.body.find("did you mean rras1?"), std::string::npos) << unknown.body;
}

TEST_F(DaemonCommands, AReloadSaysWhatEndedOrWhyItWasRefused) {
    viewed_.reloads.ended = {{"rras1", 12}, {"rras2", 1}};
    EXPECT_EQ(
        json::parse(ask("POST", "/v1/reload").body),
        (json{{"reloaded", viewed_.file},
              {"tunnels", 13},
              {"backends",
               {{{"name", "rras1"}, {"tunnels", 12}}, {{"name", "rras2"}, {"tunnels", 1}}}}}));
    reload_error_ = "no such file";
    EXPECT_EQ(ask("POST", "/v1/reload").status, 422u);
}

}  // namespace
}  // namespace ikelb::daemon
