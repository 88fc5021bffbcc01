// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

#include <gtest/gtest.h>

#include <ostream>
#include <string>
#include <vector>

#include "tests/village/scenario.h"

namespace ikelb::village {

/// All scenarios, as parameters of a test.
inline std::ostream& operator<<(std::ostream& out, const Scenario& scenario) {
    return out << scenario.name;
}

inline std::vector<Scenario> scenarios() {
    std::vector<Scenario> all;
    for (const auto some : {roaming_scenarios(), server_scenarios(), traffic_scenarios(),
                            replay_scenarios(), forger_scenarios()})
        all.insert(all.end(), some.begin(), some.end());
    return all;
}

inline std::string name_of(const testing::TestParamInfo<Scenario>& info) {
    return info.param.name;
}

}  // namespace ikelb::village
