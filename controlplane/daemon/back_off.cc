// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include "controlplane/daemon/back_off.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>
#include <sys/stat.h>
#include <systemd/sd-daemon.h>
#include <time.h>

#include <algorithm>
#include <charconv>
#include <csignal>
#include <fstream>
#include <iterator>

namespace ikelb::daemon {
namespace {

using std::chrono::seconds;

constexpr seconds longest_pause{30};
// Longer than the longest pause plus a start: an ikelbd that ran for this time did work.
constexpr seconds good_while{120};
constexpr timespec look_every{.tv_sec = 0, .tv_nsec = 200'000'000};

seconds since_boot() {
    timespec now{};
    ::clock_gettime(CLOCK_BOOTTIME, &now);
    return seconds{now.tv_sec};
}

/// Last change of the file's content, name or rights, since the epoch.
std::optional<std::chrono::nanoseconds> changed_at(const std::filesystem::path& file) {
    struct ::stat facts {};
    if (::stat(file.c_str(), &facts) != 0) return std::nullopt;
    return seconds{facts.st_ctim.tv_sec} + std::chrono::nanoseconds{facts.st_ctim.tv_nsec};
}

}  // namespace

std::string StartRecord::to_string() const {
    return fmt::format("{} {}\n", starts, last.count());
}

StartRecord StartRecord::parse(std::string_view text) {
    StartRecord record;
    seconds::rep last = 0;
    const char* const end = text.data() + text.size();
    const auto first = std::from_chars(text.data(), end, record.starts);
    if (first.ec != std::errc{} || first.ptr == end || *first.ptr != ' ') return {};
    const auto second = std::from_chars(first.ptr + 1, end, last);
    if (second.ec != std::errc{} || second.ptr == end || *second.ptr != '\n') return {};
    record.last = seconds{last};
    return record;
}

StartRecord with_start(const StartRecord& record, seconds now) {
    const bool is_soon = record.starts > 0 && now >= record.last && now - record.last < good_while;
    return {.starts = is_soon ? record.starts + 1 : 1, .last = now};
}

seconds pause_before(const StartRecord& next) noexcept {
    if (next.starts <= 2) return seconds{0};
    constexpr unsigned enough_doublings = 5;
    return std::min(longest_pause, seconds{1u << std::min(next.starts - 3, enough_doublings)});
}

BackOff::Wait BackOff::wait(const std::filesystem::path& configuration) {
    std::ifstream in{file_};
    const std::string text{std::istreambuf_iterator<char>{in}, {}};
    StartRecord next = with_start(StartRecord::parse(text), since_boot());
    if (const seconds pause = pause_before(next);
        pause.count() > 0 && !is_changed(configuration)) {
        const std::string why = fmt::format(
            "{} starts came to nothing one after the other; the next one waits for {} s, or for "
            "a change of {}",
            next.starts - 1, pause.count(), configuration.string());
        spdlog::warn("{}", why);
        sd_notify(0, ("STATUS=" + why).c_str());
        if (sleep(pause, configuration) == Wait::ended) return Wait::ended;
        sd_notify(0, "STATUS=");
    }
    next.last = since_boot();
    std::ofstream out{file_, std::ios::trunc};
    out << next.to_string();
    if (!out.flush())
        spdlog::warn("cannot write {}: starts that fail follow each other without a pause",
                     file_.string());
    return Wait::over;
}

void BackOff::forget() const {
    std::error_code ignored;  // the file is absent, or will be overwritten
    std::filesystem::remove(file_, ignored);
}

bool BackOff::is_changed(const std::filesystem::path& configuration) const {
    const auto last_start = changed_at(file_), change = changed_at(configuration);
    return last_start && change && *change > *last_start;
}

BackOff::Wait BackOff::sleep(seconds pause, const std::filesystem::path& configuration) const {
    sigset_t ends, before;
    sigemptyset(&ends);
    sigaddset(&ends, SIGTERM);
    sigaddset(&ends, SIGINT);
    pthread_sigmask(SIG_BLOCK, &ends, &before);
    const auto until = std::chrono::steady_clock::now() + pause;
    int signal = -1;
    while (std::chrono::steady_clock::now() < until && !is_changed(configuration) &&
           (signal = sigtimedwait(&ends, nullptr, &look_every)) < 0) {
    }
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
    return signal < 0 ? Wait::over : Wait::ended;
}

}  // namespace ikelb::daemon
