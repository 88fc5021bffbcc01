// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include "controlplane/state/snapshot.h"

#include <algorithm>
#include <limits>
#include <map>
#include <optional>
#include <set>

namespace ikelb::control {

namespace {

using sessions::Record;
using sessions::RecordState;

// --- saving --------------------------------------------------------------------------------------

/// Notes at which place of its list the thing with this index is.
template <typename Place>
void set_place(std::vector<Place>& places, std::size_t index, Place place, Place none) {
    if (places.size() <= index) places.resize(index + 1, none);
    places[index] = place;
}

void view_backends(const ViewInput& input, StateView& view) {
    for (const config::Pool& pool : input.config.pools)
        for (const config::Backend& backend : pool.backends) {
            const auto ref = input.registry.backend(backend.name);
            if (!ref) continue;
            set_place(view.backends, ref->index,
                      {.place = static_cast<std::uint16_t>(view.facts.backends.size()),
                       .generation = ref->generation},
                      {});
            view.facts.backends.push_back({.name = backend.name,
                                           .address = backend.address,
                                           .mode = input.modes.mode(backend.name)});
        }
}

void view_services(const ViewInput& input, StateView& view) {
    for (const config::Service& service : input.config.services) {
        if (const auto index = input.registry.service(service.name)) {
            set_place(view.services, *index,
                      static_cast<std::uint16_t>(view.facts.services.size()),
                      StateView::no_place);
            view.facts.services.push_back(service.name);
        }
        for (const std::uint16_t port : forwarding::service_port_numbers)
            if (const auto index = input.registry.frontend(service.vip, port)) {
                set_place(view.frontends, *index,
                          static_cast<std::uint16_t>(view.facts.frontends.size()),
                          StateView::no_place);
                view.facts.frontends.push_back({.vip = service.vip, .port = port});
            }
    }
}

void view_gateways(const ViewInput& input, StateView& view) {
    view.gateways.assign(std::size_t{forwarding::on_link_client} + 1, SavedFlow::no_gateway);
    view.gateways[forwarding::on_link_client] = SavedFlow::on_link;
    for (std::size_t index = 1; index < input.table.gateways.size(); ++index) {
        const forwarding::Gateway& gateway = input.table.gateways[index];
        if (gateway.interface >= input.config.interfaces.size()) continue;
        view.facts.gateways.push_back(
            {.interface = input.config.interfaces[gateway.interface].name,
             .address = gateway.address});
        view.gateways[index] = static_cast<std::uint8_t>(view.facts.gateways.size());
    }
}

/// The saved form of a record; nullopt if it is none any more.
std::optional<SavedRecord> to_saved(const Record& record, const forwarding::Lifetimes& lives,
                                    const StateView& view) {
    if (record.backend.index >= view.backends.size()) return std::nullopt;
    const auto& backend = view.backends[record.backend.index];
    if (backend.place == StateView::no_place || backend.generation != record.backend.generation ||
        !record.is_alive(lives, view.now))
        return std::nullopt;
    // A worker may have written it after view.now.
    const auto age = static_cast<std::int32_t>(view.now - record.last_seen);
    return SavedRecord{.age = static_cast<std::uint32_t>(std::max(age, 0)),
                       .backend = backend.place,
                       .state = record.state};
}

std::optional<SavedTransit> to_saved(const wall::TransitKey& key, const Record& record,
                                     const StateView& view) {
    if (!record.is_alive(sessions::transit_lives, view.now)) return std::nullopt;
    return SavedTransit{.key = key, .left = record.last_seen - view.now, .state = record.state};
}

std::uint16_t place_of(const std::vector<std::uint16_t>& places, std::size_t index) {
    return index < places.size() ? places[index] : StateView::no_place;
}

template <typename Regions, typename Visit>
void visit_both(const Regions& regions, Visit&& visit) {
    regions.confirmed.for_each(0, regions.confirmed.buckets(), visit);
    regions.provisional.for_each(0, regions.provisional.buckets(), visit);
}

// --- restoring -----------------------------------------------------------------------------------

/// Where the places of a state lead to in this process.
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

std::map<std::string_view, net::IpAddress> addresses_of(const config::Config& config) {
    std::map<std::string_view, net::IpAddress> addresses;
    for (const config::Pool& pool : config.pools)
        for (const config::Backend& backend : pool.backends)
            addresses.emplace(backend.name, backend.address);
    return addresses;
}

/// Gives the gateways their indices now: the kernel is asked for its routes later, and a routing
/// daemon may need a while to bring them back.
std::vector<forwarding::GatewayIndex> home_gateways(const State& state, const RestoreInput& input) {
    std::vector<std::optional<GatewayName>> names;
    for (const SavedGateway& gateway : state.facts.gateways) {
        const auto interface = std::ranges::find(input.config.interfaces, gateway.interface,
                                                 &config::Interface::name);
        names.push_back(
            interface == input.config.interfaces.end()
                ? std::nullopt
                : std::optional{GatewayName{static_cast<forwarding::InterfaceIndex>(
                                                interface - input.config.interfaces.begin()),
                                            gateway.address}});
    }
    std::vector<GatewayName> known;
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
    const auto addresses = addresses_of(input.config);
    for (const SavedBackend& backend : state.facts.backends) {
        const auto found = addresses.find(backend.name);
        const bool is_same = found != addresses.end() && found->second == backend.address;
        homes.backends.push_back(is_same ? input.registry.backend(backend.name) : std::nullopt);
    }
    for (const SavedFrontend& frontend : state.facts.frontends)
        homes.frontends.push_back(input.registry.frontend(frontend.vip, frontend.port));
    for (const std::string& service : state.facts.services)
        homes.services.push_back(input.registry.service(service));
    homes.gateways = home_gateways(state, input);
    return homes;
}

/// A record as this process counts, with its time moved on; nullopt if it has ended.
std::optional<Record> to_record(const SavedRecord& saved, forwarding::BackendRef backend,
                                const forwarding::Lifetimes& lives, forwarding::Seconds now,
                                std::chrono::seconds elapsed) {
    // What is a restart away from its save for longer than a life is dead at any age.
    constexpr std::int64_t longest = std::numeric_limits<std::int32_t>::max();
    const std::int64_t age = std::min<std::int64_t>(elapsed.count(), longest) + saved.age;
    if (age > longest) return std::nullopt;
    const Record record{.backend = backend,
                        .state = saved.state,
                        .last_seen = now - static_cast<forwarding::Seconds>(age)};
    return record.is_alive(lives, now) ? std::optional{record} : std::nullopt;
}

std::set<net::IpAddress> backend_addresses_of(const config::Config& config) {
    std::set<net::IpAddress> addresses;
    for (const auto& [name, address] : addresses_of(config)) addresses.insert(address);
    return addresses;
}

/// The most that timeouts.transit_tcp may be.
constexpr forwarding::Seconds longest_transit_life = 48 * 3600;

RecordState restored_state(RecordState state) {
    return sessions::is_confirmed(state) ? RecordState::tentative : state;
}

class Restorer {
public:
    Restorer(const State& state, const RestoreInput& input, Restored& restored)
        : input_{input},
          restored_{restored},
          homes_{find_homes(state, input)},
          backends_{backend_addresses_of(input.config)} {}

    void add(const SavedPair& pair) {
        const auto service = homes_.services[pair.service];
        auto record = home(pair.record, service.has_value(), input_.timeouts.pair);
        if (!record) return;
        record->gateway = static_cast<forwarding::GatewayIndex>(*service);
        write(input_.directory.pairs, sessions::PairKey{pair.initiator_spi, pair.responder_spi},
              *record, input_.timeouts.pair, restored_.pairs);
    }
    void add(const SavedFlow& flow) {
        const auto frontend = homes_.frontends[flow.frontend];
        auto record = home(flow.record, frontend.has_value(), input_.timeouts.flow);
        if (!record) return;
        record->state = restored_state(record->state);
        record->gateway = homes_.gateways[flow.gateway];
        write(input_.directory.flows,
              sessions::flow_key(flow.client, net::be16::from_host(flow.client_port), *frontend),
              *record, input_.timeouts.flow, restored_.flows);
    }
    void add(const SavedBinding& binding) {
        const auto service = homes_.services[binding.service];
        auto record = home(binding.record, service.has_value(), input_.timeouts.flow);
        if (!record) return;
        record->state = restored_state(record->state);
        write(input_.directory.bindings, sessions::binding_key(binding.client, *service), *record,
              input_.timeouts.flow, restored_.bindings);
    }

    void add(const SavedEsp& esp) {
        const auto record = home(esp.record, true, input_.timeouts.flow);
        if (!record) return;
        const auto outcome = input_.directory.esp.write(
            sessions::esp_key(esp.client, net::be32::from_host(esp.spi)), *record,
            input_.timeouts.flow, input_.now, sessions::Evict::never);
        ++(outcome == sessions::WriteOutcome::written ? restored_.esp : restored_.no_room);
    }

    void add(const SavedTransit& transit) {
        if (restored_.age.count() > transit.left) {
            ++restored_.expired;
            return;
        }
        const auto age = static_cast<forwarding::Seconds>(restored_.age.count());
        const forwarding::Seconds left = std::min(transit.left - age, longest_transit_life);
        auto& regions = input_.directory.transit[static_cast<std::size_t>(share_of(transit.key))];
        write(regions, transit.key, Record{.state = transit.state, .last_seen = input_.now + left},
              sessions::transit_lives, restored_.transit);
    }

private:
    wall::TransitShare share_of(const wall::TransitKey& key) const {
        if (backends_.contains(key.inside)) return wall::TransitShare::backends;
        const bool is_inside = std::ranges::any_of(
            input_.config.inside_prefixes,
            [&](const net::IpPrefix& prefix) { return prefix.contains(key.inside); });
        return is_inside ? wall::TransitShare::inside_prefixes : wall::TransitShare::others;
    }
    std::optional<Record> home(const SavedRecord& saved, bool has_key,
                               const forwarding::Lifetimes& lives) {
        const auto backend = homes_.backends[saved.backend];
        if (!backend || !has_key) {
            ++restored_.homeless;
            return std::nullopt;
        }
        auto record = to_record(saved, *backend, lives, input_.now, restored_.age);
        if (!record) ++restored_.expired;
        return record;
    }
    template <typename Regions, typename Key>
    void write(Regions& regions, const Key& key, const Record& record,
               const forwarding::Lifetimes& lives, std::size_t& count) {
        const auto outcome = regions.write(key, record, lives, input_.now);
        ++(outcome == sessions::WriteOutcome::written ? count : restored_.no_room);
    }

    const RestoreInput& input_;
    Restored& restored_;
    Homes homes_;
    std::set<net::IpAddress> backends_;
};

}  // namespace

StateView make_state_view(const ViewInput& input) {
    StateView view{.facts = {.saved_at = input.wall_clock, .hash_key = input.table.hash_key},
                   .timeouts = input.table.timeouts,
                   .now = input.now};
    view_backends(input, view);
    view_services(input, view);
    view_gateways(input, view);
    return view;
}

void add_records(const sessions::Directory& directory, const StateView& view,
                 StateEncoder& encoder) {
    visit_both(directory.pairs, [&](const sessions::PairKey& key, const Record& record) {
        const auto saved = to_saved(record, view.timeouts.pair, view);
        const auto service = place_of(view.services, record.gateway);
        if (saved && service != StateView::no_place)
            encoder.add(SavedPair{.initiator_spi = key[0],
                                  .responder_spi = key[1],
                                  .record = *saved,
                                  .service = static_cast<std::uint8_t>(service)});
    });
    visit_both(directory.flows, [&](const sessions::FlowKey& key, const Record& record) {
        const auto saved = to_saved(record, view.timeouts.flow, view);
        const auto frontend = place_of(view.frontends, sessions::frontend_of(key));
        if (saved && frontend != StateView::no_place)
            encoder.add(SavedFlow{.client = key.client,
                                  .client_port = sessions::client_port_of(key),
                                  .frontend = frontend,
                                  .record = *saved,
                                  .gateway = view.gateways[record.gateway]});
    });
    visit_both(directory.bindings, [&](const sessions::BindingKey& key, const Record& record) {
        const auto saved = to_saved(record, view.timeouts.flow, view);
        const auto service = place_of(view.services, sessions::service_of(key));
        if (saved && service != StateView::no_place)
            encoder.add(SavedBinding{.client = key.client,
                                     .service = service,
                                     .record = *saved});
    });
    const auto& esp = directory.esp;
    esp.for_each(0, esp.buckets(), [&](const sessions::EspKey& key, const Record& record) {
        if (const auto saved = to_saved(record, view.timeouts.flow, view))
            encoder.add(SavedEsp{.client = key.client, .spi = key.rest, .record = *saved});
    });
    for (const auto& share : directory.transit)
        visit_both(share, [&](const wall::TransitKey& key, const Record& record) {
            if (const auto saved = to_saved(key, record, view)) encoder.add(*saved);
        });
}

Restored restore_state(const State& state, const RestoreInput& input) {
    Restored restored;
    // A clock that was set back makes the file look as if it came from the future.
    restored.age = std::max(input.wall_clock - state.facts.saved_at, std::chrono::seconds{0});
    const auto flow_life =
        input.timeouts.flow.by_state[static_cast<std::size_t>(RecordState::established)];
    restored.is_pairs_only = restored.age > std::chrono::seconds{flow_life};
    restore_modes(state, input, restored);  // before the records: disabling ends them
    Restorer restorer{state, input, restored};
    for (const SavedPair& pair : state.pairs) restorer.add(pair);
    for (const SavedTransit& transit : state.transit) restorer.add(transit);
    if (restored.is_pairs_only) return restored;
    for (const SavedFlow& flow : state.flows) restorer.add(flow);
    for (const SavedBinding& binding : state.bindings) restorer.add(binding);
    for (const SavedEsp& esp : state.esp) restorer.add(esp);
    return restored;
}

}  // namespace ikelb::control
