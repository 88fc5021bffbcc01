// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

#include <cstdint>

namespace ikelb::pipeline {

/// What a build may lack on purpose, so that tests can show that they would notice. Product builds
/// lack nothing; tests/mutants builds the others.
enum class Mutant : std::uint8_t {
    none,
    no_pair_table,      ///< IKE SPIs steer nothing
    no_esp_table,       ///< ESP SPIs steer nothing
    commit_on_request,  ///< a client's request moves its flow, instead of the answer to it
};

#ifndef IKELB_MUTANT
#define IKELB_MUTANT none
#endif
inline constexpr Mutant mutant = Mutant::IKELB_MUTANT;

}  // namespace ikelb::pipeline
