// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include <algorithm>
#include <utility>

#include "controlplane/state/record_words.h"
#include "dataplane/net/headers.h"

namespace ikelb::state {
namespace {

/// The codes of all kinds of record. `tentative`: established before a restart.
enum OldState : std::uint8_t { half_open, answered, established, closing, tentative, old_states };

sessions::SaState sa_state_of(std::uint8_t old) noexcept {
    return old == tentative ? sessions::SaState::established
                            : static_cast<sessions::SaState>(old);
}

wall::Progress progress_of(std::uint32_t old) noexcept {
    if (old == closing) return wall::Progress::closing;
    return old == half_open || old == answered ? wall::Progress::asked : wall::Progress::answered;
}

/// Gives old claims a rank among the backends that claim the same SPI. Made for millions.
class Claims {
public:
    explicit Claims(const std::vector<SavedEsp>& claims) {
        for (const SavedEsp& claim : claims)
            backends_.emplace_back(claim.spi, claim.record.backend);
        std::ranges::sort(backends_);
        backends_.erase(std::unique(backends_.begin(), backends_.end()), backends_.end());
    }

    std::uint8_t rank_of(const SavedEsp& claim) const {
        const auto first = std::ranges::lower_bound(backends_, SpiOf{claim.spi, 0});
        const auto own =
            std::ranges::lower_bound(backends_, SpiOf{claim.spi, claim.record.backend});
        return static_cast<std::uint8_t>(std::min<std::ptrdiff_t>(own - first, 7));
    }

private:
    using SpiOf = std::pair<std::uint32_t, std::uint16_t>;

    std::vector<SpiOf> backends_;
};

bool read_ike_sas(ByteReader& in, std::uint64_t count, State& state) {
    state.ike_sas.resize(count);
    for (SavedIkeSa& ike_sa : state.ike_sas) {
        ike_sa.initiator_spi = in.word();
        ike_sa.responder_spi = in.word();
        const RecordWord word{in.word()};
        ike_sa.record = word.record;
        ike_sa.state = sa_state_of(word.code);
        ike_sa.service = word.extra;
        if (ike_sa.initiator_spi == 0 || !word.is_good(state.facts, old_states) ||
            ike_sa.service >= state.facts.services.size())
            return false;
    }
    return true;
}

/// Of a flow under way the file only tells that a backend has answered.
bool read_flows(ByteReader& in, std::uint64_t count, State& state) {
    state.flows.reserve(count);
    for (std::uint64_t i = 0; i < count; ++i) {
        SavedFlow flow;
        std::uint8_t old = 0;
        if (!read_flow(in, state.facts, flow, old) || flow.rivals != 0 || old >= old_states ||
            flow.record.backend >= state.facts.backends.size())
            return false;
        flow.standing =
            old == answered ? sessions::Standing::nominated : sessions::Standing::spoke;
        if (old != half_open) state.flows.push_back(flow);
    }
    return true;
}

/// Skips a record that waits for its login: only a backend that has spoken binds a client.
bool read_persistences(ByteReader& in, std::uint64_t count, State& state) {
    state.persistences.reserve(count);
    for (std::uint64_t i = 0; i < count; ++i) {
        SavedPersistence persistence;
        if (!read_persistence_key(in, state.facts, persistence)) return false;
        const RecordWord word{in.word()};
        if (!word.is_good(state.facts, old_states) || word.extra != 0) return false;
        persistence.record = word.record;
        if (word.code != half_open && word.code != answered)
            state.persistences.push_back(persistence);
    }
    return true;
}

bool read_esp(ByteReader& in, std::uint64_t count, State& state) {
    state.esp.resize(count);
    for (SavedEsp& esp : state.esp) {
        if (!read_esp_key(in, esp)) return false;
        const RecordWord word{in.word()};
        if (!word.is_good(state.facts, old_states) || word.extra != 0) return false;
        esp.record = word.record;
    }
    if (state.esp.empty()) return true;
    const Claims claims{state.esp};
    for (SavedEsp& esp : state.esp) esp.rank = claims.rank_of(esp);
    return true;
}

bool read_all_transit(ByteReader& in, std::uint64_t count, State& state) {
    state.transit.resize(count);
    for (SavedTransit& transit : state.transit) {
        std::uint32_t old = 0;
        if (!read_transit(in, transit, old) || old >= old_states) return false;
        transit.progress = progress_of(old);
    }
    return true;
}

}  // namespace

bool read_old_records(std::span<const std::uint8_t> bytes, const RecordCounts& counts,
                      State& state) {
    ByteReader in{bytes};
    return read_ike_sas(in, counts.ike_sas, state) && read_flows(in, counts.flows, state) &&
           read_persistences(in, counts.persistences, state) && read_esp(in, counts.esp, state) &&
           read_all_transit(in, counts.transit, state) && in.is_good();
}

}  // namespace ikelb::state
