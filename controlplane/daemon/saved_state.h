// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <optional>

#include "controlplane/state/restore.h"
#include "controlplane/state/saver.h"

namespace ikelb::daemon {

/// Takes up the state file of the daemon before and saves it for the next one. Logs the results.
/// Control thread only.
class SavedState {
public:
    using View = std::function<state::View()>;

    /// Reads the file. Renames a file that cannot be used to FILE.refused.
    explicit SavedState(std::filesystem::path file);

    /// The saved hash key, which spreads clients without a record.
    std::optional<net::HashKey> hash_key() const;

    /// Takes up the records, and puts the hash key on the disk: from here on, a crash spreads no
    /// client anew.
    void restore(const state::RestoreInput& input, net::HashKey hash_key);

    /// Starts a save `interval` after the last one. Called about every second.
    void tick(std::chrono::milliseconds interval, const sessions::SessionTables& sessions,
              const View& view);
    /// The next tick() saves.
    void save_soon() noexcept { next_.reset(); }
    /// The last save, with the workers stopped.
    void finish(const sessions::SessionTables& sessions, const state::View& view);

    /// nullopt: there was no state to restore.
    const std::optional<state::Restored>& restored() const noexcept { return restored_; }
    state::SaveLog log() const { return saver_.log(); }

private:
    void report();

    state::Saver saver_;
    std::optional<state::State> read_;
    std::optional<state::Restored> restored_;
    std::optional<std::chrono::steady_clock::time_point> next_;  ///< nullopt: at once
    bool is_failing_ = false;
};

}  // namespace ikelb::daemon
