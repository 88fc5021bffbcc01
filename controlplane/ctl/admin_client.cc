// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include "controlplane/ctl/admin_client.h"

#include <exception>
#include <utility>

#include <fmt/format.h>
#include <boost/asio/io_context.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/beast/core/basic_stream.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>

namespace ikelb::ctl {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using boost::system::error_code;

/// More than 100,000 flows take.
constexpr std::uint64_t answer_limit = 64ULL * 1024 * 1024;

class Exchange {
public:
    Exchange(const std::string& socket, std::chrono::milliseconds timeout)
        : socket_{socket}, timeout_{timeout} {}

    boost::system::result<AdminAnswer, ClientError> run(http::request<http::string_body> request) {
        // Asynchronous inside: Beast's time-outs need it.
        asio::local::stream_protocol::endpoint where{socket_};
        wait([&](auto done) { stream_.async_connect(where, done); });
        if (error_) return explain();
        wait([&](auto done) {
            http::async_write(stream_, request,
                              [done](const error_code& error, std::size_t) { done(error); });
        });
        // A daemon that refuses early closes its reading end first; its answer may have arrived.
        if (error_ && error_ != asio::error::broken_pipe) return explain();
        parser_.body_limit(answer_limit);
        wait([&](auto done) {
            http::async_read(stream_, buffer_, parser_,
                             [done](const error_code& error, std::size_t) { done(error); });
        });
        if (error_) return explain();
        return AdminAnswer{parser_.get().result_int(), std::move(parser_.get().body())};
    }

private:
    template <class Start>
    void wait(Start start) {
        stream_.expires_after(timeout_);
        start([this](const error_code& error) { error_ = error; });
        io_.restart();
        io_.run();
    }

    ClientError explain() const {
        std::string advice = "is that the socket of ikelbd?";
        if (error_ == asio::error::access_denied)
            advice = "run it as root, or as a member of the socket's group: sudo ikelbctl ...";
        else if (error_ == boost::system::errc::no_such_file_or_directory)
            advice =
                "is ikelbd running? See: systemctl status ikelbd. If admin.socket in its "
                "configuration is another path: ikelbctl --socket PATH ...";
        else if (error_ == asio::error::connection_refused)
            advice =
                "the socket file is there, but nobody listens; ikelbd has ended. See: "
                "systemctl status ikelbd, journalctl -u ikelbd";
        else if (error_ == beast::error::timeout)
            advice = fmt::format(
                "no answer within {} s; ikelbd is busy or stuck. See: "
                "journalctl -u ikelbd",
                std::chrono::duration<double>{timeout_}.count());
        return {fmt::format("can't reach ikelbd at {}: {}; {}", socket_, error_.message(), advice)};
    }

    std::string socket_;
    std::chrono::milliseconds timeout_;
    asio::io_context io_;
    beast::basic_stream<asio::local::stream_protocol> stream_{io_};
    beast::flat_buffer buffer_;
    http::response_parser<http::string_body> parser_;
    error_code error_;
};

}  // namespace

boost::system::result<AdminAnswer, ClientError> ask_daemon(const std::string& socket,
                                                           api::Method method,
                                                           const std::string& target,
                                                           const std::string& body,
                                                           std::chrono::milliseconds timeout) {
    try {
        http::request<http::string_body> request{
            method == api::Method::get ? http::verb::get : http::verb::post, target, 11};
        request.set(http::field::host, "ikelbd");
        request.keep_alive(false);
        if (!body.empty()) request.set(http::field::content_type, "application/json");
        request.body() = body;
        request.prepare_payload();
        return Exchange{socket, timeout}.run(std::move(request));
    } catch (const std::exception& failure) {  // a path too long for a socket
        return ClientError{fmt::format("can't reach ikelbd at {}: {}", socket, failure.what())};
    }
}

}  // namespace ikelb::ctl
