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

/// The last text of a configuration file that ikelbd has run with, kept where a broken one does
/// not reach it: in the state's directory, whatever the text says of the state file, because a text
/// that cannot be read says nothing.
/// Threads: one; saves are written by another, since disks block.
class LastGood {
public:
    LastGood(std::filesystem::path directory, const std::filesystem::path& configuration);
    /// Waits for a save under way.
    ~LastGood();
    LastGood(const LastGood&) = delete;
    LastGood& operator=(const LastGood&) = delete;

    /// nullopt: there is none of this configuration file. One that is not whole is none.
    std::optional<GoodConfig> read() const;
    /// Returns at once. A later text replaces one that is still to be written.
    void save(std::string text);
    /// Removes what read() would find; an error is what stays there for another reason.
    Result<void> forget();
    /// Why the last save that has ended failed; empty if it did not.
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
