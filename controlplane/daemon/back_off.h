// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

#include <chrono>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

namespace ikelb::daemon {

/// Starts in a row that came to nothing, each soon after the one before it.
struct StartRecord {
    unsigned starts = 0;
    std::chrono::seconds last{0};  ///< when the last one began, since the system's boot

    std::string to_string() const;
    /// Nothing for a text that to_string() did not write.
    static StartRecord parse(std::string_view text);
    friend bool operator==(const StartRecord&, const StartRecord&) = default;
};

/// The record with a start at this moment. One that lasted for a while was none of a row.
StartRecord with_start(const StartRecord& record, std::chrono::seconds now);

/// What a start waits for first: none after the first end, then ever longer, up to 30 s.
std::chrono::seconds pause_before(const StartRecord& next) noexcept;

/// Keeps ikelbd from filling the journal and the CPU while it cannot run, since the service
/// manager starts it again and again at one pace and never gives up.
class BackOff {
public:
    enum class Wait { over, ended };

    /// The record is in a file that outlives this process and not the machine.
    explicit BackOff(std::filesystem::path file) : file_{std::move(file)} {}

    /// Counts this start and waits as long as it has to; not after a change of the configuration
    /// file since the last start, nor for one that comes meanwhile. Wait::ended: by SIGTERM or
    /// SIGINT. Before there is any other thread.
    Wait wait(const std::filesystem::path& configuration);
    /// Somebody wanted it to end: the next start is one of a new row.
    void forget() const;

private:
    bool is_changed(const std::filesystem::path& configuration) const;
    Wait sleep(std::chrono::seconds pause, const std::filesystem::path& configuration) const;

    std::filesystem::path file_;
};

}  // namespace ikelb::daemon
