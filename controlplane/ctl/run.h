// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

#include <cstddef>
#include <iosfwd>

namespace ikelb::ctl {

enum class ExitStatus : int {
    done = 0,
    refused = 1,  ///< the daemon refused, or a check found errors
    usage = 2,
    unreachable = 3,  ///< no daemon answers
};

/// `width`: of the terminal behind `out`, 0 without limit.
ExitStatus run_ikelbctl(int argc, const char* const* argv, std::ostream& out, std::ostream& err,
                        std::size_t width) noexcept;

}  // namespace ikelb::ctl
