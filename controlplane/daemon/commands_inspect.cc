// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
// What the directory holds and why a packet goes where: sessions and explain.
#include <fmt/format.h>

#include <array>
#include <random>
#include <vector>

#include "config/text/address.h"
#include "controlplane/daemon/commands.h"
#include "controlplane/daemon/daemon.h"
#include "controlplane/inspect/as_json.h"

namespace ikelb::daemon {
namespace {

using nlohmann::json;

inspect::IndexNames index_names(const Daemon& daemon) {
    inspect::IndexNames names;
    const auto put = [](std::vector<std::string>& list, std::size_t index,
                        const std::string& name) {
        if (list.size() <= index) list.resize(index + 1);
        list[index] = name;
    };
    for (const config::Pool& pool : daemon.config().pools)
        for (const config::Backend& backend : pool.backends)
            if (const auto ref = daemon.registry().backend(backend.name))
                put(names.backends, ref->index, backend.name);
    for (const config::Service& service : daemon.config().services)
        if (const auto index = daemon.registry().service(service.name))
            put(names.services, *index, service.name);
    return names;
}

api::CommandError bad_address(const std::string& text) {
    return {.status = 400, .message = text + " is no address; give one such as 198.51.100.7"};
}

std::uint64_t any_spi() {
    std::random_device random;
    return std::uint64_t{random()} << 32 | random() | 1;
}

/// What to ask of one service: the ports are 500 and 4500, the client's as well unless it says so.
std::vector<inspect::Question> questions_of(
    const api::ExplainQuery& query, const net::IpAddress& client,
    const std::array<forwarding::FrontendIndex, 2>& frontends) {
    std::vector<inspect::Question> questions;
    const auto ask = [&](inspect::Question::Kind kind, std::size_t position,
                         std::uint32_t esp_spi = 0) {
        questions.push_back(
            {.kind = kind,
             .client = client,
             .port = query.port.value_or(forwarding::service_port_numbers[position]),
             .frontend = frontends[position],
             .initiator_spi = query.initiator_spi.value_or(any_spi()),
             .responder_spi = query.responder_spi.value_or(0),
             .esp_spi = esp_spi});
    };
    const auto kind =
        query.responder_spi ? inspect::Question::Kind::ike : inspect::Question::Kind::new_sa;
    const bool is_ike_named = query.initiator_spi.has_value();
    if (is_ike_named || !query.esp_spi)
        for (std::size_t position = 0; position < frontends.size(); ++position)
            ask(kind, position);
    // Without any SPI: where the client's flow goes, for which an SPI stands that nobody has.
    if (query.esp_spi || !is_ike_named)
        ask(inspect::Question::Kind::esp, 1,
            query.esp_spi.value_or(static_cast<std::uint32_t>(any_spi()) | 0x100));
    return questions;
}

}  // namespace

api::CommandResult DaemonCommands::sessions(const api::SessionFilter& filter) {
    inspect::SessionQuery query{.spi = filter.spi, .from = filter.from, .limit = filter.limit};
    if (filter.client) {
        query.client = text::parse_prefix(*filter.client);
        if (!query.client) return bad_address(*filter.client);
    }
    if (filter.backend) {
        const auto ref = daemon_.registry().backend(*filter.backend);
        if (!ref) return no_such_backend(*filter.backend);
        query.backend = ref->index;
    }
    const forwarding::ForwardingTable& table = daemon_.table();
    const forwarding::Seconds now = daemon_.dataplane().clock().now();
    const inspect::SessionSlice slice =
        inspect::list_sessions(daemon_.dataplane().directory(), table, now, query);
    const inspect::IndexNames names = index_names(daemon_);
    json rows = json::array();
    for (const inspect::Session& session : slice.sessions)
        rows.push_back(inspect::as_json(session, table, now, names));
    json next = nullptr;
    if (slice.next) next = *slice.next;
    return json{{"sessions", std::move(rows)}, {"next", std::move(next)}};
}

api::CommandResult DaemonCommands::explain(const api::ExplainQuery& query) {
    const auto client = text::parse_address(query.client);
    if (!client) return bad_address(query.client);
    const auto vip = query.vip ? text::parse_address(*query.vip) : std::nullopt;
    if (query.vip && !vip) return bad_address(*query.vip);
    const forwarding::ForwardingTable& table = daemon_.table();
    const forwarding::Seconds now = daemon_.dataplane().clock().now();
    const inspect::IndexNames names = index_names(daemon_);
    inspect::Explainer explainer{table, daemon_.dataplane().directory(), now};
    json answers = json::array();
    for (const config::Service& service : daemon_.config().services) {
        if (service.vip.is_v4() != client->is_v4() || (vip && service.vip != *vip)) continue;
        const auto ike = daemon_.registry().frontend(service.vip, net::port_ike);
        const auto nat_t = daemon_.registry().frontend(service.vip, net::port_nat_t);
        if (!ike || !nat_t) continue;
        for (const inspect::Question& question : questions_of(query, *client, {*ike, *nat_t}))
            answers.push_back(
                inspect::as_json(question, explainer.explain(question), table, now, names));
    }
    if (answers.empty())
        return api::CommandError{
            .status = 404,
            .message = fmt::format(
                "no service has {}; `ikelbctl status` lists them",
                query.vip ? "the VIP " + *query.vip : "a VIP of the family of " + query.client)};
    return json{{"answers", std::move(answers)}};
}

}  // namespace ikelb::daemon
