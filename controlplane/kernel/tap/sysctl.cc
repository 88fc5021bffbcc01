// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include "controlplane/kernel/tap/sysctl.h"

#include <fcntl.h>

#include <algorithm>
#include <array>
#include <utility>

#include "controlplane/posix/file_descriptor.h"

namespace ikelb::tap {
namespace {

std::string full_path(const std::string& path) { return "/proc/sys/" + path; }

posix::Error sysctl_error(const std::string& path, const std::string& verb, int code) {
    return posix::make_error(code, "kernel setting /proc/sys/" + path + " can't be " + verb);
}

}  // namespace

posix::Result<std::string> read_sysctl(const std::string& path) {
    const posix::FileDescriptor file{::open(full_path(path).c_str(), O_RDONLY | O_CLOEXEC)};
    if (!file.is_open()) return sysctl_error(path, "read", errno);
    std::array<char, 256> text{};
    const ssize_t length = ::read(file.get(), text.data(), text.size());
    if (length < 0) return sysctl_error(path, "read", errno);
    std::string value(text.data(), static_cast<std::size_t>(length));
    while (!value.empty() && value.back() == '\n') value.pop_back();
    return value;
}

posix::Result<void> write_sysctl(const std::string& path, const std::string& value) {
    const posix::FileDescriptor file{::open(full_path(path).c_str(), O_WRONLY | O_CLOEXEC)};
    if (!file.is_open()) return sysctl_error(path, "set to " + value, errno);
    const ssize_t written = ::write(file.get(), value.data(), value.size());
    if (written != static_cast<ssize_t>(value.size()))
        return sysctl_error(path, "set to " + value, written < 0 ? errno : EIO);
    return {};
}

SysctlScope& SysctlScope::operator=(SysctlScope&& other) noexcept {
    if (this != &other) {
        restore();
        saved_ = std::exchange(other.saved_, {});
        warnings_ = std::exchange(other.warnings_, {});
    }
    return *this;
}

void SysctlScope::set(const std::string& path, const std::string& value) {
    auto before = read_sysctl(path);
    if (before.has_error()) {
        warnings_.push_back(std::move(before).error().message);
        return;
    }
    if (*before == value) return;
    if (auto written = write_sysctl(path, value); written.has_error()) {
        warnings_.push_back(std::move(written).error().message);
        return;
    }
    saved_.push_back({.path = path, .before = *std::move(before), .ours = value});
}

void SysctlScope::restore() noexcept try {
    for (; !saved_.empty(); saved_.pop_back()) {
        const Saved& saved = saved_.back();
        const auto now = read_sysctl(saved.path);
        if (now.has_value() && *now == saved.ours) (void)write_sysctl(saved.path, saved.before);
    }
} catch (...) {
    saved_.clear();  // out of memory: there is nobody left to tell, and a destructor can't throw
}

}  // namespace ikelb::tap
