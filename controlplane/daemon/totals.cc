// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include "controlplane/daemon/totals.h"

#include "config/diff.h"
#include "controlplane/daemon/daemon.h"

namespace ikelb::daemon {

metrics::TrafficMetrics member_totals(Daemon& daemon, const std::string& service,
                                      const std::string& backend) {
    metrics::TrafficMetrics totals{.service = service, .backend = backend};
    const auto member = daemon.registry().member(service, backend);
    const auto service_index = daemon.registry().service(service);
    const auto ref = daemon.registry().backend(backend);
    if (!member || !service_index || !ref) return totals;
    for (unsigned i = 0; i < daemon.dataplane().workers(); ++i) {
        const pipeline::MemberCounters& counters =
            daemon.dataplane().stats(i).pipeline.members.at(*member);
        totals.packets_to_server += counters.packets_to_server.read();
        totals.packets_to_client += counters.packets_to_client.read();
        totals.bytes_to_server += counters.bytes_to_server.read();
        totals.bytes_to_client += counters.bytes_to_client.read();
        const pipeline::IkeCounters& ike = daemon.dataplane().stats(i).pipeline.ike[*member];
        totals.ike_requests += ike.requests.read();
        totals.ike_answers += ike.answers.read();
    }
    const auto& counted = daemon.census().counts().members;
    if (const auto at = counted.find({*service_index, ref->index}); at != counted.end()) {
        totals.flows = at->second.flows;
        totals.sas = at->second.sas;
        totals.pairs_half_open = at->second.pairs_half_open;
        totals.pairs_answered = at->second.pairs_answered;
        totals.pairs_established = at->second.pairs_established;
    }
    return totals;
}

BackendTotals backend_totals(Daemon& daemon, const std::string& backend) {
    BackendTotals sum;
    for (const config::Service& service : daemon.config().services) {
        const metrics::TrafficMetrics part = member_totals(daemon, service.name, backend);
        sum.flows += part.flows;
        sum.sas += part.sas;
        sum.packets_to_server += part.packets_to_server;
        sum.packets_to_client += part.packets_to_client;
        sum.bytes_to_server += part.bytes_to_server;
        sum.bytes_to_client += part.bytes_to_client;
    }
    return sum;
}

std::map<std::string, std::uint64_t> tunnels_that_end(Daemon& daemon, const config::Config& next) {
    std::map<std::string, std::uint64_t> ends;
    for (const config::Member& member : config::members_that_end(daemon.config(), next))
        ends[member.backend] += member_totals(daemon, member.service, member.backend).sas;
    return ends;
}

std::uint64_t verdict_total(Daemon& daemon, pipeline::Verdict verdict) {
    std::uint64_t sum = 0;
    for (unsigned i = 0; i < daemon.dataplane().workers(); ++i)
        sum += daemon.dataplane()
                   .stats(i)
                   .pipeline.verdicts[static_cast<std::size_t>(verdict)]
                   .read();
    return sum;
}

inspect::ClientMemory client_memory(Daemon& daemon) {
    const config::Limits& limits = daemon.config().limits;
    return inspect::memory_of_client(daemon.dataplane().directory(),
                                     {.flows = limits.flows,
                                      .bindings = limits.bindings,
                                      .pairs = limits.pairs,
                                      .esp_spis = limits.esp_spis,
                                      .half_open = limits.half_open,
                                      .fragments = limits.fragments},
                                     daemon.dataplane().workers());
}

std::vector<metrics::TableMetrics> table_totals(Daemon& daemon) {
    const CensusCounts& counts = daemon.census().counts();
    const sessions::Directory& directory = daemon.dataplane().directory();
    using wall::TransitShare;
    const auto transit = [&](const char* name, TransitShare share) {
        const auto index = static_cast<std::size_t>(share);
        return metrics::TableMetrics{name, counts.transit[index], directory.transit[index].slots()};
    };
    return {{"flows", counts.flows, directory.flows.slots()},
            {"bindings", counts.bindings, directory.bindings.slots()},
            {"pairs", counts.pairs, directory.pairs.slots()},
            {"esp_spis", counts.esp, directory.claims.slots()},
            {"half_open", counts.half_open, directory.choices.slots()},
            {"fragments", counts.fragments, directory.fragments.slots()},
            transit("transit_backends", TransitShare::backends),
            transit("transit_inside_prefixes", TransitShare::inside_prefixes),
            transit("transit_others", TransitShare::others)};
}

}  // namespace ikelb::daemon
