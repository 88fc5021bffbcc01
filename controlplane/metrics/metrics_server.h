// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

#include <memory>
#include <string>
#include <vector>

#include <boost/system/result.hpp>

#include <prometheus/metric_family.h>

namespace ikelb::metrics {

using MetricFamilies = std::vector<prometheus::MetricFamily>;

struct MetricsError {
    std::string message;
};

/// Serves the last published families to Prometheus, on two threads of its own. The threads inherit
/// the CPU affinity of their creator: start the server from the control thread, not from a pinned
/// one.
class MetricsServer {
public:
    /// `listen`: "127.0.0.1:9465", "[::1]:9465"; port 0 takes any free one.
    static boost::system::result<std::unique_ptr<MetricsServer>, MetricsError> start(
        const std::string& listen);

    ~MetricsServer();

    MetricsServer(const MetricsServer&) = delete;
    MetricsServer& operator=(const MetricsServer&) = delete;

    /// Scrapes see `families` from now on; before the first call there are no metrics. Any thread,
    /// never blocks on a scrape.
    void publish(MetricFamilies families);

    /// The port it listens on, host byte order.
    int port() const;

private:
    struct Parts;
    explicit MetricsServer(std::unique_ptr<Parts> parts);
    std::unique_ptr<Parts> parts_;
};

}  // namespace ikelb::metrics
