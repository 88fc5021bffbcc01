// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <vector>

#include "config/config.h"
#include "controlplane/state/state_file.h"

namespace ikelb::control {

/// Where the state is saved: as configured, else in the directory that systemd gives to the
/// service, else in /var/lib/ikelb. state_directory: $STATE_DIRECTORY, nullptr if there is none.
/// nullopt: nowhere.
std::optional<std::filesystem::path> state_file_of(const config::State& configured,
                                                   const char* state_directory);

/// All bytes of a file; nullopt if there is none.
StateResult<std::optional<std::vector<std::uint8_t>>> read_state_file(
    const std::filesystem::path& file);

/// Writes a state beside the file and puts it in the file's place once it is on the disk, so that
/// a crash at any moment leaves the old one or the new one. Only the owner can read it. Makes the
/// directory, if it is missing. add: adds the records.
/// Blocks for as long as the disk does.
StateResult<void> write_state_file(const std::filesystem::path& file, const StateFacts& facts,
                                   const std::function<void(StateEncoder&)>& add);

/// Where write_state_file() writes before the file is complete.
std::filesystem::path unfinished_state_file(const std::filesystem::path& file);

}  // namespace ikelb::control
