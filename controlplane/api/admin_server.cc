// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include "controlplane/api/admin_server.h"

#include <exception>
#include <functional>
#include <optional>
#include <unordered_set>
#include <utility>

#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core/basic_stream.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>

#include "controlplane/api/dispatch.h"

namespace ikelb::api {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using boost::system::error_code;
using Protocol = asio::local::stream_protocol;

/// The wait before the next try when no descriptor is left.
constexpr std::chrono::milliseconds accept_pause{100};

struct Shared {
    AdminServerOptions options;
    Handler handler;  ///< empty once the server is gone
};

/// One connection; its pending operation alone keeps it alive. Callbacks rather than coroutines:
/// clang 14 has none with libstdc++.
class Session : public std::enable_shared_from_this<Session> {
public:
    Session(Protocol::socket socket, std::shared_ptr<const Shared> shared,
            std::function<void(Session*)> on_end)
        : stream_{std::move(socket)}, shared_{std::move(shared)}, on_end_{std::move(on_end)} {}
    ~Session() { on_end_(this); }
    Session(const Session&) = delete;
    Session& operator=(const Session&) = delete;

    void read() {
        parser_.emplace();
        parser_->body_limit(shared_->options.body_limit);
        parser_->header_limit(static_cast<std::uint32_t>(shared_->options.header_limit));
        stream_.expires_after(shared_->options.request_timeout);
        http::async_read(stream_, buffer_, *parser_,
                         [self = shared_from_this()](const error_code& error, std::size_t) {
                             self->on_read(error);
                         });
    }

    void refuse(unsigned status, std::string_view message) {
        write(error_response(status, message), 11, false);
    }

    void close() { stream_.close(); }

private:
    void on_read(const error_code& error) {
        if (error == http::error::body_limit) return refuse(413, "the request is too large");
        if (error == http::error::header_limit) return refuse(431, "the header is too large");
        if (error == http::error::end_of_stream) return close();
        // These are the errors that the peer's bytes cause.
        if (error &&
            error.category() == http::make_error_code(http::error::bad_method).category() &&
            error != http::error::partial_message)
            return refuse(400, "this is not HTTP: " + error.message());
        if (error || !shared_->handler) return close();

        const auto& request = parser_->get();
        const auto target = request.target();
        const auto method = request.method_string();
        write(dispatch(shared_->handler, {.method = {method.data(), method.size()},
                                          .target = {target.data(), target.size()},
                                          .body = request.body()}),
              request.version(), request.keep_alive());
    }

    void write(Response answer, unsigned version, bool keep_alive) {
        response_ = {};
        response_.version(version);
        response_.result(answer.status);
        response_.set(http::field::content_type, "application/json");
        if (!answer.allow.empty()) response_.set(http::field::allow, answer.allow);
        response_.body() = std::move(answer.body);
        response_.keep_alive(keep_alive);
        response_.prepare_payload();
        stream_.expires_after(shared_->options.request_timeout);
        http::async_write(stream_, response_,
                          [self = shared_from_this()](const error_code& error, std::size_t) {
                              if (error || !self->response_.keep_alive()) return self->close();
                              self->read();
                          });
    }

    beast::basic_stream<Protocol> stream_;
    std::shared_ptr<const Shared> shared_;
    std::function<void(Session*)> on_end_;
    beast::flat_buffer buffer_;
    std::optional<http::request_parser<http::string_body>> parser_;
    http::response<http::string_body> response_;
};

}  // namespace

class AdminServer::Listener : public std::enable_shared_from_this<AdminServer::Listener> {
public:
    Listener(asio::any_io_executor executor, UnixListener file, AdminServerOptions options,
             Handler handler)
        : file_{std::move(file)},
          acceptor_{executor, Protocol{}, file_->release_descriptor()},
          pause_{executor},
          shared_{std::make_shared<Shared>(Shared{std::move(options), std::move(handler)})} {}

    void accept() {
        acceptor_.async_accept(
            [self = shared_from_this()](const error_code& error, Protocol::socket socket) {
                if (!self->acceptor_.is_open()) return;
                if (error) return self->accept_after_pause();
                self->welcome(std::move(socket));
                self->accept();
            });
    }

    void stop() {
        error_code ignored;
        acceptor_.close(ignored);
        file_.reset();
        pause_.cancel();
        shared_->handler = nullptr;
        for (Session* session : sessions_) session->close();
    }

    std::size_t connections() const noexcept { return sessions_.size(); }

private:
    void accept_after_pause() {
        pause_.expires_after(accept_pause);
        pause_.async_wait([self = shared_from_this()](const error_code& cancelled) {
            if (!cancelled && self->acceptor_.is_open()) self->accept();
        });
    }

    void welcome(Protocol::socket socket) {
        const std::size_t present = sessions_.size();
        // Beyond twice the limit a refusal is not worth a descriptor.
        if (present >= 2 * shared_->options.max_connections) return;
        const auto session = std::make_shared<Session>(std::move(socket), shared_,
                                                       [weak = weak_from_this()](Session* ended) {
                                                           if (const auto self = weak.lock())
                                                               self->sessions_.erase(ended);
                                                       });
        sessions_.insert(session.get());
        if (present >= shared_->options.max_connections)
            return session->refuse(503, "too many connections to the admin socket; try again");
        session->read();
    }

    std::optional<UnixListener> file_;
    Protocol::acceptor acceptor_;
    asio::steady_timer pause_;
    std::shared_ptr<Shared> shared_;
    std::unordered_set<Session*> sessions_;
};

boost::system::result<std::unique_ptr<AdminServer>, ServerError> AdminServer::start(
    asio::any_io_executor executor, AdminServerOptions options, Handler handler) {
    try {
        auto file = UnixListener::bind(options.socket_path, options.mode);
        if (!file) return file.error();
        auto listener = std::make_shared<Listener>(std::move(executor), std::move(*file),
                                                   std::move(options), std::move(handler));
        listener->accept();
        return std::unique_ptr<AdminServer>{new AdminServer{std::move(listener)}};
    } catch (const std::exception& failure) {
        return ServerError{std::string{"can't start the admin server: "} + failure.what()};
    }
}

AdminServer::AdminServer(std::shared_ptr<Listener> listener) : listener_{std::move(listener)} {}

AdminServer::~AdminServer() {
    listener_->stop();
}

std::size_t AdminServer::connections() const noexcept {
    return listener_->connections();
}

}  // namespace ikelb::api
