// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include "dataplane/affinity/rules.h"

#include <array>

namespace ikelb::affinity {
namespace {

/// The backend of an existing SA, even if it is down: the SA is valid nowhere else.
Answer follow(BackendIndex index, const Found& found) noexcept {
    const bool is_flushed = found.context.table.backends[index].is_flushed(found.packet.is_v6);
    return {.is_hit = true, .backend = index,
            .verdict = is_flushed ? Verdict::backend_down : Verdict::undecided};
}

template <typename Record>
Answer follow(const std::optional<Record>& record, const Found& found) noexcept {
    return record && found.counts(record->backend) ? follow(record->backend.index, found)
                                                   : Answer{};
}

/// A record steers a new SA only if its backend takes returning clients.
template <typename Record>
Answer go_back(const std::optional<Record>& record, const Found& found) noexcept {
    if (!record || !found.counts(record->backend)) return {};
    const BackendIndex index = record->backend.index;
    const forwarding::Backend& backend = found.context.table.backends[index];
    if (!backend.takes_returning_clients(found.packet.is_v6)) return {};
    return {.is_hit = true, .backend = index};
}

/// The server's own SPI of an IKE SA: the responder's unless the client says it is the responder
/// itself, as after a rekey by the server. IKEv1 cookies have no such flag.
std::uint64_t server_spi(const ike::Header& header) noexcept {
    const bool client_initiated = header.major_version() == 1 || header.is_from_initiator();
    return (client_initiated ? header.responder_spi : header.initiator_spi).to_host();
}

Answer by_label(Found& found) noexcept {
    const forwarding::ForwardingTable& table = found.context.table;
    if (table.labelled.empty()) [[likely]]
        return {};
    const bool is_esp = found.kind == Datagram::esp;
    const std::uint64_t spi =
        is_esp ? found.packet.datagram.esp_spi.to_host() : server_spi(found.packet.ike_header());
    for (const BackendIndex index : table.labelled) {
        const forwarding::SpiLabel& label = table.backends[index].label;
        const bool is_its =
            is_esp ? label.holds_esp(static_cast<std::uint32_t>(spi)) : label.holds_ike(spi);
        if (is_its && table.member(found.packet.service, index)) return follow(index, found);
    }
    return {};
}

Answer by_ike_sa(Found& found) noexcept {
    return follow(found.ike_sa(), found);
}

Answer by_flow(Found& found) noexcept {
    const auto all = found.tuple().all();
    return all.empty() ? Answer{} : follow(all.front().backend.index, found);
}

/// The flow's backend, if it spoke or is asked in full; else the best one that is asked in full.
Answer by_tuple(Found& found) noexcept {
    const auto all = found.tuple().all();
    if (all.empty()) return {};
    const Stander* main = &all.front();
    if (main->standing != Standing::spoke && !found.is_asked_in_full(*main))
        for (const Stander& one : all)
            if (found.is_asked_in_full(one) &&
                (!found.is_asked_in_full(*main) || is_better(one, *main)))
                main = &one;
    return follow(main->backend.index, found);
}

Answer by_claim(Found& found) noexcept {
    const ClaimFound& claim = found.claim();
    return claim.is_valid ? follow(claim.record->backend.index, found) : Answer{};
}

/// Claims of any client address decide here.
Answer by_claimants(Found& found) noexcept {
    const auto& all = found.claimants();
    if (all.size() > 1) found.context.counters.spi_collisions.add(1);
    return all.empty() ? Answer{} : follow(all.front(), found);
}

Answer by_binding(Found& found) noexcept {
    return follow(found.persistence(), found);
}

Answer by_binding_anew(Found& found) noexcept {
    Answer answer = go_back(found.persistence(), found);
    // A backend's reply must find the VIP that was asked: with several VIPs, client persistence
    // alone does not tell it if the client uses two of them.
    if (answer.is_hit) answer.keeps_choice = found.is_ambiguous(answer.backend);
    return answer;
}

Answer by_choice(Found& found) noexcept {
    return go_back(found.choice(), found);
}

constexpr std::array new_sa_rules{
    RuleRow{Rule::half_open, When::always, by_choice},
    RuleRow{Rule::binding, When::by_source, by_binding_anew},
    RuleRow{Rule::schedule, When::always, by_schedule},
};
constexpr std::array ike_rules{
    RuleRow{Rule::label, When::always, by_label},
    RuleRow{Rule::pair, When::always, by_ike_sa},
    RuleRow{Rule::flow, When::nat_t_or_by_source, by_flow},
    RuleRow{Rule::binding, When::by_source, by_binding},
    RuleRow{Rule::schedule, When::request_by_source, by_schedule},
};
constexpr std::array esp_rules{
    RuleRow{Rule::label, When::always, by_label},
    RuleRow{Rule::esp_client, When::always, by_claim},
    RuleRow{Rule::flow, When::always, by_tuple},
    RuleRow{Rule::esp_spi, When::always, by_claimants},
    RuleRow{Rule::binding, When::by_source, by_binding},
    RuleRow{Rule::schedule, When::by_source, by_schedule},
};
constexpr std::array keepalive_rules{
    RuleRow{Rule::flow, When::nat_t_or_by_source, by_flow},
    RuleRow{Rule::binding, When::by_source, by_binding},
};

Verdict unknown(const Found& found) noexcept {
    if (found.kind == Datagram::keepalive) return Verdict::unknown_keepalive;
    return found.kind == Datagram::ike && is_response(found.packet) ? Verdict::unknown_response
                                                                    : Verdict::unknown_sa;
}

bool may_get_it(const Found& found, const Decision& decision, BackendIndex index) noexcept {
    const forwarding::ForwardingTable& table = found.context.table;
    return index != decision.backend && !table.backends[index].is_flushed(found.packet.is_v6) &&
           table.member(found.packet.service, index);
}

}  // namespace

std::span<const RuleRow> rules_of(Datagram kind) noexcept {
    static constexpr std::array<std::span<const RuleRow>, 4> by_kind{new_sa_rules, ike_rules,
                                                                     esp_rules, keepalive_rules};
    return by_kind[static_cast<std::size_t>(kind)];
}

Decision decide(Found& found) noexcept {
    for (const RuleRow& row : rules_of(found.kind)) {
        if (!is_asked(row, found)) continue;
        if (const Answer answer = row.answer(found); answer.is_hit) return {answer, row.rule};
    }
    Decision decision;
    decision.verdict = unknown(found);
    return decision;
}

bool is_of_unknown_sa(const Found& found, const Decision& decision) noexcept {
    return found.kind == Datagram::ike && decision.rule != Rule::label &&
           decision.rule != Rule::pair && is_encrypted(found.packet) &&
           found.packet.ike_header().major_version() == 2 && !is_response(found.packet);
}

bool is_one_of_all(const Found& found, const Decision& decision, const Others& others,
                   BackendIndex index) noexcept {
    return may_get_it(found, decision, index) && !others.full.holds(index) &&
           !others.copies.holds(index);
}

Others others_of(Found& found, const Decision& decision) noexcept {
    Others others{.asks_all = decision.asks_all};
    const bool is_esp = found.kind == Datagram::esp && decision.rule != Rule::label &&
                        decision.rule != Rule::esp_client && decision.rule != Rule::none;
    if (!is_esp && !(is_of_unknown_sa(found, decision) && decision.rule == Rule::flow))
        return others;
    if (found.flow() && found.flow()->has_rivals)
        for (const Stander& one : found.tuple().all()) {
            if (!may_get_it(found, decision, one.backend.index)) continue;
            if (found.is_asked_in_full(one))
                others.full.add(one.backend.index);
            else if (is_esp)
                others.copies.add(one.backend.index);
        }
    // A spoofer may have taught the flow: the packet also goes where it would without the flow.
    if (decision.rule == Rule::flow && found.is_by_source()) {
        const Answer bound = by_binding(found);
        const BackendIndex without = bound.is_hit ? bound.backend : choose_by_hash(found);
        if (without != no_backend && may_get_it(found, decision, without) &&
            !others.full.holds(without))
            (is_esp ? others.copies : others.full).add(without);
    }
    if (!is_esp) return others;
    for (const BackendIndex index : found.claimants())
        if (may_get_it(found, decision, index) && !others.full.holds(index))
            others.copies.add(index);
    // The SPI may be no claimant's.
    others.asks_all = decision.rule == Rule::esp_spi || found.claimants().is_open;
    return others;
}

}  // namespace ikelb::affinity
