// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include <fmt/format.h>

#include <memory>

#include "controlplane/inspect/as_json.h"
#include "tests/bench/command.h"
#include "tests/bench/rig.h"
#include "tests/bench/town.h"

namespace ikelb::bench {

namespace {

using nlohmann::json;

/// What a process grows by from nothing to this many clients, each with the flow, the two ESP SPIs,
/// the persistence and the IKE SA that the tables are made for. No EAL and no packet buffers:
/// they do not grow with clients. The farm's own tables are counted too, as far as they matter.
json run(std::size_t clients, Family family) {
    const std::uint64_t before = resident_bytes();
    Town town{{.family = family, .clients = clients}};
    say(fmt::format("{} clients", clients));
    town.establish_in_bulk(0, clients);
    const std::uint64_t grown = resident_bytes() - before;
    const auto counted = inspect::memory_of_client(town.sessions(), town.limits(), 1);
    json memory{{"clients", clients},
                {"family", family == Family::v4 ? 4 : 6},
                {"bytes_per_client", static_cast<double>(grown) / static_cast<double>(clients)}};
    if (family == Family::v4)
        memory["tables"] = {{"bindings", counted.persistences}, {"flows", counted.flows},
                            {"pairs", counted.ike_sas},         {"esp_spis", counted.esp_spis},
                            {"passing", counted.passing},       {"workers", counted.workers},
                            {"total", counted.total()}};
    return {{"memory", memory}};
}

}  // namespace

Command memory_command(CLI::App& app) {
    auto clients = std::make_shared<std::size_t>(1'000'000);
    auto family = std::make_shared<Family>(Family::v4);
    CLI::App* const sub = app.add_subcommand("memory", "Bytes for each established client");
    sub->add_option("--clients", *clients, "Established clients")->capture_default_str();
    sub->add_option("--family", *family, "4, 6")
        ->transform(CLI::CheckedTransformer(
            std::map<std::string, Family>{{"4", Family::v4}, {"6", Family::v6}}));
    return {.options = sub, .run = [clients, family] { return run(*clients, *family); }};
}

}  // namespace ikelb::bench
