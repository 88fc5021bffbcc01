// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "controlplane/state/snapshot.h"

namespace ikelb::state {

struct SaveLog {
    std::optional<std::chrono::system_clock::time_point> last_success;
    std::uint64_t failures = 0;
    std::string error;  ///< why the last save failed; empty if it did not
};

/// Saves on its own thread, so that neither large session tables nor a slow disk stall the control
/// thread; the tables allow readers beside writers. Control thread only.
class Saver {
public:
    explicit Saver(std::filesystem::path file) : file_{std::move(file)} {}
    /// Waits for a save under way.
    ~Saver() { wait(); }
    Saver(const Saver&) = delete;
    Saver& operator=(const Saver&) = delete;

    /// Starts a save. False: one is still under way. The session tables must outlive the save, see
    /// wait().
    bool start(const sessions::SessionTables& sessions, View view);
    void wait();

    /// Saves on the caller's thread, after a save under way.
    void save_now(const sessions::SessionTables& sessions, const View& view);
    /// The same without records.
    void save_now(const Facts& facts);

    SaveLog log() const;
    const std::filesystem::path& file() const noexcept { return file_; }

private:
    void note(const Result<void>& result);

    const std::filesystem::path file_;
    std::thread thread_;
    mutable std::mutex mutex_;
    SaveLog log_;             ///< under mutex_
    bool is_saving_ = false;  ///< under mutex_
};

}  // namespace ikelb::state
