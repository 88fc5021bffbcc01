// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors

// A saved state of any content, taken up by a process with a configuration of its own: what stands
// in the session tables afterwards points at what there is, can be saved again, and forwards
// packets without harm.

#include <cstddef>
#include <cstdint>

#include "controlplane/state/restore.h"
#include "controlplane/state/snapshot.h"
#include "controlplane/table/index_registry.h"
#include "tests/fuzz/harness.h"
#include "tests/fuzz/sealed_state.h"
#include "tests/fuzz/small_site.h"
#include "tests/testlib/invariants.h"
#include "tests/testlib/rivals.h"
#include "tests/testlib/samples.h"

namespace {

using namespace ikelb;
using namespace ikelb::testlib;

void require(bool holds, const char* what) {
    if (!holds) fuzz::require_none(what);
}

/// Of each kind of record: is it one that this process could have written?
class Inspector {
public:
    Inspector(Bench& bench, const table::IndexRegistry& registry)
        : bench_{bench}, registry_{registry} {}

    void flows() const {
        visit(bench_.sessions().flows, [&](const sessions::FlowKey& key,
                                           const sessions::Flow& flow) {
            if (!is_live(flow)) return;
            check(flow);
            require(state::frontend_of(key) < registry_.frontend_count(), "frontend of a flow");
            require(flow.gateway < registry_.gateway_count() ||
                        flow.gateway == forwarding::on_link_client,
                    "gateway of a flow");
            require(!flow.awaits, "no candidate SPI is restored");
            if (flow.has_rivals) rivals(key, flow);
        });
    }
    void persistences() const {
        const auto& table = bench_.sessions().persistences;
        table.for_each(
            0, table.buckets(),
            [&](const sessions::PersistenceKey& key, const sessions::Persistence& persistence) {
                if (!is_live(persistence)) return;
                check(persistence);
                require(state::service_of(key) < registry_.service_count(), "service of a binding");
            });
    }
    void ike_sas() const {
        visit(bench_.sessions().ike_sas,
              [&](const sessions::IkeSaKey& key, const sessions::IkeSa& sa) {
                  if (!is_live(sa)) return;
                  check(sa);
                  require(key[0] != 0, "pair without an initiator");
                  require(sa.service < registry_.service_count(), "service of a pair");
              });
    }
    void claims() const {
        const auto& table = bench_.sessions().claims;
        table.for_each(0, table.buckets(),
                       [&](const sessions::EspKey& key, const sessions::Claim& claim) {
                           if (!is_live(claim)) return;
                           check(claim);
                           require(key.rest >= 256, "reserved ESP SPI");
                       });
    }
    void transit() const {
        constexpr forwarding::Seconds longest = 48 * 3600;
        for (const auto& share : bench_.sessions().transit)
            visit(share, [&](const wall::TransitKey&, const wall::Conversation& one) {
                if (!is_live(one)) return;
                require(one.progress <= wall::Progress::closing, "progress");
                require(one.ends_at - bench_.now() <= longest, "transit without an end");
            });
    }

private:
    const forwarding::Timeouts& timeouts() const { return bench_.table().timeouts; }
    bool is_live(const auto& record) const { return record.is_alive(timeouts(), bench_.now()); }
    void check(const auto& record) const {
        require(record.backend.index < registry_.backend_count(), "backend");
        require(static_cast<std::int32_t>(bench_.now() - record.last_seen) >= 0,
                "seen in the future");
    }
    void rivals(const sessions::FlowKey& key, const sessions::Flow& flow) const {
        for (const auto& rival : testlib::rivals_of(key, bench_.sessions())) {
            require(rival.backend.index < registry_.backend_count(), "backend of a rival");
            require(rival.backend != flow.backend, "a flow's backend beside itself");
            require(((bench_.now() - rival.seconds) & 0xfff) <= timeouts().standing,
                    "a rival that is over");
        }
    }
    static void visit(const auto& table, const auto& visit) {
        table.for_each(0, table.buckets(), visit);
    }

    Bench& bench_;
    const table::IndexRegistry& registry_;
};

void check_counts(const state::State& state, const state::Restored& restored) {
    const std::size_t told = restored.ike_sas + restored.flows + restored.persistences +
                             restored.esp + restored.transit + restored.expired +
                             restored.homeless + restored.no_room;
    const std::size_t there = state.ike_sas.size() + state.flows.size() +
                              state.persistences.size() + state.esp.size() + state.transit.size();
    require(restored.is_ike_sas_only ? told <= there : told == there, "records not counted");
}

}  // namespace

extern "C" int LLVMFuzzerInitialize(int*, char***) {
    fuzz::require_good_seals();
    return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static fuzz::SmallSite site;
    const auto state = state::decode(fuzz::sealed(fuzz::StateBytes{data, data + size}));
    if (!state) return 0;
    site.begin();
    const state::Restored restored = site.restore(*state);
    check_counts(*state, restored);
    Bench& bench = site.bench();
    const Inspector inspector{bench, site.registry()};
    inspector.flows();
    inspector.persistences();
    inspector.ike_sas();
    inspector.claims();
    inspector.transit();
    require(state::decode(site.save()).has_value(), "cannot be saved again");
    const auto frames = sample_frames(bench);
    const auto outcomes = bench.run(frames);
    for (std::size_t i = 0; i < frames.size(); ++i)
        fuzz::require_none(broken_rule(bench, frames[i], outcomes[i]));
    return 0;
}
