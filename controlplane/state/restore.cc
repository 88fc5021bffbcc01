// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include "controlplane/state/restore.h"

#include <algorithm>
#include <limits>
#include <optional>
#include <set>
#include <tuple>

namespace ikelb::state {
namespace {

using sessions::Flow;
using sessions::IkeSa;
using sessions::Peer;

/// age: of the save.
std::uint64_t restored_peer(std::uint64_t saved, forwarding::Seconds now, std::int64_t age) {
    if (saved == 0) return 0;
    Peer peer = Peer::unpack(saved);
    peer.created = static_cast<std::uint16_t>(Peer::created_at(now) - peer.created -
                                              age / Peer::age_unit);
    return peer.pack();
}

/// From places in the state to this process's indices.
struct Homes {
    std::vector<std::optional<forwarding::BackendRef>> backends;
    std::vector<std::optional<forwarding::FrontendIndex>> frontends;
    std::vector<std::optional<forwarding::ServiceIndex>> services;
    std::vector<forwarding::GatewayIndex> gateways;  ///< by SavedFlow::gateway
};

void restore_modes(const State& state, const RestoreInput& input, Restored& restored) {
    for (const SavedBackend& backend : state.facts.backends) {
        if (backend.mode == forwarding::Mode::enabled || !input.registry.backend(backend.name))
            continue;
        input.modes.set(backend.name, backend.mode, input.registry);
        restored.modes.emplace_back(backend.name, backend.mode);
    }
}

/// The backend of the same name, if it still has the address; or the backend with the address as
/// its address6: an older configuration had two backends, one per family.
std::optional<forwarding::BackendRef> home_of(const SavedBackend& saved,
                                              const RestoreInput& input) {
    for (const config::Pool& pool : input.config.pools)
        for (const config::Backend& backend : pool.backends)
            if (backend.address6 == saved.address ||
                (backend.name == saved.name && backend.address == saved.address))
                return input.registry.backend(backend.name);
    return std::nullopt;
}

/// Gives the gateways their indices now: the first look at the kernel's routes comes later, and a
/// routing daemon may need a while to restore them.
std::vector<forwarding::GatewayIndex> home_gateways(const State& state, const RestoreInput& input) {
    std::vector<std::optional<table::GatewayName>> names;
    for (const SavedGateway& gateway : state.facts.gateways) {
        const auto interface = std::ranges::find(input.config.interfaces, gateway.interface,
                                                 &config::Interface::name);
        names.push_back(
            interface == input.config.interfaces.end()
                ? std::nullopt
                : std::optional{table::GatewayName{static_cast<forwarding::InterfaceIndex>(
                                                       interface - input.config.interfaces.begin()),
                                                   gateway.address}});
    }
    std::vector<table::GatewayName> known;
    for (const auto& name : names)
        if (name && std::ranges::find(known, *name) == known.end()) known.push_back(*name);
    input.registry.update_gateways(known);
    std::vector<forwarding::GatewayIndex> homes(std::size_t{SavedFlow::on_link} + 1,
                                                forwarding::no_gateway);
    homes[SavedFlow::on_link] = forwarding::on_link_client;
    for (std::size_t i = 0; i < names.size(); ++i)
        if (names[i])
            homes[i + 1] = input.registry.gateway(*names[i]).value_or(forwarding::no_gateway);
    return homes;
}

Homes find_homes(const State& state, const RestoreInput& input) {
    Homes homes;
    for (const SavedBackend& backend : state.facts.backends)
        homes.backends.push_back(home_of(backend, input));
    for (const SavedFrontend& frontend : state.facts.frontends)
        homes.frontends.push_back(input.registry.frontend(frontend.vip, frontend.port));
    for (const std::string& service : state.facts.services)
        homes.services.push_back(input.registry.service(service));
    homes.gateways = home_gateways(state, input);
    return homes;
}

/// On this process's clock; nullopt: longer ago than any record lives.
std::optional<forwarding::Seconds> seen_at(const SavedRecord& saved, forwarding::Seconds now,
                                           std::chrono::seconds elapsed) {
    constexpr std::int64_t longest = std::numeric_limits<std::int32_t>::max();
    const std::int64_t age = std::min<std::int64_t>(elapsed.count(), longest) + saved.age;
    if (age > longest) return std::nullopt;
    return now - static_cast<forwarding::Seconds>(age);
}

/// Addresses whose transit has its own share: the table knows them as a backend's.
std::set<net::IpAddress> addresses_of_backends(const Restored& restored,
                                               const config::Config& config) {
    std::set<net::IpAddress> addresses;
    for (const table::RemovedBackend& one : restored.known) addresses.insert(one.address);
    for (const table::RemovedBackend& one : table::backend_addresses_of(config))
        addresses.insert(one.address);
    return addresses;
}

/// The limit of timeouts.transit_tcp.
constexpr forwarding::Seconds longest_transit_life = 48 * 3600;

/// A backend at a client's address and port.
struct Stander {
    forwarding::BackendRef backend{};
    sessions::Standing standing = sessions::Standing::called;
    forwarding::Seconds last_seen = 0;
};

/// The best one takes a flow whose own backend is gone, as steering elects it.
void put_best_first(std::vector<Stander>& standers) {
    const auto best = std::ranges::max_element(standers, {}, [](const Stander& one) {
        return std::tuple{one.standing, one.last_seen, -int{one.backend.index}};
    });
    std::rotate(standers.begin(), best, standers.end());
}

class Restorer {
public:
    Restorer(const State& state, const RestoreInput& input, Restored& restored)
        : input_{input},
          restored_{restored},
          homes_{find_homes(state, input)},
          backends_{addresses_of_backends(restored, input.config)} {}

    void add(const SavedIkeSa& ike_sa) {
        const auto service = homes_.services[ike_sa.service];
        IkeSa sa{.state = ike_sa.state};
        if (!home(ike_sa.record, service.has_value(), sa)) return;
        sa.service = *service;
        const std::array<std::uint64_t, 2> notes{
            restored_peer(ike_sa.peer, input_.now, restored_.age.count()), ike_sa.began};
        write(input_.sessions.ike_sas,
              sessions::IkeSaKey{ike_sa.initiator_spi, ike_sa.responder_spi}, sa, restored_.ike_sas,
              &notes);
    }

    /// The flow's rivals come with the flow and end with it; if only the flow's backend is gone,
    /// the best rival takes the flow.
    void add(const SavedFlow& flow, std::span<const SavedRival> rivals) {
        const auto frontend = homes_.frontends[flow.frontend];
        const auto last_seen = seen_at(flow.record, input_.now, restored_.age);
        Flow record{.standing = flow.standing,
                    .gateway = homes_.gateways[flow.gateway],
                    .last_seen = last_seen.value_or(0)};
        if (frontend && (!last_seen || !record.is_alive(input_.timeouts, input_.now))) {
            ++restored_.expired;
            return;
        }
        std::vector<Stander>& standers = standers_;
        standers.clear();
        const auto own = homes_.backends[flow.record.backend];
        if (own) standers.push_back({*own, flow.standing, record.last_seen});
        for (const SavedRival& rival : rivals) add_rival(rival, standers);
        if (!frontend || standers.empty()) {
            ++restored_.homeless;
            return;
        }
        if (!own) put_best_first(standers);
        record.backend = standers[0].backend;
        record.standing = standers[0].standing;
        record.last_seen = standers[0].last_seen;
        record.has_rivals = standers.size() > 1;
        const auto key =
            sessions::flow_key(flow.client, net::be16::from_host(flow.client_port), *frontend);
        if (record.has_rivals) write_rivals(key, std::span{standers}.subspan(1));
        write(input_.sessions.flows, key, record, restored_.flows);
    }

    void add(const SavedPersistence& persistence) {
        const auto service = homes_.services[persistence.service];
        sessions::Persistence record;
        if (home(persistence.record, service.has_value(), record))
            keep(input_.sessions.persistences,
                 sessions::persistence_key(persistence.client, *service), record,
                 restored_.persistences);
    }

    void add(const SavedEsp& esp) {
        sessions::Claim claim{.rank = esp.rank, .tag = esp.tag, .is_shared = esp.is_shared};
        if (home(esp.record, true, claim))
            keep(input_.sessions.claims,
                 sessions::esp_key(esp.client, net::be32::from_host(esp.spi)), claim,
                 restored_.esp);
    }

    void add(const SavedTransit& transit) {
        if (restored_.age.count() > transit.left) {
            ++restored_.expired;
            return;
        }
        const auto age = static_cast<forwarding::Seconds>(restored_.age.count());
        const forwarding::Seconds left = std::min(transit.left - age, longest_transit_life);
        auto& table = input_.sessions.transit[static_cast<std::size_t>(share_of(transit.key))];
        write(table, transit.key,
              wall::Conversation{.progress = transit.progress, .ends_at = input_.now + left},
              restored_.transit);
    }

private:
    wall::TransitShare share_of(const wall::TransitKey& key) const {
        if (backends_.contains(key.inside)) return wall::TransitShare::backends;
        const bool is_inside = std::ranges::any_of(
            input_.config.inside_prefixes,
            [&](const net::IpPrefix& prefix) { return prefix.contains(key.inside); });
        return is_inside ? wall::TransitShare::inside_prefixes : wall::TransitShare::others;
    }
    /// Fills in backend and time. False: the record has ended, or its backend is gone.
    template <typename Record>
    bool home(const SavedRecord& saved, bool has_key, Record& record) {
        const auto backend = homes_.backends[saved.backend];
        if (!backend || !has_key) {
            ++restored_.homeless;
            return false;
        }
        const auto last_seen = seen_at(saved, input_.now, restored_.age);
        record.backend = *backend;
        record.last_seen = last_seen.value_or(0);
        if (last_seen && record.is_alive(input_.timeouts, input_.now)) return true;
        ++restored_.expired;
        return false;
    }
    /// Beside a flow, a rival that has spoken counts as one that has answered.
    void add_rival(const SavedRival& rival, std::vector<Stander>& standers) const {
        const auto backend = homes_.backends[rival.record.backend];
        const auto last_seen = seen_at(rival.record, input_.now, restored_.age);
        if (!backend || !last_seen ||
            std::ranges::find(standers, *backend, &Stander::backend) != standers.end())
            return;
        const Flow as_flow{.standing = std::min(rival.standing, sessions::Standing::strong),
                           .last_seen = *last_seen};
        if (as_flow.is_alive(input_.timeouts, input_.now))
            standers.push_back({*backend, rival.standing, *last_seen});
    }
    void write_rivals(const sessions::FlowKey& key, std::span<const Stander> standers) {
        std::array<std::uint64_t, sessions::Rivals::most / 2> notes{};
        bool has_speaker = false;
        for (std::size_t place = 0; place < standers.size(); ++place) {
            const Stander& one = standers[place];
            const sessions::RivalEntry entry{
                one.backend, one.standing, static_cast<std::uint16_t>(one.last_seen & 0xfff)};
            notes[place / 2] |= std::uint64_t{entry.pack()} << (place % 2 * 32);
            has_speaker |= one.standing == sessions::Standing::spoke;
        }
        input_.sessions.rivals.write(sessions::hashed(key, input_.sessions.secret),
                                     {.has_speaker = has_speaker, .last_seen = input_.now},
                                     input_.timeouts, input_.now, sessions::Evict::oldest_by_half,
                                     &notes);
    }
    template <typename Table, typename Key, typename Record>
    void write(Table& table, const Key& key, const Record& record, std::size_t& count,
               const typename Table::Notes* notes = nullptr) {
        take(table.write(key, record, input_.timeouts, input_.now,
                         sessions::Evict::oldest_by_half, notes),
             count);
    }
    template <typename Table, typename Key, typename Record>
    void keep(Table& table, const Key& key, const Record& record, std::size_t& count) {
        take(table.write(key, record, input_.timeouts, input_.now, sessions::Evict::never), count);
    }
    void take(sessions::WriteOutcome outcome, std::size_t& count) {
        ++(outcome == sessions::WriteOutcome::written ? count : restored_.no_room);
    }

    const RestoreInput& input_;
    Restored& restored_;
    Homes homes_;
    std::set<net::IpAddress> backends_;
    std::vector<Stander> standers_;  ///< of the current flow
};

}  // namespace

Restored restore_state(const State& state, const RestoreInput& input) {
    Restored restored;
    // After a backward step of the clock the file seems to come from the future.
    restored.age = std::max(input.wall_clock - state.facts.saved_at, std::chrono::seconds{0});
    restored.is_ike_sas_only = restored.age > std::chrono::seconds{input.timeouts.flow};
    if (restored.age <= std::chrono::seconds{input.timeouts.established})
        for (const SavedBackend& backend : state.facts.backends)
            restored.known.push_back({.name = backend.name, .address = backend.address});
    restore_modes(state, input, restored);  // before the records: disabling ends them
    Restorer restorer{state, input, restored};
    for (const SavedIkeSa& ike_sa : state.ike_sas) restorer.add(ike_sa);
    for (const SavedTransit& transit : state.transit) restorer.add(transit);
    if (restored.is_ike_sas_only) return restored;
    std::span<const SavedRival> rivals{state.rivals};
    for (const SavedFlow& flow : state.flows) {
        restorer.add(flow, rivals.first(flow.rivals));
        rivals = rivals.subspan(flow.rivals);
    }
    for (const SavedPersistence& persistence : state.persistences) restorer.add(persistence);
    for (const SavedEsp& esp : state.esp) restorer.add(esp);
    return restored;
}

}  // namespace ikelb::state
