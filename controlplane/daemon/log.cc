// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include "controlplane/daemon/log.h"

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

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

}  // namespace ikelb::daemon
