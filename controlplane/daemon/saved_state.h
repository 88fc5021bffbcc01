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

/// What the daemon takes up from the one before it and leaves to the next. Says what happens in
/// the log.
/// Threads: the control thread's.
class SavedState {
public:
    /// Makes what a save needs to know of this moment.
    using View = std::function<state::View()>;

    /// Reads the file. One that cannot be used is put aside, as FILE.refused.
    explicit SavedState(std::filesystem::path file);

    /// The hash that clients without a record were spread by before.
    std::optional<net::HashKey> hash_key() const;

    /// Takes up what was read, and makes sure that the hash key is on the disk: from here on, a
    /// crash spreads nobody anew.
    void restore(const state::RestoreInput& input, net::HashKey hash_key);

    /// Starts a save when the last one is an interval ago. Called every second or so.
    void tick(std::chrono::milliseconds interval, const sessions::Directory& directory,
              const View& view);
    /// The next tick() saves.
    void save_soon() noexcept { next_.reset(); }
    /// The last save, with the workers stopped.
    void finish(const sessions::Directory& directory, const state::View& view);

    /// What restore() took up; nullopt if there was nothing to read.
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
