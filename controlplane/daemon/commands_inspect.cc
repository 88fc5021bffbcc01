// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
// Contents of the session tables, and the explanation of a packet's way.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <random>
#include <vector>

#include "config/text/address.h"
#include "controlplane/daemon/commands.h"
#include "controlplane/inspect/as_json.h"
#include "controlplane/inspect/states.h"
#include "controlplane/state/snapshot.h"

namespace ikelb::daemon {
namespace {

using nlohmann::json;

inspect::IndexNames index_names(const View& view) {
    inspect::IndexNames names;
    const auto put = [](std::vector<std::string>& list, std::size_t index,
                        const std::string& name) {
        if (list.size() <= index) list.resize(index + 1);
        list[index] = name;
    };
    for (const config::Pool& pool : view.config.pools)
        for (const config::Backend& backend : pool.backends)
            if (const auto ref = view.registry.backend(backend.name))
                put(names.backends, ref->index, backend.name);
    for (const config::Service& service : view.config.services)
        if (const auto index = view.registry.service(service.name))
            put(names.services, *index, service.name);
    return names;
}

api::CommandError bad_address(const std::string& text) {
    return {.status = 400, .message = text + " is no address; give one such as 198.51.100.7"};
}

std::string next_hop_name(const forwarding::ForwardingTable& table, const net::IpAddress& client,
                          forwarding::GatewayIndex gateway) {
    if (gateway == forwarding::on_link_client) return "on-link";
    if (!table.leads_to(client, gateway)) return "by route";
    return text::to_text(table.gateways[gateway].address);
}

std::uint64_t any_spi() {
    std::random_device random;
    return std::uint64_t{random()} << 32 | random() | 1;
}

/// Questions about one service: ports 500 and 4500, also for a client without a given port.
std::vector<inspect::Question> questions_of(
    const api::Arguments& query, const net::IpAddress& client,
    const std::array<forwarding::FrontendIndex, 2>& frontends) {
    std::vector<inspect::Question> questions;
    const auto port = query.number("port"), esp = query.number("esp");
    const api::Value* const ike_sa = query.find("spi");
    const auto ask = [&](inspect::Question::Kind kind, std::size_t position,
                         std::uint32_t esp_spi = 0) {
        questions.push_back({.kind = kind,
                             .client = client,
                             .port = static_cast<std::uint16_t>(
                                 port.value_or(forwarding::service_port_numbers[position])),
                             .frontend = frontends[position],
                             .initiator_spi = ike_sa != nullptr ? ike_sa->number : any_spi(),
                             .responder_spi = ike_sa != nullptr ? ike_sa->second : 0,
                             .esp_spi = esp_spi});
    };
    const bool has_both = ike_sa != nullptr && ike_sa->second != 0;
    const auto kind = has_both ? inspect::Question::Kind::ike : inspect::Question::Kind::new_sa;
    if (ike_sa != nullptr || !esp)
        for (std::size_t position = 0; position < frontends.size(); ++position) ask(kind, position);
    // Without an SPI: an SPI that nobody has shows the way of the client's flow.
    if (esp || ike_sa == nullptr)
        ask(inspect::Question::Kind::esp, 1,
            static_cast<std::uint32_t>(esp.value_or(any_spi() | 0x100)));
    return questions;
}

}  // namespace

api::CommandResult run_flows(const Host& host, const api::Arguments& arguments) {
    const View view = host.view();
    const forwarding::ForwardingTable& table = view.table;
    const std::uint64_t limit = arguments.at("limit").number;
    const auto asked = arguments.text("client");
    const auto client = asked ? text::parse_address(*asked) : std::nullopt;
    if (asked && !client) return bad_address(*asked);
    const inspect::IndexNames names = index_names(view);
    json rows = json::array();
    std::size_t total = 0;
    const auto visit = [&](const sessions::FlowKey& key, const sessions::Flow& flow) {
        const auto frontend = state::frontend_of(key);
        if (!flow.is_alive(table.timeouts, view.now) || !table.is_current(flow.backend) ||
            frontend >= table.frontends.size() || (client && key.client != *client))
            return;
        if (++total > limit) return;
        rows.push_back({{"client", text::to_text(key.client)},
                        {"port", state::client_port_of(key)},
                        {"vip", text::to_text(table.frontends[frontend].vip)},
                        {"vip_port", table.frontends[frontend].port.to_host()},
                        {"backend", inspect::name_at(names.backends, flow.backend.index)},
                        {"state", inspect::to_string(flow.standing)},
                        {"idle_s", view.now - std::min(view.now, flow.last_seen)},
                        {"next_hop", next_hop_name(table, key.client, flow.gateway)}});
    };
    const auto& flows = view.sessions.flows;
    flows.for_each(0, flows.buckets(), visit);
    return json{{"flows", std::move(rows)}, {"total", total}, {"truncated", total > limit}};
}

api::CommandResult run_sessions(const Host& host, const api::Arguments& arguments) {
    const View view = host.view();
    inspect::SessionQuery query{.spi = arguments.number("spi"),
                                .from = arguments.number("from").value_or(0),
                                .limit = arguments.at("limit").number};
    if (const auto client = arguments.text("client")) {
        query.client = text::parse_prefix(*client);
        if (!query.client) return bad_address(*client);
    }
    if (const auto backend = arguments.text("backend")) {
        const auto ref = view.registry.backend(*backend);
        if (!ref) return no_such_backend(view, *backend);
        query.backend = ref->index;
    }
    const inspect::SessionSlice slice =
        inspect::list_sessions(view.sessions, view.table, view.now, query);
    const inspect::IndexNames names = index_names(view);
    json rows = json::array();
    for (const inspect::Session& session : slice.sessions)
        rows.push_back(inspect::as_json(session, view.table, view.now, names));
    json next = nullptr;
    if (slice.next) next = *slice.next;
    return json{{"sessions", std::move(rows)}, {"next", std::move(next)}};
}

api::CommandResult run_explain(const Host& host, const api::Arguments& arguments) {
    const View view = host.view();
    const std::string& client_text = arguments.at("client").text;
    const auto client = text::parse_address(client_text);
    if (!client) return bad_address(client_text);
    const auto vip_text = arguments.text("vip");
    const auto vip = vip_text ? text::parse_address(*vip_text) : std::nullopt;
    if (vip_text && !vip) return bad_address(*vip_text);
    const inspect::IndexNames names = index_names(view);
    inspect::Explainer explainer{view.table, view.sessions, view.now};
    json answers = json::array();
    for (const config::Service& service : view.config.services) {
        if (service.vip.is_v4() != client->is_v4() || (vip && service.vip != *vip)) continue;
        const auto ike = view.registry.frontend(service.vip, net::port_ike);
        const auto nat_t = view.registry.frontend(service.vip, net::port_nat_t);
        if (!ike || !nat_t) continue;
        for (const inspect::Question& question : questions_of(arguments, *client, {*ike, *nat_t}))
            answers.push_back(inspect::as_json(question, explainer.explain(question), view.table,
                                               view.now, names));
    }
    if (answers.empty())
        return api::CommandError{
            .status = 404,
            .message = fmt::format(
                "no service has {}; `ikelbctl status` lists them",
                vip_text ? "the VIP " + *vip_text : "a VIP of the family of " + client_text)};
    return json{{"answers", std::move(answers)}};
}

}  // namespace ikelb::daemon
