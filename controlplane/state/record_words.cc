// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include "controlplane/state/record_words.h"

namespace ikelb::state {
namespace {

constexpr std::size_t standings = 4, sa_states = 4, claim_ranks = 8, progresses = 3;

bool read_rivals(ByteReader& in, std::size_t count, State& state) {
    for (std::size_t i = 0; i < count; ++i) {
        const RecordWord word{in.word()};
        if (!word.is_good(state.facts, standings) || word.extra != 0) return false;
        state.rivals.push_back({.record = word.record,
                                .standing = static_cast<sessions::Standing>(word.code)});
    }
    return true;
}

bool read_pair(ByteReader& in, const Facts& facts, SavedIkeSa& ike_sa) noexcept {
    ike_sa.initiator_spi = in.word();
    ike_sa.responder_spi = in.word();
    const RecordWord word{in.word()};
    ike_sa.record = word.record;
    ike_sa.state = static_cast<sessions::SaState>(word.code);
    ike_sa.service = word.extra;
    ike_sa.peer = in.word();
    ike_sa.began = in.word();
    return ike_sa.initiator_spi != 0 && word.is_good(facts, sa_states) &&
           ike_sa.service < facts.services.size();
}

}  // namespace

bool read_flow(ByteReader& in, const Facts& facts, SavedFlow& flow, std::uint8_t& code) noexcept {
    flow.client = in.address();
    const std::uint64_t key = in.word();
    const RecordWord word{in.word()};
    flow.client_port = static_cast<std::uint16_t>(key);
    flow.frontend = static_cast<std::uint16_t>(key >> 16);
    flow.rivals = static_cast<std::uint8_t>(key >> 32);
    flow.record = word.record;
    flow.gateway = word.extra;
    code = word.code;
    return key >> 40 == 0 && flow.frontend < facts.frontends.size() &&
           (flow.gateway == SavedFlow::on_link || flow.gateway <= facts.gateways.size());
}

bool read_persistence_key(ByteReader& in, const Facts& facts,
                          SavedPersistence& persistence) noexcept {
    persistence.client = in.address();
    const std::uint64_t key = in.word();
    persistence.service = static_cast<std::uint16_t>(key);
    return key >> 16 == 0 && persistence.service < facts.services.size();
}

bool read_esp_key(ByteReader& in, SavedEsp& esp) noexcept {
    esp.client = in.address();
    const std::uint64_t key = in.word();
    esp.spi = static_cast<std::uint32_t>(key);
    esp.is_shared = key >> 32 == 1;
    return key >> 33 == 0 && esp.spi >= 256;
}

bool read_transit(ByteReader& in, SavedTransit& transit, std::uint32_t& code) noexcept {
    transit.key.inside = in.address();
    transit.key.outside = in.address();
    const std::uint64_t key = in.word(), word = in.word();
    transit.key.inside_port = static_cast<std::uint16_t>(key);
    transit.key.outside_port = static_cast<std::uint16_t>(key >> 16);
    transit.key.protocol = static_cast<std::uint8_t>(key >> 32);
    transit.left = static_cast<std::uint32_t>(word);
    code = static_cast<std::uint32_t>(word >> 32);
    return key >> 40 == 0 && transit.key.inside.is_v4() == transit.key.outside.is_v4();
}

bool read_records(std::span<const std::uint8_t> bytes, const RecordCounts& counts, State& state) {
    ByteReader in{bytes};
    const Facts& facts = state.facts;
    state.ike_sas.resize(counts.ike_sas);
    for (SavedIkeSa& ike_sa : state.ike_sas)
        if (!read_pair(in, facts, ike_sa)) return false;
    state.flows.resize(counts.flows);
    state.rivals.reserve(counts.rivals);
    for (SavedFlow& flow : state.flows) {
        std::uint8_t standing = 0;
        if (!read_flow(in, facts, flow, standing) || standing >= standings ||
            flow.record.backend >= facts.backends.size() ||
            flow.rivals > sessions::Rivals::most || !read_rivals(in, flow.rivals, state))
            return false;
        flow.standing = static_cast<sessions::Standing>(standing);
    }
    if (state.rivals.size() != counts.rivals) return false;
    state.persistences.resize(counts.persistences);
    for (SavedPersistence& persistence : state.persistences) {
        if (!read_persistence_key(in, facts, persistence)) return false;
        const RecordWord word{in.word()};
        persistence.record = word.record;
        if (!word.is_good(facts, 1) || word.extra != 0) return false;
    }
    state.esp.resize(counts.esp);
    for (SavedEsp& esp : state.esp) {
        if (!read_esp_key(in, esp)) return false;
        const RecordWord word{in.word()};
        esp.record = word.record;
        esp.rank = word.code;
        esp.tag = word.extra;
        if (!word.is_good(facts, claim_ranks)) return false;
    }
    state.transit.resize(counts.transit);
    for (SavedTransit& transit : state.transit) {
        std::uint32_t progress = 0;
        if (!read_transit(in, transit, progress) || progress >= progresses) return false;
        transit.progress = static_cast<wall::Progress>(progress);
    }
    return in.is_good();
}

}  // namespace ikelb::state
