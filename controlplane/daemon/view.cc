// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include "controlplane/daemon/view.h"

#include "config/diff.h"

namespace ikelb::daemon {

bool View::is_served(const config::Service& service) const {
    const auto frontend = registry.frontend(service.vip, net::port_ike);
    return frontend && table.frontends[*frontend].is_served;
}

std::uint64_t View::sum(pipeline::Verdict verdict) const {
    return sum([verdict](const pipeline::Counters& counters) -> const pipeline::Counter& {
        return counters.verdicts[static_cast<std::size_t>(verdict)];
    });
}

std::uint64_t View::sum(const Member& member,
                        pipeline::Counter pipeline::MemberCounters::*counter) const {
    return sum([&](const pipeline::Counters& counters) -> const pipeline::Counter& {
        return counters.members.at(member.index).*counter;
    });
}

std::uint64_t View::sum(const Member& member,
                        pipeline::Counter pipeline::IkeCounters::*counter) const {
    return sum([&](const pipeline::Counters& counters) -> const pipeline::Counter& {
        return counters.ike[member.index].*counter;
    });
}

std::vector<View::Member> members_of(const config::Config& config,
                                     const table::IndexRegistry& registry,
                                     const SessionCounts& session_counter) {
    std::vector<View::Member> members;
    for (const config::Service& service : config.services)
        for (const config::Pool& pool : config.pools) {
            if (pool.name != service.pool) continue;
            for (const config::Backend& backend : pool.backends) {
                const auto index = registry.member(service.name, backend.name);
                const auto in_service = registry.service(service.name);
                const auto ref = registry.backend(backend.name);
                if (!index || !in_service || !ref) continue;
                const auto counted = session_counter.members.find({*in_service, ref->index});
                members.push_back({.service = service.name,
                                   .backend = backend.name,
                                   .index = *index,
                                   .counted = counted == session_counter.members.end()
                                                  ? SessionCounts::Member{}
                                                  : counted->second});
            }
        }
    return members;
}

std::vector<TableFill> table_fills(const SessionCounts& session_counter,
                                   const sessions::SessionTables& sessions) {
    using wall::TransitShare;
    const auto transit = [&](const char* name, TransitShare share) {
        const auto index = static_cast<std::size_t>(share);
        return TableFill{name, session_counter.transit[index], sessions.transit[index].slots()};
    };
    return {{"flows", session_counter.flows, sessions.flows.slots()},
            {"bindings", session_counter.persistences, sessions.persistences.slots()},
            {"pairs", session_counter.ike_sas, sessions.ike_sas.slots()},
            {"esp_spis", session_counter.esp, sessions.claims.slots()},
            {"half_open", session_counter.half_open, sessions.choices.slots()},
            {"fragments", session_counter.fragments, sessions.fragments.slots()},
            transit("transit_backends", TransitShare::backends),
            transit("transit_inside_prefixes", TransitShare::inside_prefixes),
            transit("transit_others", TransitShare::others)};
}

std::map<std::string, std::uint64_t> tunnels_that_end(const View& view,
                                                      const config::Config& next) {
    std::map<std::string, std::uint64_t> ends;
    for (const config::Member& ending : config::members_that_end(view.config, next)) {
        std::uint64_t& tunnels = ends[ending.backend];
        for (const View::Member& member : view.members)
            if (member.service == ending.service && member.backend == ending.backend)
                tunnels += member.counted.sas;
    }
    return ends;
}

}  // namespace ikelb::daemon
