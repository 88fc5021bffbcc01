// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include "controlplane/metrics/metrics_server.h"

#include <atomic>
#include <string>
#include <thread>

#include <gtest/gtest.h>
#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>

namespace ikelb::metrics {
namespace {

namespace asio = boost::asio;

std::string get(int port) {
    asio::io_context io;
    asio::ip::tcp::socket socket{io};
    socket.connect({asio::ip::make_address("127.0.0.1"), static_cast<std::uint16_t>(port)});
    asio::write(socket, asio::buffer(std::string{"GET /metrics HTTP/1.0\r\n\r\n"}));
    std::string answer;
    boost::system::error_code error;
    asio::read(socket, asio::dynamic_buffer(answer), error);
    return answer;
}

MetricFamilies families_with(std::uint64_t timeouts) {
    prometheus::MetricFamily family{.name = "ikelb_publish_timeouts_total",
                                    .help = "Tables",
                                    .type = prometheus::MetricType::Counter,
                                    .metric = {{}}};
    family.metric[0].counter.value = static_cast<double>(timeouts);
    return {family};
}

TEST(MetricsServer, ServesWhatWasPublishedLast) {
    auto server = MetricsServer::start("127.0.0.1:0");
    ASSERT_TRUE(server) << server.error().message;
    const int port = (*server)->port();
    ASSERT_GT(port, 0);
    EXPECT_EQ(get(port).find("ikelb_"), std::string::npos) << "nothing is published yet";
    (*server)->publish(families_with(3));
    EXPECT_NE(get(port).find("\nikelb_publish_timeouts_total 3\n"), std::string::npos);
    (*server)->publish(families_with(4));
    const std::string answer = get(port);
    EXPECT_NE(answer.find("200 OK"), std::string::npos);
    EXPECT_NE(answer.find("\nikelb_publish_timeouts_total 4\n"), std::string::npos);
}

TEST(MetricsServer, ServesOnIpv6OrSaysWhyNot) {
    const auto server = MetricsServer::start("[::1]:0");
    if (server) {
        EXPECT_GT((*server)->port(), 0);
        return;
    }
    EXPECT_NE(server.error().message.find("libcivetweb was built without IPv6"), std::string::npos)
        << server.error().message;
}

TEST(MetricsServer, PublishingWhileScrapedIsSafe) {
    auto server = MetricsServer::start("127.0.0.1:0");
    ASSERT_TRUE(server) << server.error().message;
    std::atomic<bool> done{false};
    std::thread publisher{[&] {
        for (std::uint64_t i = 0; !done; ++i) (*server)->publish(families_with(i));
    }};
    int answered = 0;
    for (int i = 0; i < 30; ++i)
        answered += get((*server)->port()).find("200 OK") != std::string::npos ? 1 : 0;
    done = true;
    publisher.join();
    EXPECT_EQ(answered, 30);
}

TEST(MetricsServer, ABusyPortIsAnErrorThatNamesIt) {
    auto first = MetricsServer::start("127.0.0.1:0");
    ASSERT_TRUE(first) << first.error().message;
    const std::string listen = "127.0.0.1:" + std::to_string((*first)->port());
    const auto second = MetricsServer::start(listen);
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().message,
              "can't serve metrics on " + listen +
                  ": Address already in use; stop the process that uses the port, or set "
                  "metrics.listen to another one");
}

TEST(MetricsServer, AForeignOrMalformedAddressIsAnErrorThatSaysSo) {
    const auto foreign = MetricsServer::start("192.0.2.1:9465");
    ASSERT_FALSE(foreign);
    EXPECT_EQ(foreign.error().message,
              "can't serve metrics on 192.0.2.1:9465: Cannot assign requested address; "
              "metrics.listen must be an address of this host");
    const auto nonsense = MetricsServer::start("somewhere");
    ASSERT_FALSE(nonsense);
    EXPECT_EQ(nonsense.error().message,
              "can't serve metrics on somewhere: not an address and a port; write it like "
              "127.0.0.1:9465");
}

}  // namespace
}  // namespace ikelb::metrics
