// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
// Turns the list of metrics into families for Prometheus and into a document.
#include <fmt/format.h>

#include <boost/algorithm/string.hpp>

#include "controlplane/daemon/metrics.h"

namespace ikelb::daemon {

Samples::Samples(const Metric& metric) {
    boost::split(labels_, metric.labels, boost::is_space());
    family_.name = metric.name;
    family_.help = metric.help;
    family_.type = metric.type;
}

void Samples::add(std::initializer_list<std::string_view> label_values,
                  std::optional<double> value) {
    if (!value) return;
    prometheus::ClientMetric& one = family_.metric.emplace_back();
    for (const std::string_view label_value : label_values)
        one.label.push_back({labels_.at(one.label.size()), std::string{label_value}});
    if (family_.type == prometheus::MetricType::Counter)
        one.counter.value = *value;
    else
        one.gauge.value = *value;
}

std::vector<prometheus::MetricFamily> read_metrics(const View& view) {
    std::vector<prometheus::MetricFamily> families;
    for (const Metric& metric : all_metrics()) {
        Samples samples{metric};
        metric.read(view, samples);
        families.push_back(samples.take());
    }
    return families;
}

std::string metrics_document() {
    std::string text =
        "# Metrics\n\n"
        "ikelb answers Prometheus at `http://LISTEN/metrics`, where `LISTEN` is "
        "`metrics.listen` in the\nconfiguration (default `127.0.0.1:9465`). Values are at most a "
        "second old, but for\nflows, SAs and records in tables: walks over the tables count "
        "these, one walk after the other, each of\nabout 3 s with the default `limits` and of 2 "
        "minutes with 16 million of each, and what one has counted\nstands until the next is "
        "through. Counters start at 0 with the daemon; base units are seconds and bytes.\n\n"
        "This page is generated from the list the daemon itself uses; a test compares the two.\n\n"
        "| metric | type | unit | labels | meaning |\n"
        "|---|---|---|---|---|\n";
    for (const Metric& metric : all_metrics())
        text += fmt::format(
            "| `{}` | {} | {} | {} | {} |\n", metric.name,
            metric.type == prometheus::MetricType::Counter ? "counter" : "gauge", metric.unit,
            metric.labels.empty()
                ? "none"
                : "`" + boost::replace_all_copy(std::string{metric.labels}, " ", "`, `") + "`",
            metric.help);
    text +=
        "\nThe exporter adds `exposer_transferred_bytes_total`, `exposer_scrapes_total` and "
        "`exposer_request_latencies`\nabout its own HTTP server.\n";
    return text;
}

}  // namespace ikelb::daemon
