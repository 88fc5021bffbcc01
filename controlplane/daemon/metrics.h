// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

#include <initializer_list>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <prometheus/metric_family.h>

#include "controlplane/daemon/view.h"

namespace ikelb::daemon {

struct Metric;

/// The time series of one metric at one moment.
class Samples {
public:
    explicit Samples(const Metric& metric);
    /// As many label values as the metric has labels, in their order; nullopt: there is none now.
    /// Prometheus knows doubles only; counts above 2^53 lose their last digits.
    void add(std::initializer_list<std::string_view> label_values, std::optional<double> value);
    prometheus::MetricFamily take() { return std::move(family_); }

private:
    std::vector<std::string> labels_;
    prometheus::MetricFamily family_;
};

/// All that there is to say of a metric: what Prometheus and docs/metrics.md tell, and where the
/// values are read.
struct Metric {
    std::string_view name;
    prometheus::MetricType type;
    std::string_view unit;    ///< base unit, or what is counted
    std::string_view labels;  ///< separated by blanks
    std::string_view help;    ///< one sentence without a full stop
    void (*read)(const View&, Samples&);
};

/// The one list.
std::span<const Metric> all_metrics() noexcept;

/// All of them at this moment.
std::vector<prometheus::MetricFamily> read_metrics(const View& view);

/// docs/metrics.md, whole.
std::string metrics_document();

}  // namespace ikelb::daemon
