// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

#include <chrono>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

namespace ikelb::daemon {

/// Failed starts in a row, each soon after the one before.
struct StartRecord {
    unsigned starts = 0;
    std::chrono::seconds last{0};  ///< begin of the last start, since the system's boot

    std::string to_string() const;
    /// Nothing for a text that to_string() did not write.
    static StartRecord parse(std::string_view text);
    friend bool operator==(const StartRecord&, const StartRecord&) = default;
};

/// The record with a start at this moment. A start that lasted for a while begins a new row.
StartRecord with_start(const StartRecord& record, std::chrono::seconds now);

/// The wait before a start: none after the first end, then ever longer, up to 30 s.
std::chrono::seconds pause_before(const StartRecord& next) noexcept;

/// Keeps ikelbd from filling the journal and the CPU while it cannot run: the service manager
/// restarts ikelbd at one pace and never gives up.
class BackOff {
public:
    enum class Wait { over, ended };

    /// `file` outlives this process, but not the machine's uptime.
    explicit BackOff(std::filesystem::path file) : file_{std::move(file)} {}

    /// Counts this start and waits for its pause. A change of the configuration file since the last
    /// start, or during the wait, ends the pause. Wait::ended: by SIGTERM or SIGINT. Call it before
    /// any other thread exists.
    Wait wait(const std::filesystem::path& configuration);
    /// The operator ended ikelbd: the next start begins a new row.
    void forget() const;

private:
    bool is_changed(const std::filesystem::path& configuration) const;
    Wait sleep(std::chrono::seconds pause, const std::filesystem::path& configuration) const;

    std::filesystem::path file_;
};

}  // namespace ikelb::daemon
