// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

#include <chrono>
#include <filesystem>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "controlplane/state/state_file.h"

namespace ikelb::state {

/// A configuration that ikelbd has run with.
struct GoodConfig {
    std::string text;
    std::chrono::system_clock::time_point saved_at;
};

/// The last text of a configuration file that ikelbd has run with, in the state's directory, away
/// from a broken file. The text's own state file does not count: an unreadable text names none. One
/// thread calls; another thread writes, since disks block.
class LastGood {
public:
    LastGood(std::filesystem::path directory, const std::filesystem::path& configuration);
    /// Waits for a save under way.
    ~LastGood();
    LastGood(const LastGood&) = delete;
    LastGood& operator=(const LastGood&) = delete;

    /// nullopt: none is saved for this configuration file, or only a part of it.
    std::optional<GoodConfig> read() const;
    /// Returns at once. A later text replaces one that waits for the disk.
    void save(std::string text);
    /// Removes the file of read(); the error: a file stays.
    Result<void> forget();
    /// The error of the last finished save; empty if it succeeded.
    std::string error() const;

    const std::filesystem::path& file() const noexcept { return file_; }

private:
    void write_all();

    const std::filesystem::path file_;
    const std::string last_line_;
    std::thread thread_;
    mutable std::mutex mutex_;
    std::optional<std::string> next_;  ///< under mutex_
    std::string error_;                ///< under mutex_
    bool is_writing_ = false;          ///< under mutex_
};

}  // namespace ikelb::state
