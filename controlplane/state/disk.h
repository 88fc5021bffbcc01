// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <span>
#include <vector>

#include "config/config.h"
#include "controlplane/state/state_file.h"

namespace ikelb::state {

/// The state file: as configured, else in directory_of(). nullopt: no state is saved.
std::optional<std::filesystem::path> file_of(const config::State& configured,
                                                   const char* state_directory);

/// systemd's directory for the service ($STATE_DIRECTORY; nullptr: absent), else /var/lib/ikelb.
std::filesystem::path directory_of(const char* state_directory);

/// nullopt: no such file.
Result<std::optional<std::vector<std::uint8_t>>> read_state_file(const std::filesystem::path& file);

/// Writes a new file beside the old one and renames it once it is on the disk, so that a crash
/// leaves the one or the other. Only the owner can read it. Makes a missing directory. write:
/// writes to this file descriptor; returns an errno, 0 on success. Blocks as long as the disk does.
Result<void> replace_file(const std::filesystem::path& file, const std::function<int(int)>& write);

/// Writes all bytes at an offset; returns the errno of a failure, else 0.
int write_at(int fd, std::span<const std::uint8_t> bytes, std::uint64_t offset);

/// replace_file() with a state. add: adds the records.
Result<void> write_state_file(const std::filesystem::path& file, const Facts& facts,
                              const std::function<void(Encoder&)>& add);

/// The file that replace_file() writes first.
std::filesystem::path unfinished_state_file(const std::filesystem::path& file);

}  // namespace ikelb::state
