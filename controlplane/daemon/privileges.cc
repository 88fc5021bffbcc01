// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include "controlplane/daemon/privileges.h"

#include <linux/capability.h>

#include <array>
#include <cstdint>
#include <fstream>
#include <sstream>
#include <utility>

namespace ikelb::daemon {
namespace {

std::uint64_t effective_capabilities() {
    std::ifstream status{"/proc/self/status"};
    std::string line;
    while (std::getline(status, line)) {
        if (!line.starts_with("CapEff:")) continue;
        std::istringstream digits{line.substr(7)};
        std::uint64_t bits = 0;
        digits >> std::hex >> bits;
        return bits;
    }
    return ~std::uint64_t{0};  // no /proc: whatever is missing will say so itself
}

}  // namespace

std::optional<std::string> missing_privileges() {
    static constexpr std::array needed{
        std::pair{CAP_NET_ADMIN, "CAP_NET_ADMIN (twins, addresses, routes)"},
        std::pair{CAP_NET_RAW, "CAP_NET_RAW (ports, health checks)"}};
    const std::uint64_t have = effective_capabilities();
    std::string missing;
    for (const auto& [bit, name] : needed)
        if ((have >> bit & 1) == 0) missing.append(missing.empty() ? "" : " and ").append(name);
    if (missing.empty()) return std::nullopt;
    return "ikelbd lacks " + missing + "; run it as root, or with `systemctl start ikelbd`";
}

}  // namespace ikelb::daemon
