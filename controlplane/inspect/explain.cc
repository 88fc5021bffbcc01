// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include "controlplane/inspect/explain.h"

#include <algorithm>
#include <array>
#include <span>

#include "dataplane/pipeline/candidate.h"
#include "dataplane/pipeline/stages.h"
#include "dataplane/sessions/keys.h"

namespace ikelb::control {

namespace {

using pipeline::Rule;
using pipeline::Verdict;
using Kind = Question::Kind;

constexpr unsigned bit_of(Rule rule) { return 1u << static_cast<unsigned>(rule); }

/// The rules of a kind of datagram in their order: for the names of those that miss.
std::span<const Rule> order_of(Kind kind) {
    static constexpr std::array new_sa{Rule::half_open, Rule::binding, Rule::schedule};
    static constexpr std::array ike{Rule::label, Rule::pair, Rule::flow,
                                    Rule::hint, Rule::binding, Rule::schedule};
    static constexpr std::array esp{Rule::label, Rule::esp_client, Rule::flow,
                                    Rule::esp_spi, Rule::binding, Rule::schedule};
    switch (kind) {
        case Kind::new_sa: return new_sa;
        case Kind::ike: return ike;
        case Kind::esp: return esp;
    }
    return {};
}

/// With affinity by SA there are no bindings, and nothing is scheduled but what begins an SA.
bool is_asked(Rule rule, Kind kind, const forwarding::Service& service) {
    if (service.affinity == forwarding::Affinity::source) return true;
    return rule != Rule::binding && (rule != Rule::schedule || kind == Kind::new_sa);
}

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
    packet.datagram =
        ike::classify(payload, payload.size(), frontend.port.to_host() == net::port_nat_t);
    return packet;
}

}  // namespace

struct Explainer::Attempt {
    Verdict verdict = Verdict::undecided;
    Rule rule = Rule::none;
    forwarding::BackendIndex backend = forwarding::no_backend;
    bool is_ambiguous = false;
};

Explainer::Explainer(const forwarding::ForwardingTable& table, sessions::Directory& directory,
                     forwarding::Seconds now)
    : table_{table},
      directory_{directory},
      now_{now},
      counters_{std::make_unique<pipeline::Counters>()},
      memory_{std::make_unique<pipeline::WorkerMemory>()} {}

pipeline::Context Explainer::context(unsigned passed_over, bool trusts_flow_spis) {
    return {.table = table_,
            .directory = directory_,
            .counters = *counters_,
            .memory = *memory_,
            .now = now_,
            .now_micros = std::uint64_t{now_} * 1'000'000,
            .is_rehearsal = true,
            .trusts_flow_spis = trusts_flow_spis,
            .passed_over = static_cast<std::uint16_t>(passed_over)};
}

Explainer::Attempt Explainer::ask(const Question& question, unsigned passed_over,
                                  bool trusts_flow_spis) {
    const forwarding::Frontend& frontend = table_.frontends[question.frontend];
    Payload payload{question, frontend.port.to_host() == net::port_nat_t};
    pipeline::Packet packet = packet_of(question, frontend, payload.bytes());
    pipeline::Context rehearsal = context(passed_over, trusts_flow_spis);
    const std::uint64_t collisions = counters_->spi_collisions.read();
    pipeline::steer(packet, rehearsal);
    return {.verdict = packet.verdict,
            .rule = packet.rule,
            .backend = packet.backend,
            .is_ambiguous = counters_->spi_collisions.read() != collisions};
}

void Explainer::find_pair(const Question& question, RuleAnswer& answer) const {
    const sessions::PairKey key{net::be64::from_host(question.initiator_spi).wire(),
                                net::be64::from_host(question.responder_spi).wire()};
    const auto found = directory_.pairs.find_noted(key, table_.timeouts.pair, now_);
    if (!found) return;
    answer.record = found->record;
    if (found->note != 0) answer.age = sessions::PairNote::unpack(found->note).age(now_);
}

void Explainer::find_record(const Question& question, RuleAnswer& answer) {
    const auto service = table_.frontends[question.frontend].service;
    const net::IpAddress& client = question.client;
    const auto flow =
        sessions::flow_key(client, net::be16::from_host(question.port), question.frontend);
    const auto esp_spi = net::be32::from_host(question.esp_spi);
    const forwarding::Lifetimes& lives = table_.timeouts.flow;
    switch (answer.rule) {
        case Rule::pair: find_pair(question, answer); return;
        case Rule::flow: answer.record = directory_.flows.find(flow, lives, now_); return;
        case Rule::binding:
            answer.record = directory_.bindings.find(
                sessions::binding_key(table_.services[service].client_of(client), service), lives,
                now_);
            return;
        case Rule::esp_client:
            answer.record = directory_.esp.find(sessions::esp_key(client, esp_spi));
            return;
        case Rule::esp_spi:
            answer.record = pipeline::find_claim(esp_spi, context(0, false)).record;
            return;
        case Rule::half_open:
            answer.record = directory_.half_open.find(
                {.client = client,
                 .initiator_spi = net::be64::from_host(question.initiator_spi).wire(),
                 .service = service});
            return;
        case Rule::hint: answer.record = directory_.hints.find(flow); return;
        case Rule::label:
        case Rule::schedule:
        case Rule::none: return;
    }
}

RuleAnswer Explainer::answer_of(const Question& question, const Attempt& attempt) {
    RuleAnswer answer{.rule = attempt.rule,
                      .outcome = attempt.verdict == Verdict::backend_down
                                     ? RuleOutcome::backend_down
                                     : RuleOutcome::hit,
                      .backend = attempt.backend};
    find_record(question, answer);
    // Who is dropped for its backend has none in the packet.
    if (answer.backend == forwarding::no_backend && answer.record)
        answer.backend = answer.record->backend.index;
    return answer;
}

Explanation Explainer::explain(const Question& question) {
    const Attempt real = ask(question, 0, true);
    Explanation explanation{.verdict = real.verdict, .rule = real.rule, .backend = real.backend};
    std::array<std::optional<RuleAnswer>, pipeline::rule_count> answers;
    bool is_ambiguous = false;
    for (unsigned passed_over = 0;;) {
        const Attempt attempt = ask(question, passed_over, false);
        is_ambiguous |= attempt.is_ambiguous;
        if (attempt.rule == Rule::none ||
            (attempt.rule == Rule::schedule && attempt.verdict == Verdict::no_backend)) {
            explanation.otherwise = attempt.verdict;
            break;
        }
        answers[static_cast<std::size_t>(attempt.rule)] = answer_of(question, attempt);
        if (passed_over == 0) explanation.is_remembered = attempt.rule != real.rule;
        if (attempt.rule == Rule::schedule) break;
        passed_over |= bit_of(attempt.rule);
    }
    const auto service = table_.frontends[question.frontend].service;
    for (const Rule rule : order_of(question.kind)) {
        if (!is_asked(rule, question.kind, table_.services[service])) continue;
        const auto& answer = answers[static_cast<std::size_t>(rule)];
        explanation.rules.push_back(answer.value_or(RuleAnswer{.rule = rule}));
        if (!answer && rule == Rule::esp_spi && is_ambiguous)
            explanation.rules.back().outcome = RuleOutcome::ambiguous;
    }
    return explanation;
}

}  // namespace ikelb::control
