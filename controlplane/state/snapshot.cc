// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include "controlplane/state/snapshot.h"

#include <algorithm>
#include <optional>

namespace ikelb::state {
namespace {

using sessions::Flow;
using sessions::IkeSa;
using sessions::Peer;

/// Inverts a list: notes the place of each index.
template <typename Place>
void set_place(std::vector<Place>& places, std::size_t index, Place place, Place none) {
    if (places.size() <= index) places.resize(index + 1, none);
    places[index] = place;
}

void view_backends(const ViewInput& input, View& view) {
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

/// Adds aliases and removed backends behind those of the records, so that the next process knows
/// whose addresses they were.
void view_other_addresses(const ViewInput& input, View& view) {
    auto& saved = view.facts.backends;
    const auto add = [&saved](const table::RemovedBackend& one) {
        const bool is_known = std::ranges::any_of(saved, [&](const SavedBackend& other) {
            return other.address == one.address;
        });
        if (!is_known && saved.size() < forwarding::max_backends)
            saved.push_back({.name = one.name, .address = one.address});
    };
    std::ranges::for_each(input.removed, add);
    std::ranges::for_each(table::backend_addresses_of(input.config), add);
}

void view_services(const ViewInput& input, View& view) {
    for (const config::Service& service : input.config.services) {
        if (const auto index = input.registry.service(service.name)) {
            set_place(view.services, *index, static_cast<std::uint16_t>(view.facts.services.size()),
                      View::no_place);
            view.facts.services.push_back(service.name);
        }
        for (const std::uint16_t port : forwarding::service_port_numbers)
            if (const auto index = input.registry.frontend(service.vip, port)) {
                set_place(view.frontends, *index,
                          static_cast<std::uint16_t>(view.facts.frontends.size()), View::no_place);
                view.facts.frontends.push_back({.vip = service.vip, .port = port});
            }
    }
}

void view_gateways(const ViewInput& input, View& view) {
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

/// The common part of all saved records; nullopt: the record has ended.
template <typename Record>
std::optional<SavedRecord> to_saved(const Record& record, const View& view) {
    if (record.backend.index >= view.backends.size()) return std::nullopt;
    const auto& backend = view.backends[record.backend.index];
    if (backend.place == View::no_place || backend.generation != record.backend.generation ||
        !record.is_alive(view.timeouts, view.now))
        return std::nullopt;
    if constexpr (requires { record.is_over; })  // people would see it again
        if (record.is_over &&
            !forwarding::is_within(view.timeouts.closing, record.last_seen, view.now))
            return std::nullopt;
    // A worker may have written the record after view.now.
    const auto age = static_cast<std::int32_t>(view.now - record.last_seen);
    return SavedRecord{.age = static_cast<std::uint32_t>(std::max(age, 0)),
                       .backend = backend.place};
}

/// The rivals of a flow; the next flow overwrites the list.
class SavedRivals {
public:
    SavedRivals(const sessions::SessionTables& sessions, const View& view)
        : sessions_{sessions}, view_{view} {}

    std::span<const SavedRival> of(const sessions::FlowKey& key, const Flow& flow) {
        rivals_.clear();
        if (!flow.has_rivals) return rivals_;
        const auto found = sessions_.rivals.find_noted(sessions::hashed(key, sessions_.secret),
                                                       view_.timeouts, view_.now);
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
        // The highest of the 4,096 ages mean that a worker wrote the entry after view.now.
        constexpr std::uint32_t ahead = 0x10;
        const std::uint32_t age = (view_.now - entry.seconds) & 0xfff;
        const Flow as_flow{.backend = entry.backend,
                           .standing = std::min(entry.standing, sessions::Standing::strong),
                           .last_seen = view_.now - (age < 0x1000 - ahead ? age : 0)};
        if (const auto saved = to_saved(as_flow, view_))
            rivals_.push_back({.record = *saved, .standing = entry.standing});
    }

    const sessions::SessionTables& sessions_;
    const View& view_;
    std::vector<SavedRival> rivals_;
};

std::uint64_t saved_peer(std::uint64_t note, forwarding::Seconds now) {
    if (note == 0) return 0;
    Peer peer = Peer::unpack(note);
    peer.created = static_cast<std::uint16_t>(peer.age(now) / Peer::age_unit);
    return peer.pack();
}

std::uint16_t place_of(const std::vector<std::uint16_t>& places, std::size_t index) {
    return index < places.size() ? places[index] : View::no_place;
}

void visit_all(const auto& table, const auto& visit) {
    table.for_each(0, table.buckets(), visit);
}

}  // namespace

View make_view(const ViewInput& input) {
    View view{.facts = {.saved_at = input.wall_clock, .hash_key = input.table.hash_key},
              .timeouts = input.table.timeouts,
              .now = input.now};
    view_backends(input, view);
    view_other_addresses(input, view);
    view_services(input, view);
    view_gateways(input, view);
    return view;
}

void add_records(const sessions::SessionTables& sessions, const View& view, Encoder& encoder) {
    visit_all(sessions.ike_sas,
              [&](const sessions::IkeSaKey& key, const IkeSa& sa, const auto& notes) {
                  const auto saved = to_saved(sa, view);
                  const auto service = place_of(view.services, sa.service);
                  if (saved && service != View::no_place)
                      encoder.add(SavedIkeSa{.initiator_spi = key[0],
                                             .responder_spi = key[1],
                                             .record = *saved,
                                             .state = sa.state,
                                             .service = static_cast<std::uint8_t>(service),
                                             .peer = saved_peer(notes[0], view.now),
                                             .began = notes[1]});
              });
    SavedRivals rivals{sessions, view};
    visit_all(sessions.flows, [&](const sessions::FlowKey& key, const Flow& flow) {
        const auto saved = to_saved(flow, view);
        const auto frontend = place_of(view.frontends, frontend_of(key));
        if (saved && frontend != View::no_place)
            encoder.add(SavedFlow{.client = key.client,
                                  .client_port = client_port_of(key),
                                  .frontend = frontend,
                                  .record = *saved,
                                  .standing = flow.standing,
                                  .gateway = view.gateways[flow.gateway]},
                        rivals.of(key, flow));
    });
    visit_all(sessions.persistences,
              [&](const sessions::PersistenceKey& key, const sessions::Persistence& persistence) {
                  const auto saved = to_saved(persistence, view);
                  const auto service = place_of(view.services, service_of(key));
                  if (saved && service != View::no_place)
                      encoder.add(SavedPersistence{
                          .client = key.client, .service = service, .record = *saved});
              });
    visit_all(sessions.claims, [&](const sessions::EspKey& key, const sessions::Claim& claim) {
        if (const auto saved = to_saved(claim, view))
            encoder.add(SavedEsp{.client = key.client,
                                 .spi = key.rest,
                                 .record = *saved,
                                 .rank = claim.rank,
                                 .tag = claim.tag,
                                 .is_shared = claim.is_shared});
    });
    for (const auto& share : sessions.transit)
        visit_all(share, [&](const wall::TransitKey& key, const wall::Conversation& one) {
            if (one.is_alive(view.timeouts, view.now))
                encoder.add(SavedTransit{.key = key,
                                         .left = one.ends_at - view.now,
                                         .progress = one.progress});
        });
}

}  // namespace ikelb::state
