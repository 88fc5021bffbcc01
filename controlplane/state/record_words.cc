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

bool read_pair(ByteReader& in, const Facts& facts, SavedPair& pair) noexcept {
    pair.initiator_spi = in.word();
    pair.responder_spi = in.word();
    const RecordWord word{in.word()};
    pair.record = word.record;
    pair.state = static_cast<sessions::SaState>(word.code);
    pair.service = word.extra;
    pair.peer = in.word();
    pair.began = in.word();
    return pair.initiator_spi != 0 && word.is_good(facts, sa_states) &&
           pair.service < facts.services.size();
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

bool read_binding_key(ByteReader& in, const Facts& facts, SavedBinding& binding) noexcept {
    binding.client = in.address();
    const std::uint64_t key = in.word();
    binding.service = static_cast<std::uint16_t>(key);
    return key >> 16 == 0 && binding.service < facts.services.size();
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
    state.pairs.resize(counts.pairs);
    for (SavedPair& pair : state.pairs)
        if (!read_pair(in, facts, pair)) return false;
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
    state.bindings.resize(counts.bindings);
    for (SavedBinding& binding : state.bindings) {
        if (!read_binding_key(in, facts, binding)) return false;
        const RecordWord word{in.word()};
        binding.record = word.record;
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
