// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include "controlplane/inspect/as_json.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "config/text/address.h"
#include "controlplane/inspect/states.h"
#include "dataplane/packet/context.h"

namespace ikelb::inspect {
namespace {

using nlohmann::json;

template <typename T>
json or_null(const std::optional<T>& value) {
    return value ? json(*value) : json(nullptr);
}

json backend_name(forwarding::BackendIndex backend, const IndexNames& names) {
    return backend == forwarding::no_backend ? json(nullptr)
                                             : json(name_at(names.backends, backend));
}

json backend_names(const std::vector<forwarding::BackendIndex>& backends,
                   const IndexNames& names) {
    json list = json::array();
    for (const forwarding::BackendIndex backend : backends)
        list.push_back(name_at(names.backends, backend));
    return list;
}

std::string spi_text(std::uint64_t spi) { return fmt::format("{:016x}", spi); }

std::string_view to_string(Question::Kind kind) {
    switch (kind) {
        case Question::Kind::new_sa: return "new IKE SA";
        case Question::Kind::ike: return "IKE";
        case Question::Kind::esp: return "ESP";
    }
    return {};
}

std::string_view to_string(RuleOutcome outcome) {
    switch (outcome) {
        case RuleOutcome::miss: return "miss";
        case RuleOutcome::hit: return "hit";
        case RuleOutcome::backend_down: return "backend_down";
    }
    return {};
}

json verdict_name(pipeline::Verdict verdict) {
    return verdict == pipeline::Verdict::undecided ? json(nullptr)
                                                   : json(pipeline::info(verdict).name);
}

json rule_row(const RuleAnswer& answer, forwarding::Seconds now, const IndexNames& names) {
    json row{{"rule", pipeline::info(answer.rule).name},
             {"help", pipeline::info(answer.rule).help},
             {"outcome", to_string(answer.outcome)},
             {"backend", backend_name(answer.backend, names)},
             {"state", nullptr},
             {"age_s", or_null(answer.age)},
             {"idle_s", nullptr}};
    if (answer.record) {
        if (!answer.record->state.empty()) row["state"] = answer.record->state;
        row["idle_s"] = now - std::min(now, answer.record->last_seen);
    }
    return row;
}

double tenths(double value) { return std::round(value * 10) / 10; }

constexpr std::size_t esp_spis_of_client = 2;

double share(std::size_t bytes, std::size_t records, std::size_t of_client = 1) {
    return static_cast<double>(bytes * of_client) / static_cast<double>(records);
}

}  // namespace

std::string name_at(const std::vector<std::string>& names, std::size_t index) {
    return index < names.size() ? names[index] : std::string{};
}

json as_json(const Session& session, const forwarding::ForwardingTable& table,
             forwarding::Seconds now, const IndexNames& names) {
    std::string vip;
    for (const forwarding::Frontend& frontend : table.frontends)
        if (frontend.service == session.sa.service) vip = text::to_text(frontend.vip);
    json row{{"client", "?"},
             {"port", nullptr},
             {"spi_i", spi_text(session.initiator_spi)},
             {"spi_r", spi_text(session.responder_spi)},
             {"service", name_at(names.services, session.sa.service)},
             {"vip", vip},
             {"backend", name_at(names.backends, session.sa.backend.index)},
             {"state", to_string(session.sa.is_over ? sessions::SaState::closing
                                                    : session.sa.state)},
             {"age_s", or_null(session.age)},
             {"idle_s", now - std::min(now, session.sa.last_seen)},
             {"moves", session.moves}};
    if (session.client) row["client"] = text::to_text(*session.client);
    if (session.port != 0) row["port"] = session.port;
    return row;
}

json as_json(const Question& question, const Explanation& explanation,
             const forwarding::ForwardingTable& table, forwarding::Seconds now,
             const IndexNames& names) {
    const forwarding::Frontend& frontend = table.frontends[question.frontend];
    json rules = json::array();
    for (const RuleAnswer& answer : explanation.rules)
        rules.push_back(rule_row(answer, now, names));
    json answer{{"datagram", to_string(question.kind)},
                {"spi", nullptr},
                {"client", text::to_text(question.client)},
                {"port", question.port},
                {"service", name_at(names.services, frontend.service)},
                {"vip", text::to_text(frontend.vip)},
                {"vip_port", frontend.port.to_host()},
                {"served", frontend.is_served},
                {"backend", backend_name(explanation.backend, names)},
                {"rule", nullptr},
                {"drop", verdict_name(explanation.verdict)},
                {"also", backend_names(explanation.also, names)},
                {"copies", backend_names(explanation.copies, names)},
                {"rules", std::move(rules)},
                {"otherwise", verdict_name(explanation.otherwise)}};
    if (explanation.rule != pipeline::Rule::none)
        answer["rule"] = pipeline::info(explanation.rule).name;
    if (question.kind == Question::Kind::esp)
        answer["spi"] = fmt::format("{:08x}", question.esp_spi);
    else
        answer["spi"] =
            spi_text(question.initiator_spi) + ":" +
            spi_text(question.kind == Question::Kind::ike ? question.responder_spi : 0);
    return answer;
}

ClientMemory memory_of_client(const sessions::SessionTables& sessions,
                              const sessions::SessionLimits& limits, unsigned workers) {
    const sessions::SessionTables& d = sessions;
    const std::size_t clients =
        std::max<std::size_t>(1, std::min({limits.persistences, limits.flows, limits.ike_sas,
                                           limits.esp_spis / esp_spis_of_client}));
    const std::size_t passing = d.choices.bytes() + d.rivals.bytes() + d.pending.bytes() +
                                d.candidates.bytes() + d.logins.bytes() + d.fragments.bytes();
    return {.clients = clients,
            .persistences = share(d.persistences.bytes(), limits.persistences),
            .flows = share(d.flows.bytes(), limits.flows),
            .ike_sas = share(d.ike_sas.bytes(), limits.ike_sas),
            .esp_spis = share(d.claims.bytes(), limits.esp_spis, esp_spis_of_client),
            .passing = share(passing, clients),
            .workers = share(workers * sizeof(pipeline::WorkerMemory), clients)};
}

json as_json(const ClientMemory& memory) {
    return {{"clients", memory.clients},
            {"established", tenths(memory.established())},
            {"bindings", tenths(memory.persistences)},
            {"flows", tenths(memory.flows)},
            {"pairs", tenths(memory.ike_sas)},
            {"esp_spis", tenths(memory.esp_spis)},
            {"passing", tenths(memory.passing)},
            {"workers", tenths(memory.workers)},
            {"total", tenths(memory.total())}};
}

}  // namespace ikelb::inspect
