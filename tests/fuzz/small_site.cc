// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include "tests/fuzz/small_site.h"

#include <algorithm>
#include <chrono>
#include <span>
#include <string>

#include "controlplane/table/table_builder.h"
#include "tests/testlib/saved_state.h"

namespace ikelb::fuzz {

namespace {

using namespace testlib;
using namespace std::chrono_literals;

constexpr std::chrono::sys_seconds wall_clock{1'700'000'000s};

config::Config small_config() {
    config::Config config;
    config.interfaces = {{.name = "ext", .port = "wan"}, {.name = "srv", .port = "lan"}};
    config::Pool pool{.name = "rras"};
    for (forwarding::BackendIndex b = 0; b < 3; ++b)
        pool.backends.push_back({.name = "rras" + std::to_string(b + 1),
                                 .address = address(place::server(b).c_str())});
    config.pools = {pool};
    config.services = {
        {.name = "aovpn", .vip = address(place::vip), .interface = "ext", .pool = "rras"}};
    return config;
}

}  // namespace

SmallSite::SmallSite() : config_{small_config()} {
    TableSpec spec = two_armed_farm();
    spec.timeouts = table::make_timeouts(config_.timeouts);
    benches_ = std::make_unique<Benches>(std::vector{spec});
}

void SmallSite::begin() {
    bench_ = &benches_->fresh(0);
    registry_ = std::make_unique<table::IndexRegistry>();
    registry_->update(config_).value();
    modes_ = {};
    apply();
}

state::Restored SmallSite::restore(const state::State& state) {
    const state::Restored restored =
        state::restore_state(state, {.config = config_,
                                     .registry = *registry_,
                                     .modes = modes_,
                                     .sessions = bench_->sessions(),
                                     .timeouts = bench_->table().timeouts,
                                     .now = bench_->now(),
                                     .wall_clock = wall_clock});
    apply();
    return restored;
}

std::vector<std::uint8_t> SmallSite::save() {
    const auto view = state::make_view({.config = config_,
                                        .registry = *registry_,
                                        .modes = modes_,
                                        .table = bench_->table(),
                                        .now = bench_->now(),
                                        .wall_clock = wall_clock});
    return testlib::saved_state(bench_->sessions(), view);
}

/// A table costs more than most inputs: only if anything is another than it was.
void SmallSite::apply() {
    bool has_changed = false;
    for (const config::Backend& configured : config_.pools[0].backends) {
        const auto ref = registry_->backend(configured.name).value();
        BackendSpec& backend = bench_->spec.backends.at(ref.index);
        const forwarding::Mode mode = modes_.mode(configured.name);
        has_changed |= backend.mode != mode || backend.generation != ref.generation;
        backend.mode = mode;
        backend.is_present = mode != forwarding::Mode::disabled;
        backend.generation = ref.generation;
    }
    if (has_changed) bench_->apply();
}

}  // namespace ikelb::fuzz
