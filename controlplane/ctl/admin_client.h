// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

#include <chrono>
#include <string>

#include <boost/system/result.hpp>

#include "controlplane/api/commands.h"

namespace ikelb::ctl {

/// Why there is no answer from the daemon, with what to do about it.
struct ClientError {
    std::string message;
};

struct AdminAnswer {
    unsigned status = 0;  ///< HTTP
    std::string body;
};

/// One request to the daemon behind the UNIX socket `socket`, and its answer. Blocks, each step at
/// most `timeout`. `target`: path and query; `body`: JSON or empty.
boost::system::result<AdminAnswer, ClientError> ask_daemon(const std::string& socket,
                                                           api::Method method,
                                                           const std::string& target,
                                                           const std::string& body,
                                                           std::chrono::milliseconds timeout);

}  // namespace ikelb::ctl
