// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include "controlplane/inspect/explain.h"

#include <algorithm>
#include <array>
#include <span>

#include "controlplane/inspect/sessions.h"
#include "controlplane/inspect/states.h"
#include "dataplane/affinity/rules.h"

namespace ikelb::inspect {
namespace {

using pipeline::Rule;
using pipeline::Verdict;
using Kind = Question::Kind;

/// The UDP payload of the question.
class Payload {
public:
    Payload(const Question& question, bool is_nat_t) {
        if (question.kind == Kind::esp) {
            const net::be32 spi = net::be32::from_host(question.esp_spi);
            store(0, spi);
            store(4, net::be32::from_host(1));
            size_ = 32;
            return;
        }
        const bool is_new = question.kind == Kind::new_sa;
        const ike::Header header{
            .initiator_spi = net::be64::from_host(question.initiator_spi),
            .responder_spi = net::be64::from_host(is_new ? 0 : question.responder_spi),
            .next_payload = is_new ? ike::payload::sa : ike::payload::encrypted,
            .version = 0x20,
            .exchange = is_new ? ike::exchange::ike_sa_init : ike::exchange::informational,
            .flags = 0x08,  // of the SA's initiator
            .message_id = net::be32::from_host(is_new ? 0 : 2),
            .length = net::be32::from_host(sizeof(ike::Header) + 4)};
        const std::size_t marker = is_nat_t ? 4 : 0;
        store(marker, header);
        size_ = marker + sizeof header + 4;
    }
    std::span<std::uint8_t> bytes() noexcept { return {bytes_.data(), size_}; }

private:
    template <typename T>
    void store(std::size_t at, const T& value) {
        const auto* const from = reinterpret_cast<const std::uint8_t*>(&value);
        std::copy(from, from + sizeof value, bytes_.begin() + static_cast<std::ptrdiff_t>(at));
    }

    std::array<std::uint8_t, 64> bytes_{};
    std::size_t size_ = 0;
};

pipeline::Packet packet_of(const Question& question, const forwarding::Frontend& frontend,
                           std::span<std::uint8_t> payload) {
    pipeline::Packet packet;
    packet.frame.data = payload.data();
    packet.frame.contiguous = static_cast<std::uint16_t>(payload.size());
    packet.frame.length = packet.frame.contiguous;
    packet.l3_end = packet.frame.contiguous;
    packet.udp_payload_length = packet.frame.contiguous;
    packet.is_ip = true;
    packet.protocol = net::ip_protocol::udp;
    packet.source = question.client;
    packet.source_port = net::be16::from_host(question.port);
    packet.destination = frontend.vip;
    packet.destination_port = frontend.port;
    packet.direction = pipeline::Direction::to_server;
    packet.frontend = question.frontend;
    packet.service = frontend.service;
    packet.datagram =
        ike::classify(payload, payload.size(), frontend.port.to_host() == net::port_nat_t);
    return packet;
}

std::optional<RecordSeen> record_of(Rule rule, forwarding::BackendIndex backend,
                                    affinity::Found& found) {
    const auto plain = [](const auto& record) -> std::optional<RecordSeen> {
        if (!record) return std::nullopt;
        return RecordSeen{.last_seen = record->last_seen};
    };
    switch (rule) {
        case Rule::pair:
            if (const auto& sa = found.ike_sa())
                return RecordSeen{.state = to_string(sa->state), .last_seen = sa->last_seen};
            return std::nullopt;
        case Rule::flow:
            for (const affinity::Stander& one : found.tuple().all())
                if (one.backend.index == backend)
                    return RecordSeen{.state = to_string(one.standing), .last_seen = one.last};
            return std::nullopt;
        case Rule::esp_client: return plain(found.claim().record);
        case Rule::binding: return plain(found.persistence());
        case Rule::half_open: return plain(found.choice());
        case Rule::esp_spi:  // may have several records, of several clients
        case Rule::label:
        case Rule::schedule:
        case Rule::none: return std::nullopt;
    }
    return std::nullopt;
}

/// Of an IKE SA: no other record has an age.
std::optional<forwarding::Seconds> pair_age(affinity::Found& found) {
    const auto& context = found.context;
    const auto noted = context.sessions.ike_sas.find_noted(
        sessions::ike_sa_key(found.packet.ike_header()), context.table.timeouts, context.now);
    if (!noted || noted->notes[0] == 0) return std::nullopt;
    return age_of(noted->record, sessions::Peer::unpack(noted->notes[0]), context.now);
}

RuleAnswer answer_of(Rule rule, const affinity::Answer& said, affinity::Found& found) {
    RuleAnswer answer{.rule = rule};
    if (!said.is_hit || said.verdict == Verdict::no_backend) return answer;
    answer.outcome =
        said.verdict == Verdict::backend_down ? RuleOutcome::backend_down : RuleOutcome::hit;
    answer.backend = said.backend;
    answer.record = record_of(rule, answer.backend, found);
    if (rule == Rule::pair) answer.age = pair_age(found);
    return answer;
}

}  // namespace

Explainer::Explainer(const forwarding::ForwardingTable& table, sessions::SessionTables& sessions,
                     forwarding::Seconds now)
    : counters_{std::make_unique<pipeline::Counters>()},
      memory_{std::make_unique<pipeline::WorkerMemory>()},
      context_{.table = table,
               .sessions = sessions,
               .counters = *counters_,
               .memory = *memory_,
               .now = now,
               .now_micros = std::uint64_t{now} * 1'000'000} {}

Explanation Explainer::explain(const Question& question) {
    const forwarding::Frontend& frontend = context_.table.frontends[question.frontend];
    Payload payload{question, frontend.port.to_host() == net::port_nat_t};
    const pipeline::Packet packet = packet_of(question, frontend, payload.bytes());
    affinity::Found found{packet, context_};
    const affinity::Decision decision = affinity::decide(found);
    Explanation explanation{.verdict = decision.verdict, .rule = decision.rule};
    if (decision.verdict == Verdict::undecided) {
        explanation.backend = decision.backend;
        const affinity::Others others = affinity::others_of(found, decision);
        explanation.also.assign(others.full.begin(), others.full.end());
        explanation.copies.assign(others.copies.begin(), others.copies.end());
        const std::size_t asked = others.asks_all ? context_.table.backends.size() : 0;
        for (forwarding::BackendIndex to = 0; to < asked; ++to)
            if (affinity::is_one_of_all(found, decision, others, to))
                explanation.copies.push_back(to);
    }
    // The verdict for any question, unless the scheduler gives another.
    explanation.otherwise = Verdict::unknown_sa;
    for (const affinity::RuleRow& row : affinity::rules_of(found.kind)) {
        if (!affinity::is_asked(row, found)) continue;
        const affinity::Answer answer = row.answer(found);
        if (row.rule == Rule::schedule) explanation.otherwise = answer.verdict;
        explanation.rules.push_back(answer_of(row.rule, answer, found));
    }
    return explanation;
}

}  // namespace ikelb::inspect
