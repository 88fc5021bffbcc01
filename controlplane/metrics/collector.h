// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

#include <memory>
#include <mutex>
#include <vector>

#include <prometheus/collectable.h>
#include <prometheus/metric_family.h>

#include "controlplane/metrics/snapshot.h"

namespace ikelb::metrics {

/// Turns the last published snapshot into metric families, in the order of the definitions.
/// All members may be called from any thread.
class Collector final : public prometheus::Collectable {
public:
    void publish(std::shared_ptr<const MetricsSnapshot> snapshot) noexcept;
    std::vector<prometheus::MetricFamily> Collect() const override;

private:
    mutable std::mutex mutex_;  ///< held for the copy of a pointer alone
    std::shared_ptr<const MetricsSnapshot> snapshot_;
};

/// The families of one snapshot. Pure.
std::vector<prometheus::MetricFamily> collect(const MetricsSnapshot& snapshot);

}  // namespace ikelb::metrics
