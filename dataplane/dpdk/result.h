// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

#include <boost/system/result.hpp>
#include <string>

namespace ikelb::dpdk {

/// The reason of a failure in DPDK, in one line that names the setting to change.
struct Failure {
    std::string message;
};

[[noreturn]] inline void throw_exception_from_error(const Failure& failure,
                                                    const boost::source_location&) {
    throw std::runtime_error{failure.message};
}

template <typename T>
using Result = boost::system::result<T, Failure>;

}  // namespace ikelb::dpdk
