// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include "controlplane/daemon/process.h"

#include <linux/capability.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <utility>

namespace ikelb::daemon {

void start_log() {
    spdlog::set_default_logger(spdlog::stderr_logger_st("ikelbd"));
    spdlog::set_pattern("%Y-%m-%d %H:%M:%S.%e %l: %v");
    spdlog::flush_on(spdlog::level::debug);
    set_log_level(config::LogLevel::info);
}

void set_log_level(config::LogLevel level) {
    switch (level) {
        case config::LogLevel::debug: spdlog::set_level(spdlog::level::debug); return;
        case config::LogLevel::info: spdlog::set_level(spdlog::level::info); return;
        case config::LogLevel::warning: spdlog::set_level(spdlog::level::warn); return;
        case config::LogLevel::error: spdlog::set_level(spdlog::level::err); return;
    }
}

std::optional<std::string> missing_privileges() {
    static constexpr std::array needed{
        std::pair{CAP_NET_ADMIN, "CAP_NET_ADMIN (TAPs, addresses, routes)"},
        std::pair{CAP_NET_RAW, "CAP_NET_RAW (ports, health checks)"}};
    __user_cap_header_struct header{.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
    std::array<__user_cap_data_struct, _LINUX_CAPABILITY_U32S_3> have{};
    // Without the kernel's answer, a later failure names the missing capability.
    if (::syscall(SYS_capget, &header, have.data()) != 0) return std::nullopt;
    std::string missing;
    for (const auto& [bit, name] : needed)
        if ((have[0].effective >> bit & 1) == 0)
            missing.append(missing.empty() ? "" : " and ").append(name);
    if (missing.empty()) return std::nullopt;
    return "ikelbd lacks " + missing + "; run it as root, or with `systemctl start ikelbd`";
}

}  // namespace ikelb::daemon
