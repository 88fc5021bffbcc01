// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include "controlplane/state/snapshot.h"

#include <algorithm>
#include <limits>
#include <optional>
#include <set>
#include <tuple>

#include "controlplane/state/record_keys.h"

namespace ikelb::control {

namespace {

using sessions::Flow;
using sessions::IkeSa;
using sessions::Peer;

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

/// Behind those that records point at: aliases, and those that were removed, so that the next
/// process knows whose they were.
void view_other_addresses(const ViewInput& input, StateView& view) {
    auto& saved = view.facts.backends;
    const auto add = [&saved](const RemovedBackend& one) {
        const bool is_known = std::ranges::any_of(saved, [&](const SavedBackend& other) {
            return other.address == one.address;
        });
        if (!is_known && saved.size() < forwarding::max_backends)
            saved.push_back({.name = one.name, .address = one.address});
    };
    std::ranges::for_each(input.removed, add);
    std::ranges::for_each(backend_addresses_of(input.config), add);
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

/// What all saved records have; nullopt if it is none any more.
template <typename Record>
std::optional<SavedRecord> to_saved(const Record& record, const StateView& view) {
    if (record.backend.index >= view.backends.size()) return std::nullopt;
    const auto& backend = view.backends[record.backend.index];
    if (backend.place == StateView::no_place || backend.generation != record.backend.generation ||
        !record.is_alive(view.timeouts, view.now))
        return std::nullopt;
    if constexpr (requires { record.is_over; })  // people would be shown it again
        if (record.is_over &&
            !forwarding::is_within(view.timeouts.closing, record.last_seen, view.now))
            return std::nullopt;
    // A worker may have written it after view.now.
    const auto age = static_cast<std::int32_t>(view.now - record.last_seen);
    return SavedRecord{.age = static_cast<std::uint32_t>(std::max(age, 0)),
                       .backend = backend.place};
}

/// Those beside a flow, as a list that the next one overwrites.
class SavedRivals {
public:
    SavedRivals(const sessions::Directory& directory, const StateView& view)
        : directory_{directory}, view_{view} {}

    std::span<const SavedRival> of(const sessions::FlowKey& key, const Flow& flow) {
        rivals_.clear();
        if (!flow.has_rivals) return rivals_;
        const auto found = directory_.rivals.find_noted(key, view_.timeouts, view_.now);
        if (found)
            for (const std::uint64_t word : found->notes)
                for (const unsigned shift : {0u, 32u})
                    add(static_cast<std::uint32_t>(word >> shift), flow);
        return rivals_;
    }

private:
    void add(std::uint32_t bits, const Flow& flow) {
        const auto entry = sessions::RivalEntry::unpack(bits);
        if (bits == 0 || entry.backend == flow.backend) return;
        // Of the 12 bits the last few are what a worker has written after view.now.
        constexpr std::uint32_t ahead = 0x10;
        const std::uint32_t age = (view_.now - entry.seconds) & 0xfff;
        const Flow as_flow{.backend = entry.backend,
                           .standing = std::min(entry.standing, sessions::Standing::strong),
                           .last_seen = view_.now - (age < 0x1000 - ahead ? age : 0)};
        if (const auto saved = to_saved(as_flow, view_))
            rivals_.push_back({.record = *saved, .standing = entry.standing});
    }

    const sessions::Directory& directory_;
    const StateView& view_;
    std::vector<SavedRival> rivals_;
};

std::uint64_t saved_peer(std::uint64_t note, forwarding::Seconds now) {
    if (note == 0) return 0;
    Peer peer = Peer::unpack(note);
    peer.created = static_cast<std::uint16_t>(peer.age(now) / Peer::age_unit);
    return peer.pack();
}
/// age: of the save.
std::uint64_t restored_peer(std::uint64_t saved, forwarding::Seconds now, std::int64_t age) {
    if (saved == 0) return 0;
    Peer peer = Peer::unpack(saved);
    peer.created = static_cast<std::uint16_t>(Peer::created_at(now) - peer.created -
                                              age / Peer::age_unit);
    return peer.pack();
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

/// The backend of that name, if it still has the address; or the one that has it as address6, of
/// which there were two, one for each family.
std::optional<forwarding::BackendRef> home_of(const SavedBackend& saved,
                                              const RestoreInput& input) {
    for (const config::Pool& pool : input.config.pools)
        for (const config::Backend& backend : pool.backends)
            if (backend.address6 == saved.address ||
                (backend.name == saved.name && backend.address == saved.address))
                return input.registry.backend(backend.name);
    return std::nullopt;
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
    for (const SavedBackend& backend : state.facts.backends)
        homes.backends.push_back(home_of(backend, input));
    for (const SavedFrontend& frontend : state.facts.frontends)
        homes.frontends.push_back(input.registry.frontend(frontend.vip, frontend.port));
    for (const std::string& service : state.facts.services)
        homes.services.push_back(input.registry.service(service));
    homes.gateways = home_gateways(state, input);
    return homes;
}

/// When it was last seen, as this process counts; nullopt: longer ago than anything lives.
std::optional<forwarding::Seconds> seen_at(const SavedRecord& saved, forwarding::Seconds now,
                                           std::chrono::seconds elapsed) {
    constexpr std::int64_t longest = std::numeric_limits<std::int32_t>::max();
    const std::int64_t age = std::min<std::int64_t>(elapsed.count(), longest) + saved.age;
    if (age > longest) return std::nullopt;
    return now - static_cast<forwarding::Seconds>(age);
}

/// Whose transit has a share of its own: those that the table has as a backend's.
std::set<net::IpAddress> addresses_of_backends(const Restored& restored,
                                               const config::Config& config) {
    std::set<net::IpAddress> addresses;
    for (const RemovedBackend& one : restored.known) addresses.insert(one.address);
    for (const RemovedBackend& one : backend_addresses_of(config)) addresses.insert(one.address);
    return addresses;
}

/// The most that timeouts.transit_tcp may be.
constexpr forwarding::Seconds longest_transit_life = 48 * 3600;

/// A backend at a client's address and port.
struct Stander {
    forwarding::BackendRef backend{};
    sessions::Standing standing = sessions::Standing::called;
    forwarding::Seconds last_seen = 0;
};

/// The best has a flow whose own backend is gone: as the packet path elects it.
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

    void add(const SavedPair& pair) {
        const auto service = homes_.services[pair.service];
        IkeSa sa{.state = pair.state};
        if (!home(pair.record, service.has_value(), sa)) return;
        sa.service = *service;
        const std::array<std::uint64_t, 2> notes{
            restored_peer(pair.peer, input_.now, restored_.age.count()), pair.began};
        write(input_.directory.pairs, sessions::PairKey{pair.initiator_spi, pair.responder_spi},
              sa, restored_.pairs, &notes);
    }

    /// A flow takes those beside it along, and ends with its time whoever they are; if its backend
    /// alone is gone, the best of them has it.
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
        write(input_.directory.flows, key, record, restored_.flows);
    }

    void add(const SavedBinding& binding) {
        const auto service = homes_.services[binding.service];
        sessions::Binding record;
        if (home(binding.record, service.has_value(), record))
            keep(input_.directory.bindings, sessions::binding_key(binding.client, *service),
                 record, restored_.bindings);
    }

    void add(const SavedEsp& esp) {
        sessions::Claim claim{.rank = esp.rank, .tag = esp.tag, .is_shared = esp.is_shared};
        if (home(esp.record, true, claim))
            keep(input_.directory.claims,
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
        auto& regions = input_.directory.transit[static_cast<std::size_t>(share_of(transit.key))];
        write(regions, transit.key,
              sessions::Conversation{.progress = transit.progress, .ends_at = input_.now + left},
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
    /// Fills in backend and time. False: it has ended, or belongs to nobody here.
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
    /// One that has spoken stands no longer beside a flow than one that has answered.
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
        input_.directory.rivals.write(
            key, {.has_speaker = has_speaker, .last_seen = input_.now}, input_.timeouts, input_.now,
            sessions::Evict::oldest_by_half, &notes);
    }
    template <typename Regions, typename Key, typename Record>
    void write(Regions& regions, const Key& key, const Record& record, std::size_t& count,
               const typename Regions::Notes* notes = nullptr) {
        const auto before = regions.find(key, input_.timeouts, input_.now);
        take(regions.write(key, before, record, input_.timeouts, input_.now, notes), count);
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
    std::vector<Stander> standers_;  ///< of the flow at hand
};

}  // namespace

StateView make_state_view(const ViewInput& input) {
    StateView view{.facts = {.saved_at = input.wall_clock, .hash_key = input.table.hash_key},
                   .timeouts = input.table.timeouts,
                   .now = input.now};
    view_backends(input, view);
    view_other_addresses(input, view);
    view_services(input, view);
    view_gateways(input, view);
    return view;
}

void add_records(const sessions::Directory& directory, const StateView& view,
                 StateEncoder& encoder) {
    visit_both(directory.pairs, [&](const sessions::PairKey& key, const IkeSa& sa,
                                    const auto& notes) {
        const auto saved = to_saved(sa, view);
        const auto service = place_of(view.services, sa.service);
        if (saved && service != StateView::no_place)
            encoder.add(SavedPair{.initiator_spi = key[0],
                                  .responder_spi = key[1],
                                  .record = *saved,
                                  .state = sa.state,
                                  .service = static_cast<std::uint8_t>(service),
                                  .peer = saved_peer(notes[0], view.now),
                                  .began = notes[1]});
    });
    SavedRivals rivals{directory, view};
    visit_both(directory.flows, [&](const sessions::FlowKey& key, const Flow& flow) {
        const auto saved = to_saved(flow, view);
        const auto frontend = place_of(view.frontends, frontend_of(key));
        if (saved && frontend != StateView::no_place)
            encoder.add(SavedFlow{.client = key.client,
                                  .client_port = client_port_of(key),
                                  .frontend = frontend,
                                  .record = *saved,
                                  .standing = flow.standing,
                                  .gateway = view.gateways[flow.gateway]},
                        rivals.of(key, flow));
    });
    const auto& bindings = directory.bindings;
    bindings.for_each(0, bindings.buckets(), [&](const sessions::BindingKey& key,
                                                 const sessions::Binding& binding) {
        const auto saved = to_saved(binding, view);
        const auto service = place_of(view.services, service_of(key));
        if (saved && service != StateView::no_place)
            encoder.add(SavedBinding{.client = key.client,
                                     .service = service,
                                     .record = *saved});
    });
    const auto& claims = directory.claims;
    claims.for_each(0, claims.buckets(), [&](const sessions::EspKey& key,
                                             const sessions::Claim& claim) {
        if (const auto saved = to_saved(claim, view))
            encoder.add(SavedEsp{.client = key.client,
                                 .spi = key.rest,
                                 .record = *saved,
                                 .rank = claim.rank,
                                 .tag = claim.tag,
                                 .is_shared = claim.is_shared});
    });
    for (const auto& share : directory.transit)
        visit_both(share, [&](const wall::TransitKey& key, const sessions::Conversation& one) {
            if (one.is_alive(view.timeouts, view.now))
                encoder.add(SavedTransit{.key = key,
                                         .left = one.ends_at - view.now,
                                         .progress = one.progress});
        });
}

Restored restore_state(const State& state, const RestoreInput& input) {
    Restored restored;
    // A clock that was set back makes the file look as if it came from the future.
    restored.age = std::max(input.wall_clock - state.facts.saved_at, std::chrono::seconds{0});
    restored.is_pairs_only = restored.age > std::chrono::seconds{input.timeouts.flow};
    if (restored.age <= std::chrono::seconds{input.timeouts.established})
        for (const SavedBackend& backend : state.facts.backends)
            restored.known.push_back({.name = backend.name, .address = backend.address});
    restore_modes(state, input, restored);  // before the records: disabling ends them
    Restorer restorer{state, input, restored};
    for (const SavedPair& pair : state.pairs) restorer.add(pair);
    for (const SavedTransit& transit : state.transit) restorer.add(transit);
    if (restored.is_pairs_only) return restored;
    std::span<const SavedRival> rivals{state.rivals};
    for (const SavedFlow& flow : state.flows) {
        restorer.add(flow, rivals.first(flow.rivals));
        rivals = rivals.subspan(flow.rivals);
    }
    for (const SavedBinding& binding : state.bindings) restorer.add(binding);
    for (const SavedEsp& esp : state.esp) restorer.add(esp);
    return restored;
}

}  // namespace ikelb::control
