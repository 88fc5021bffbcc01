// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <string>

#include <sys/types.h>

#include <boost/asio/any_io_executor.hpp>
#include <boost/system/result.hpp>

#include "controlplane/api/handler.h"
#include "controlplane/api/unix_listener.h"

namespace ikelb::api {

struct AdminServerOptions {
    std::string socket_path = "/run/ikelb/admin.sock";
    mode_t mode = 0660;  ///< root and the group of the socket file may send commands
    std::size_t body_limit = 64 * 1024;   ///< bytes of a request's body
    std::size_t header_limit = 8 * 1024;  ///< bytes of a request's header
    std::size_t max_connections = 32;     ///< the next connection gets 503
    /// For a request to arrive whole, for the peer to take an answer, and for a kept-alive
    /// connection to send the next request.
    std::chrono::milliseconds request_timeout{std::chrono::seconds{10}};
};

/// HTTP/1.1 with JSON over a UNIX socket. The permissions of the socket file are the only
/// authentication. Control thread only.
class AdminServer {
public:
    /// Listens; `handler` answers once `executor`'s context runs.
    static boost::system::result<std::unique_ptr<AdminServer>, ServerError> start(
        boost::asio::any_io_executor executor, AdminServerOptions options, Handler handler);

    /// Stops listening, removes the socket file, drops the connections.
    ~AdminServer();

    AdminServer(const AdminServer&) = delete;
    AdminServer& operator=(const AdminServer&) = delete;

    std::size_t connections() const noexcept;

private:
    class Listener;
    explicit AdminServer(std::shared_ptr<Listener> listener);
    std::shared_ptr<Listener> listener_;
};

}  // namespace ikelb::api
