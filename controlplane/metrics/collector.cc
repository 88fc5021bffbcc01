// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include "controlplane/metrics/collector.h"

#include <utility>

#include "controlplane/metrics/definitions.h"

namespace ikelb::metrics {
namespace {

prometheus::ClientMetric to_client_metric(const MetricDefinition& definition,
                                          const MetricSample& sample) {
    prometheus::ClientMetric metric;
    for (std::size_t i = 0; i < definition.labels.size(); ++i)
        metric.label.push_back({std::string{definition.labels[i]}, sample.label_values.at(i)});
    if (definition.type == MetricType::counter)
        metric.counter.value = sample.value;
    else
        metric.gauge.value = sample.value;
    return metric;
}

}  // namespace

std::vector<prometheus::MetricFamily> collect(const MetricsSnapshot& snapshot) {
    std::vector<prometheus::MetricFamily> families;
    for (const MetricDefinition& definition : metric_definitions()) {
        prometheus::MetricFamily family;
        family.name = definition.name;
        family.help = definition.help;
        family.type = definition.type == MetricType::counter ? prometheus::MetricType::Counter
                                                             : prometheus::MetricType::Gauge;
        for (const MetricSample& sample : definition.read(snapshot))
            family.metric.push_back(to_client_metric(definition, sample));
        families.push_back(std::move(family));
    }
    return families;
}

void Collector::publish(std::shared_ptr<const MetricsSnapshot> snapshot) noexcept {
    {
        const std::lock_guard lock{mutex_};
        snapshot_.swap(snapshot);
    }  // the old one is freed here, outside the lock
}

std::vector<prometheus::MetricFamily> Collector::Collect() const {
    std::shared_ptr<const MetricsSnapshot> snapshot;
    {
        const std::lock_guard lock{mutex_};
        snapshot = snapshot_;
    }
    return snapshot ? collect(*snapshot) : std::vector<prometheus::MetricFamily>{};
}

}  // namespace ikelb::metrics
