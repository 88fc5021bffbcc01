// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include "controlplane/state/last_good.h"

#include <sys/stat.h>

#include <system_error>
#include <utility>

#include "controlplane/state/disk.h"

namespace ikelb::state {

LastGood::LastGood(std::filesystem::path directory, const std::filesystem::path& configuration)
    : file_{std::move(directory) / "last-good.yaml"},
      // Last: a text that was cut off lacks this line, and the text's line numbers stay.
      last_line_{"# ikelbd has run with this: " +
                 std::filesystem::absolute(configuration).lexically_normal().string() + "\n"} {}

LastGood::~LastGood() {
    if (thread_.joinable()) thread_.join();
}

std::optional<GoodConfig> LastGood::read() const {
    const auto bytes = read_state_file(file_);
    struct ::stat facts {};
    if (!bytes || !bytes->has_value() || ::stat(file_.c_str(), &facts) != 0) return std::nullopt;
    std::string text{(*bytes)->begin(), (*bytes)->end()};
    if (!text.ends_with("\n" + last_line_)) return std::nullopt;
    text.resize(text.size() - last_line_.size());
    return GoodConfig{.text = std::move(text),
                      .saved_at = std::chrono::system_clock::from_time_t(facts.st_mtime)};
}

void LastGood::save(std::string text) {
    {
        const std::lock_guard lock{mutex_};
        next_ = std::move(text);
        if (is_writing_) return;
        is_writing_ = true;
    }
    if (thread_.joinable()) thread_.join();
    thread_ = std::thread{[this] { write_all(); }};
}

void LastGood::write_all() {
    std::unique_lock lock{mutex_};
    while (next_) {
        std::string text = std::move(*next_);
        next_.reset();
        lock.unlock();
        if (!text.ends_with('\n')) text += '\n';
        text += last_line_;
        const auto* const bytes = reinterpret_cast<const std::uint8_t*>(text.data());
        const auto written = replace_file(
            file_, [&](int fd) { return write_at(fd, {bytes, text.size()}, 0); });
        lock.lock();
        error_ = written ? std::string{} : written.error().message;
    }
    is_writing_ = false;
}

Result<void> LastGood::forget() {
    std::error_code error;
    if (read()) std::filesystem::remove(file_, error);
    if (error) return Error{.message = "cannot remove " + file_.string() + ": " + error.message()};
    return {};
}

std::string LastGood::error() const {
    const std::lock_guard lock{mutex_};
    return error_;
}

}  // namespace ikelb::state
