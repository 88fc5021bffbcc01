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

/// Where the state is saved: as configured, else in directory_of(). nullopt: nowhere.
std::optional<std::filesystem::path> file_of(const config::State& configured,
                                                   const char* state_directory);

/// The directory that systemd gives to the service ($STATE_DIRECTORY, nullptr if there is none),
/// else /var/lib/ikelb.
std::filesystem::path directory_of(const char* state_directory);

/// All bytes of a file; nullopt if there is none.
Result<std::optional<std::vector<std::uint8_t>>> read_state_file(const std::filesystem::path& file);

/// Has a new file written beside the old one and puts it in the old one's place once it is on the
/// disk, so that a crash at any moment leaves the one or the other. Only the owner can read it.
/// Makes the directory, if it is missing. write: to this file descriptor; an errno, 0 if all went
/// well. Blocks for as long as the disk does.
Result<void> replace_file(const std::filesystem::path& file, const std::function<int(int)>& write);

/// All of the bytes at an offset; the errno of a failure, else 0.
int write_at(int fd, std::span<const std::uint8_t> bytes, std::uint64_t offset);

/// replace_file() with a state. add: adds the records.
Result<void> write_state_file(const std::filesystem::path& file, const Facts& facts,
                              const std::function<void(Encoder&)>& add);

/// Where replace_file() writes before the file is complete.
std::filesystem::path unfinished_state_file(const std::filesystem::path& file);

}  // namespace ikelb::state
