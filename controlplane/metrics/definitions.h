// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

// The one list of metrics. The collector and docs/metrics.md both come from it, and a metric can't
// be in it without the function that reads its value.

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "controlplane/metrics/snapshot.h"

namespace ikelb::metrics {

enum class MetricType : std::uint8_t { counter, gauge };

/// One time series at one moment.
struct MetricSample {
    std::vector<std::string> label_values;  ///< as many as the definition has labels, in its order
    double value = 0;
};

using MetricSamples = std::vector<MetricSample>;

struct MetricDefinition {
    std::string_view name;
    MetricType type;
    std::string_view unit;  ///< base unit, or what is counted
    std::span<const std::string_view> labels;
    std::string_view help;  ///< one sentence without a full stop
    MetricSamples (*read)(const MetricsSnapshot&);
};

std::span<const MetricDefinition> metric_definitions() noexcept;

/// docs/metrics.md, whole.
std::string metrics_document();

}  // namespace ikelb::metrics
