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

}  // namespace ikelb::tap
