// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include "controlplane/api/admin_server.h"

#include <filesystem>
#include <fstream>
#include <functional>
#include <optional>
#include <string>

#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <gtest/gtest.h>
#include <boost/asio/io_context.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/write.hpp>

#include "tests/unit/api_fake_commands.h"

namespace ikelb::api {
namespace {

namespace asio = boost::asio;
namespace fs = std::filesystem;
using namespace std::chrono_literals;
using Protocol = asio::local::stream_protocol;

class AdminServerTest : public testing::Test {
protected:
    void SetUp() override {
        folder_ = fs::temp_directory_path() / ("ikelb-api-" + std::to_string(getpid()));
        fs::create_directories(folder_);
        options_.socket_path = (folder_ / "admin.sock").string();
    }
    void TearDown() override {
        server_.reset();
        fs::remove_all(folder_);
    }
    std::string start() {
        auto started = AdminServer::start(io_.get_executor(), options_, commands_.handler());
        if (!started) return started.error().message;
        server_ = std::move(*started);
        return {};
    }
    bool run_until(const std::function<bool()>& condition) {
        const auto deadline = std::chrono::steady_clock::now() + 10s;
        while (!condition()) {  // once a round: it may consume what it looks at
            if (std::chrono::steady_clock::now() > deadline) return false;
            io_.restart();
            io_.run_for(5ms);
        }
        return true;
    }

    /// A client without a thread: it and the server take turns in run_until().
    struct Client {
        explicit Client(AdminServerTest& owner) : test{owner}, socket{owner.io_} {
            socket.connect(Protocol::endpoint{owner.options_.socket_path});
        }
        void send(const std::string& text) {
            // In pieces: more than the socket's buffer only fits while the server reads.
            socket.non_blocking(true);
            std::size_t sent = 0;
            ASSERT_TRUE(test.run_until([&] {
                boost::system::error_code error;
                sent += socket.write_some(asio::buffer(text) + sent, error);
                return sent == text.size() || (error && error != asio::error::would_block);
            }));
        }
        bool fill() {
            char data[4096];
            boost::system::error_code error;
            const std::size_t size = socket.read_some(asio::buffer(data), error);
            input.append(data, size);
            closed = closed || (error && error != asio::error::would_block);
            return size > 0;
        }
        /// The next whole answer.
        std::string receive() {
            socket.non_blocking(true);
            std::string answer;
            EXPECT_TRUE(test.run_until([&] {
                while (fill()) {
                }
                const std::size_t end = input.find("\r\n\r\n");
                const std::size_t length = input.find("Content-Length: ");
                if (end == std::string::npos || length == std::string::npos) return closed;
                const std::size_t size = end + 4 + std::stoul(input.substr(length + 16));
                if (input.size() < size) return closed;
                answer = input.substr(0, size);
                input.erase(0, size);
                return true;
            }));
            return answer;
        }
        std::string ask(const std::string& text) {
            send(text);
            return receive();
        }
        bool is_closed() {
            socket.non_blocking(true);
            return test.run_until([&] {
                while (fill()) {
                }
                return closed;
            });
        }
        AdminServerTest& test;
        Protocol::socket socket;
        std::string input;
        bool closed = false;
    };

    asio::io_context io_;
    fs::path folder_;
    AdminServerOptions options_;
    FakeCommands commands_;
    std::unique_ptr<AdminServer> server_;
};

constexpr const char* get_status = "GET /v1/status HTTP/1.1\r\nHost: ikelbd\r\n\r\n";

TEST_F(AdminServerTest, AnswersAndKeepsTheConnection) {
    ASSERT_EQ(start(), "");
    Client client{*this};
    for (int i = 0; i < 3; ++i) {
        const std::string answer = client.ask(get_status);
        EXPECT_EQ(answer.find("HTTP/1.1 200 OK\r\n"), 0U) << answer;
        EXPECT_NE(answer.find("Content-Type: application/json\r\n"), std::string::npos);
        EXPECT_TRUE(answer.ends_with("{\"did\":\"status\"}\n")) << answer;
    }
    EXPECT_EQ(commands_.calls.size(), 3U);
    EXPECT_EQ(server_->connections(), 1U);
    // Two requests at once are answered in turn (RFC 9112 section 9.3.2).
    client.send(std::string{get_status} + get_status);
    EXPECT_TRUE(client.receive().ends_with("{\"did\":\"status\"}\n"));
    EXPECT_TRUE(client.receive().ends_with("{\"did\":\"status\"}\n"));
    const std::string last =
        client.ask("GET /v1/drops HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    EXPECT_NE(last.find("Connection: close\r\n"), std::string::npos) << last;
    EXPECT_TRUE(client.is_closed());
    EXPECT_TRUE(run_until([&] { return server_->connections() == 0; }));
}

TEST_F(AdminServerTest, PostsReachTheCommand) {
    ASSERT_EQ(start(), "");
    Client client{*this};
    const std::string answer = client.ask(
        "POST /v1/backends/rras1/drain HTTP/1.1\r\nHost: x\r\nContent-Length: 17\r\n\r\n"
        R"({"mode":"refuse"})");
    EXPECT_TRUE(answer.ends_with("{\"did\":\"drain rras1 refuse\"}\n")) << answer;
    const std::string wrong = client.ask("PUT /v1/drops HTTP/1.1\r\nHost: x\r\n\r\n");
    EXPECT_EQ(wrong.find("HTTP/1.1 405 "), 0U) << wrong;
    EXPECT_NE(wrong.find("\r\nAllow: GET\r\n"), std::string::npos) << wrong;
}

TEST_F(AdminServerTest, ABodyOfTheLimitPassesAndOneMoreDoesNot) {
    options_.body_limit = 64 * 1024;
    ASSERT_EQ(start(), "");
    const auto post = [](std::size_t size) {
        const std::string body = "{}" + std::string(size - 2, ' ');
        return "POST /v1/reload HTTP/1.1\r\nHost: x\r\nContent-Length: " + std::to_string(size) +
               "\r\n\r\n" + body;
    };
    Client good{*this};
    EXPECT_TRUE(good.ask(post(options_.body_limit)).ends_with("{\"did\":\"reload\"}\n"));
    Client bad{*this};
    const std::string answer = bad.ask(post(options_.body_limit + 1));
    EXPECT_EQ(answer.find("HTTP/1.1 413 "), 0U) << answer;
    EXPECT_TRUE(bad.is_closed());
}

TEST_F(AdminServerTest, WhatIsNotHttpIsTold400) {
    ASSERT_EQ(start(), "");
    Client client{*this};
    const std::string answer = client.ask("hello there\r\n\r\n");
    EXPECT_EQ(answer.find("HTTP/1.1 400 "), 0U) << answer;
    EXPECT_NE(answer.find("{\"error\":\"this is not HTTP: "), std::string::npos) << answer;
    EXPECT_TRUE(client.is_closed());
    Client long_header{*this};
    EXPECT_EQ(long_header.ask("GET / HTTP/1.1\r\nX: " + std::string(9000, 'x') + "\r\n\r\n")
                  .find("HTTP/1.1 431 "),
              0U);
}

TEST_F(AdminServerTest, ASlowRequestIsCutOff) {
    options_.request_timeout = 60ms;
    ASSERT_EQ(start(), "");
    Client client{*this};
    client.send("GET /v1/status HT");
    EXPECT_TRUE(client.is_closed());
    EXPECT_TRUE(run_until([&] { return server_->connections() == 0; }));
    EXPECT_TRUE(commands_.calls.empty());
}

TEST_F(AdminServerTest, OneConnectionTooManyIsTold503) {
    options_.max_connections = 2;
    ASSERT_EQ(start(), "");
    Client one{*this};
    Client two{*this};
    EXPECT_FALSE(one.ask(get_status).empty());
    EXPECT_FALSE(two.ask(get_status).empty());
    {
        Client three{*this};
        const std::string answer = three.receive();
        EXPECT_EQ(answer.find("HTTP/1.1 503 "), 0U) << answer;
        EXPECT_TRUE(three.is_closed());
    }
    one.socket.close();
    ASSERT_TRUE(run_until([&] { return server_->connections() == 1; }));
    Client four{*this};
    EXPECT_EQ(four.ask(get_status).find("HTTP/1.1 200 "), 0U);
}

TEST_F(AdminServerTest, TheSocketFileIsForOwnerAndGroup) {
    for (const mode_t umask_then : {mode_t{0}, mode_t{077}}) {
        const mode_t before = umask(umask_then);
        const std::string error = start();
        umask(before);
        ASSERT_EQ(error, "");
        struct stat status {};
        ASSERT_EQ(stat(options_.socket_path.c_str(), &status), 0);
        EXPECT_TRUE(S_ISSOCK(status.st_mode));
        EXPECT_EQ(status.st_mode & 07777, 0660U);
        server_.reset();
        EXPECT_FALSE(fs::exists(options_.socket_path)) << "removed with the server";
    }
}

TEST_F(AdminServerTest, AStaleSocketIsReplacedAndALiveOneIsNot) {
    { Protocol::acceptor killed{io_, Protocol::endpoint{options_.socket_path}}; }
    ASSERT_TRUE(fs::exists(options_.socket_path)) << "left behind, as by a killed process";
    ASSERT_EQ(start(), "");

    const auto second = AdminServer::start(io_.get_executor(), options_, commands_.handler());
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().message,
              "can't listen on the admin socket " + options_.socket_path +
                  ": a running process listens there; is ikelbd running already?");
    Client client{*this};
    EXPECT_FALSE(client.ask(get_status).empty()) << "the first one is unharmed";
}

TEST_F(AdminServerTest, WhatIsNoSocketIsLeftAlone) {
    std::ofstream{options_.socket_path} << "precious";
    EXPECT_NE(start().find("it is not a socket"), std::string::npos);
    EXPECT_EQ(fs::file_size(options_.socket_path), 8U);
}

TEST_F(AdminServerTest, ImpossiblePathsSayWhy) {
    options_.socket_path = "/nonexistent/admin.sock";
    EXPECT_EQ(start(),
              "can't listen on the admin socket /nonexistent/admin.sock: its directory does not "
              "exist: No such file or directory");
    options_.socket_path = "/tmp/" + std::string(200, 'x');
    EXPECT_NE(start().find("the path must have 1 to 107 characters"), std::string::npos);
}

TEST_F(AdminServerTest, AnotherProcessesFileIsNotRemoved) {
    ASSERT_EQ(start(), "");
    fs::remove(options_.socket_path);
    std::ofstream{options_.socket_path} << "another";
    server_.reset();
    EXPECT_TRUE(fs::exists(options_.socket_path));
}

TEST_F(AdminServerTest, EndingItDropsItsConnections) {
    ASSERT_EQ(start(), "");
    Client client{*this};
    EXPECT_FALSE(client.ask(get_status).empty());
    server_.reset();
    EXPECT_TRUE(client.is_closed());
    io_.restart();
    io_.run_for(5s);
    EXPECT_TRUE(io_.stopped()) << "something is still waited for";
}

}  // namespace
}  // namespace ikelb::api
