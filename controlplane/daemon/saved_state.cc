// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include "controlplane/daemon/saved_state.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <system_error>
#include <utility>

#include "controlplane/state/disk.h"

namespace ikelb::daemon {
namespace {

using Clock = std::chrono::steady_clock;

state::Result<std::optional<state::State>> read_state(const std::filesystem::path& file) {
    const auto bytes = state::read_state_file(file);
    if (!bytes) return bytes.error();
    if (!bytes->has_value()) return std::optional<state::State>{};
    auto state = state::decode(**bytes);
    if (!state) return state.error();
    return std::optional{std::move(*state)};
}

/// Keeps the next save from replacing a file that the operator may want to read.
std::string put_aside(const std::filesystem::path& file) {
    std::filesystem::path aside = file;
    aside += ".refused";
    std::error_code error;
    std::filesystem::rename(file, aside, error);
    return error ? std::string{} : "; it is now " + aside.string();
}

void report_restored(const state::Restored& restored, const std::filesystem::path& file) {
    std::string left_out;
    const auto add = [&left_out](std::size_t count, std::string_view why) {
        if (count > 0) left_out += fmt::format(", {} {}", count, why);
    };
    add(restored.expired, "expired");
    add(restored.homeless, "of backends or VIPs that are gone");
    add(restored.no_room, "beyond limits");
    spdlog::info(
        "restored {} pairs, {} ESP SPIs, {} flows, {} bindings, {} conversations of "
        "transit from {} (saved {} s ago{}){}",
        restored.ike_sas, restored.esp, restored.flows, restored.persistences, restored.transit,
        file.string(), restored.age.count(),
        restored.is_ike_sas_only ? ": longer than timeouts.flow, so no flows" : "",
        left_out.empty() ? "" : "; left out:" + left_out.substr(1));
    for (const auto& [backend, mode] : restored.modes)
        spdlog::info("backend {} is still set to {}", backend, table::to_string(mode));
}

}  // namespace

SavedState::SavedState(std::filesystem::path file) : saver_{std::move(file)} {
    auto state = read_state(saver_.file());
    if (!state) {
        spdlog::warn("nothing is restored from {}: {}{}", saver_.file().string(),
                     state.error().message, put_aside(saver_.file()));
        return;
    }
    read_ = std::move(*state);
    if (!read_) spdlog::info("nothing to restore: there is no {}", saver_.file().string());
}

std::optional<net::HashKey> SavedState::hash_key() const {
    return read_ ? std::optional{read_->facts.hash_key} : std::nullopt;
}

void SavedState::restore(const state::RestoreInput& input, net::HashKey hash_key) {
    if (read_) {
        restored_ = state::restore_state(*read_, input);
        report_restored(*restored_, saver_.file());
        read_.reset();
    } else {
        saver_.save_now(state::Facts{.saved_at = input.wall_clock, .hash_key = hash_key});
        report();
    }
}

void SavedState::tick(std::chrono::milliseconds interval, const sessions::SessionTables& directory,
                      const View& view) {
    report();
    const auto now = Clock::now();
    if (next_ && now < *next_) return;
    if (saver_.start(directory, view())) next_ = now + interval;
}

void SavedState::finish(const sessions::SessionTables& directory, const state::View& view) {
    saver_.save_now(directory, view);
    report();
}

void SavedState::report() {
    const state::SaveLog log = saver_.log();
    const bool is_failing = !log.error.empty();
    if (is_failing && !is_failing_)
        spdlog::error("the state is not saved: {}; tunnels made from now on may break with the "
                      "next restart",
                      log.error);
    if (!is_failing && is_failing_)
        spdlog::info("the state is saved again to {}", saver_.file().string());
    is_failing_ = is_failing;
}

}  // namespace ikelb::daemon
