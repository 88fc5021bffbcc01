// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include "controlplane/kernel/tap/sysctl.h"

#include <fcntl.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <filesystem>
#include <system_error>
#include <utility>

#include "controlplane/posix/file_descriptor.h"

namespace ikelb::tap {
namespace {

std::string full_path(const std::string& path) { return "/proc/sys/" + path; }

posix::Error sysctl_error(const std::string& path, const std::string& verb, int code) {
    return posix::make_error(code, "kernel setting /proc/sys/" + path + " can't be " + verb);
}

const std::string conf4 = "net/ipv4/conf/";

int as_number(const std::string& text) {
    int value = 0;
    std::from_chars(text.data(), text.data() + text.size(), value);
    return value;
}

/// The folders of conf4 except `all`, `default` last: a write of `default` also changes every
/// device that never got a value of its own.
std::vector<std::string> devices_then_default() {
    std::vector<std::string> names;
    std::error_code error;
    for (std::filesystem::directory_iterator it{"/proc/sys/" + conf4, error}, end;
         !error && it != end; it.increment(error)) {
        const std::string name = it->path().filename().string();
        if (name != "all" && name != "default") names.push_back(name);
    }
    names.push_back("default");
    return names;
}

/// Gives each device the value that `all` imposed, then sets `all` to 0.
void spread_and_clear_rp_filter(SysctlScope& scope) {
    const auto all = read_sysctl(conf4 + "all/rp_filter");
    const int inherited = all.has_value() ? as_number(*all) : 0;
    if (inherited > 0) {
        for (const std::string& name : devices_then_default()) {
            const std::string path = conf4 + name + "/rp_filter";
            const auto own = read_sysctl(path);
            if (own.has_value() && as_number(*own) < inherited) scope.set(path, *all);
        }
    }
    scope.set(conf4 + "all/rp_filter", "0");
}

/// True also without IPv6 in the kernel.
bool ipv6_transit_is_possible() {
    const auto all = read_sysctl("net/ipv6/conf/all/forwarding");
    if (all.has_error()) return true;
    return *all == "1" || read_sysctl("net/ipv6/conf/default/force_forwarding").has_value();
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
    saved_.clear();  // out of memory: nobody is left to tell, and a destructor can't throw
}

HostSettings HostSettings::apply() {
    HostSettings settings;
    settings.scope_.set(conf4 + "all/send_redirects", "0");
    spread_and_clear_rp_filter(settings.scope_);
    if (!ipv6_transit_is_possible())
        settings.warnings_.push_back(
            "the kernel forwards no IPv6, so the first IPv6 packets to an unresolved next hop are "
            "lost: type sysctl -w net.ipv6.conf.all.forwarding=1 (other devices then ignore router "
            "advertisements unless their accept_ra is 2)");
    return settings;
}

std::vector<std::string> HostSettings::warnings() const {
    std::vector<std::string> all = scope_.warnings();
    all.insert(all.end(), warnings_.begin(), warnings_.end());
    return all;
}

}  // namespace ikelb::tap
