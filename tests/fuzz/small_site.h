// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

#include <memory>
#include <vector>

#include "config/config.h"
#include "controlplane/state/restore.h"
#include "controlplane/state/snapshot.h"
#include "tests/fuzz/harness.h"

namespace ikelb::fuzz {

/// A configuration of three servers with one VIP, its indices, and a bench whose table says the
/// same: what a state is taken up by.
class SmallSite {
public:
    SmallSite();

    /// Starts anew, with an empty session tables and every server enabled.
    void begin();
    state::Restored restore(const state::State& state);
    std::vector<std::uint8_t> save();

    testlib::Bench& bench() { return *bench_; }
    const table::IndexRegistry& registry() const { return *registry_; }

private:
    void apply();

    config::Config config_;
    std::unique_ptr<Benches> benches_;
    testlib::Bench* bench_ = nullptr;
    std::unique_ptr<table::IndexRegistry> registry_;
    table::BackendModes modes_;
};

}  // namespace ikelb::fuzz
