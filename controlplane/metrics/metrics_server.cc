// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include "controlplane/metrics/metrics_server.h"

#include <cerrno>
#include <cstring>
#include <exception>
#include <mutex>
#include <utility>

#include <netdb.h>
#include <sys/socket.h>
#include <unistd.h>

#include <fmt/format.h>
#include <prometheus/collectable.h>
#include <prometheus/exposer.h>

namespace ikelb::metrics {
namespace {

/// Exposer's exception does not give the reason, so bind again for the kernel's errno. 0: none.
int bind_error(const std::string& listen) {
    const std::size_t colon = listen.rfind(':');
    if (colon == std::string::npos) return EINVAL;
    std::string host = listen.substr(0, colon);
    if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
    addrinfo hints{};
    hints.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE;
    hints.ai_socktype = SOCK_STREAM;
    addrinfo* found = nullptr;
    if (getaddrinfo(host.c_str(), listen.c_str() + colon + 1, &hints, &found) != 0) return EINVAL;
    const int fd = socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const int on = 1;  // as the server does, or a connection in TIME_WAIT would be blamed
    const bool bound = fd >= 0 && setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) == 0 &&
                       bind(fd, found->ai_addr, found->ai_addrlen) == 0 && ::listen(fd, 1) == 0;
    const int error = bound ? 0 : errno;
    if (fd >= 0) close(fd);
    freeaddrinfo(found);
    return error;
}

MetricsError explain(const std::string& listen, const char* what) {
    const int error = bind_error(listen);
    const char* reason = error == 0 ? what : std::strerror(error);
    const char* advice = "";
    if (error == EINVAL) {
        reason = "not an address and a port";
        advice = "; write it like 127.0.0.1:9465";
    } else if (error == EADDRINUSE) {
        advice = "; stop the process that uses the port, or set metrics.listen to another one";
    } else if (error == EADDRNOTAVAIL) {
        advice = "; metrics.listen must be an address of this host";
    } else if (error == 0 && listen.starts_with('[')) {
        reason = "this machine's libcivetweb was built without IPv6, as Debian 12's is";
        advice = "; write an IPv4 address such as 127.0.0.1:9465";
    }
    return {fmt::format("can't serve metrics on {}: {}{}", listen, reason, advice)};
}

class Collector final : public prometheus::Collectable {
public:
    void publish(std::shared_ptr<const MetricFamilies> families) noexcept {
        const std::lock_guard lock{mutex_};
        families_.swap(families);
    }  // the old families are freed after the unlock
    MetricFamilies Collect() const override {
        std::unique_lock lock{mutex_};
        const auto families = families_;
        lock.unlock();
        return *families;
    }

private:
    mutable std::mutex mutex_;  ///< held only for the copy of a pointer
    std::shared_ptr<const MetricFamilies> families_ = std::make_shared<MetricFamilies>();
};

}  // namespace

struct MetricsServer::Parts {
    explicit Parts(const std::string& listen) : exposer{listen} {
        exposer.RegisterCollectable(collector);
    }
    std::shared_ptr<Collector> collector = std::make_shared<Collector>();
    prometheus::Exposer exposer;  // last: its threads end before the collector goes
};

boost::system::result<std::unique_ptr<MetricsServer>, MetricsError> MetricsServer::start(
    const std::string& listen) {
    try {
        return std::unique_ptr<MetricsServer>{new MetricsServer{std::make_unique<Parts>(listen)}};
    } catch (const std::exception& failure) {
        return explain(listen, failure.what());
    }
}

MetricsServer::MetricsServer(std::unique_ptr<Parts> parts) : parts_{std::move(parts)} {}

MetricsServer::~MetricsServer() = default;

void MetricsServer::publish(MetricFamilies families) {
    parts_->collector->publish(std::make_shared<const MetricFamilies>(std::move(families)));
}

int MetricsServer::port() const {
    return parts_->exposer.GetListeningPorts().at(0);
}

}  // namespace ikelb::metrics
