// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

#include <chrono>
#include <string>

#include <boost/system/result.hpp>

#include "controlplane/api/commands.h"

namespace ikelb::ctl {

/// The reason why the daemon does not answer, with the remedy.
struct ClientError {
    std::string message;
};

struct AdminAnswer {
    unsigned status = 0;  ///< HTTP
    std::string body;
};

/// Sends one request to the daemon behind the UNIX socket `socket`. Blocks, each step at most
/// `timeout`. `target`: path and query; `body`: JSON or empty.
boost::system::result<AdminAnswer, ClientError> ask_daemon(const std::string& socket,
                                                           api::Method method,
                                                           const std::string& target,
                                                           const std::string& body,
                                                           std::chrono::milliseconds timeout);

}  // namespace ikelb::ctl
