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

class Samples {
public:
    explicit Samples(const Metric& metric);
    /// Needs a value for each of the metric's labels, in order; nullopt adds no sample. Prometheus
    /// knows doubles only; counts above 2^53 lose their last digits.
    void add(std::initializer_list<std::string_view> label_values, std::optional<double> value);
    prometheus::MetricFamily take() { return std::move(family_); }

private:
    std::vector<std::string> labels_;
    prometheus::MetricFamily family_;
};

/// A metric with its text for Prometheus and docs/metrics.md, and its reader.
struct Metric {
    std::string_view name;
    prometheus::MetricType type;
    std::string_view unit;    ///< base unit, or the counted thing
    std::string_view labels;  ///< separated by blanks
    std::string_view help;    ///< one sentence without a full stop
    void (*read)(const View&, Samples&);
};

std::span<const Metric> all_metrics() noexcept;

std::vector<prometheus::MetricFamily> read_metrics(const View& view);

/// docs/metrics.md.
std::string metrics_document();

}  // namespace ikelb::daemon
