// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

#include <string>
#include <vector>

#include "controlplane/posix/result.h"

namespace ikelb::tap {

/// Kernel settings below /proc/sys, by path: "net/ipv4/conf/ext/rp_filter" (a device name may hold
/// a dot). Settings below net/ belong to the calling thread's network namespace.
posix::Result<std::string> read_sysctl(const std::string& path);
posix::Result<void> write_sysctl(const std::string& path, const std::string& value);

/// Restores its settings when the scope ends, the last one first; leaves a setting that somebody
/// else changed meanwhile, or whose device has gone. After a kill -9 nothing is restored.
/// Move-only; one thread.
class SysctlScope {
public:
    SysctlScope() = default;
    SysctlScope(SysctlScope&&) = default;
    SysctlScope& operator=(SysctlScope&& other) noexcept;
    ~SysctlScope() { restore(); }

    /// Writes `value` and remembers the old one. A failure becomes a line of warnings().
    void set(const std::string& path, const std::string& value);
    void restore() noexcept;

    const std::vector<std::string>& warnings() const noexcept { return warnings_; }

private:
    struct Saved {
        std::string path, before, ours;
    };
    std::vector<Saved> saved_;
    std::vector<std::string> warnings_;
};

/// The settings of the whole network namespace without which a TAP's own have no effect. Made
/// before the first TAP, kept until after the last; the destructor restores them.
///
/// Theory of operation. Two settings of a device depend on `all` too:
///  - send_redirects is all OR device. ikelb often sends a packet out of its input port, one-armed,
///    and the kernel would tell the servers to bypass ikelb; `all` must be 0. Another device with
///    its own send_redirects=1 (the kernel's default) goes on as before.
///  - rp_filter is the larger of all and device. With affinity by tunnel an answer may leave by
///    another port than its request's, and strict filtering would drop punted packets; `all` must
///    be 0. To keep the spoofing protection of other devices, the value of `all` is first written
///    to each of them, and to `default` for later devices.
/// accept_redirects needs nothing here: on a device that forwards, it is all AND device.
///
/// IPv6 transit through the kernel (unresolved next hops, exceptions) needs a namespace that is a
/// router (net.ipv6.conf.all.forwarding=1), which would make every other device ignore router
/// advertisements, so ikelb does not set it; or the per-device setting force_forwarding (Linux
/// 6.17), which the TAP sets. With neither there is a warning.
class HostSettings {
public:
    static HostSettings apply();

    /// Failed settings, one sentence each.
    std::vector<std::string> warnings() const;

private:
    HostSettings() = default;

    SysctlScope scope_;
    std::vector<std::string> warnings_;
};

}  // namespace ikelb::tap
