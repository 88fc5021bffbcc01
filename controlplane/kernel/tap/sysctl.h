// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

#include <string>
#include <vector>

#include "controlplane/posix/result.h"

namespace ikelb::tap {

/// Kernel settings below /proc/sys, named by path: "net/ipv4/conf/ext/rp_filter" (paths, because a
/// device name may hold a dot). Those below net/ belong to the calling thread's network namespace.
posix::Result<std::string> read_sysctl(const std::string& path);
posix::Result<void> write_sysctl(const std::string& path, const std::string& value);

/// Settings that outlive us: each is put back when the scope ends, the last one first. A setting
/// that somebody else changed meanwhile is left as it is; so is one whose device has gone.
/// After a kill -9 nothing is put back. Move-only; one thread.
class SysctlScope {
public:
    SysctlScope() = default;
    SysctlScope(SysctlScope&&) = default;
    SysctlScope& operator=(SysctlScope&& other) noexcept;
    ~SysctlScope() { restore(); }

    /// Writes `value` and remembers what was there. A failure becomes a line of warnings().
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

/// The settings of the whole network namespace without which a twin's own have no effect. Made
/// once, before the first twin, and kept until after the last; put back exactly on destruction.
///
/// Theory of operation. For two settings the kernel does not look at the device alone:
///  - send_redirects is all OR device. ikelb often sends a packet out of the port it came in by
///    (one-armed), and the kernel would tell the servers to bypass it; `all` must be 0. Another
///    device that has send_redirects=1 of its own (the kernel's default) goes on as before.
///  - rp_filter is the larger of all and device. With affinity by tunnel the answer may leave by
///    another port than the request came in by, and strict filtering would drop what is punted;
///    `all` must be 0. So that no other device loses its spoofing protection, what `all` gave it
///    is first written to it, and to `default` for devices that come later.
/// accept_redirects needs nothing here: on a device that forwards, it is all AND device.
///
/// IPv6 transit through the kernel (unresolved next hops, exceptions) needs either the whole
/// namespace to be a router (net.ipv6.conf.all.forwarding=1), which would make every other device
/// ignore router advertisements, so ikelb does not decide that, or the per-device setting
/// force_forwarding (Linux 6.17), which the twin sets. With neither there is a warning.
class HostSettings {
public:
    static HostSettings apply();

    /// What could not be set, one sentence each; empty when all is well.
    std::vector<std::string> warnings() const;

private:
    HostSettings() = default;

    SysctlScope scope_;
    std::vector<std::string> warnings_;
};

}  // namespace ikelb::tap
