// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include "controlplane/kernel/tap/host_settings.h"

#include <charconv>
#include <filesystem>
#include <system_error>

namespace ikelb::tap {
namespace {

const std::string conf4 = "net/ipv4/conf/";

int as_number(const std::string& text) {
    int value = 0;
    std::from_chars(text.data(), text.data() + text.size(), value);
    return value;
}

/// The folders of conf4 except `all`, `default` last: writing `default` also changes every device
/// that never got a value of its own, so the devices get theirs first.
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

/// Gives each device what it had through `all`, then takes `all` to 0.
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

/// Nothing to say without IPv6 in the kernel.
bool ipv6_transit_is_possible() {
    const auto all = read_sysctl("net/ipv6/conf/all/forwarding");
    if (all.has_error()) return true;
    return *all == "1" || read_sysctl("net/ipv6/conf/default/force_forwarding").has_value();
}

}  // namespace

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
