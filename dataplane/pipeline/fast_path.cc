// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <optional>
#include <span>
#include <type_traits>

#include "dataplane/pipeline/headers.h"
#include "dataplane/pipeline/pipeline.h"
#include "dataplane/pipeline/stages.h"
#include "dataplane/wall/source.h"

namespace ikelb::pipeline {
namespace {

using forwarding::BackendIndex, forwarding::Way, forwarding::is_within;
using sessions::Claim, sessions::Flow, sessions::Standing;
namespace packed = sessions::packed;

enum class To : bool { client, server };

// Masks of record words. A claim decides if it is of this client's port and not shared. A flow
// learns nothing from a packet if its backend spoke and no candidate waits for it.
constexpr std::uint64_t of_claim =
    Way::of_generation | Claim{.tag = 0xff, .is_shared = true}.pack();
constexpr std::uint64_t of_flow =
    Way::of_generation | Flow{.backend = {.index = forwarding::max_backends - 1},
                              .standing = Standing::spoke,
                              .awaits = true}
                             .pack();
/// Bits of a flow whose last_seen only the general path renews.
constexpr std::uint64_t of_renewal = Flow{.has_rivals = true, .is_over = true}.pack();

/// A list with room for a burst.
template <typename Item>
struct List {
    std::array<Item, max_burst> items;
    std::size_t count = 0;

    std::span<const Item> all() const noexcept { return {items.data(), count}; }
};

/// ESP from or to a client, between the passes.
template <typename Family>
struct Prospect {
    typename Family::Claims::Key key;  ///< to servers the claim's, to clients the flow's
    std::uint64_t want;                ///< expected bits of the record, under the direction's mask
    std::uint8_t* l3;
    std::uint32_t row;  ///< row of the ways
    forwarding::FrontendIndex frontend;
    std::uint16_t ip_bytes;
    std::uint64_t place;   ///< in the burst
    std::uint64_t hash;    ///< of the key
    std::uint64_t* first;  ///< the key's first bucket
};

template <typename Family, To to>
const auto& records_of(const sessions::SessionTables& sessions) noexcept {
    if constexpr (to == To::server)
        return Family::of(sessions.claims);
    else
        return Family::of(sessions.flows);
}

/// A family's prospects in a burst.
template <typename Family>
struct Lane {
    List<Prospect<Family>> to_servers;
    List<Prospect<Family>> to_clients;
    List<Prospect<Family>> labelled;  ///< to servers, without a record
};

/// A labelled SPI moves from the end of to_servers to `labelled`, or to the general path.
template <typename Family>
[[gnu::noinline]] void judge_label(Lane<Family>& lane, const Group& group,
                                   const ForwardingTable& table) noexcept {
    Prospect<Family>& last = lane.to_servers.items[lane.to_servers.count - 1];
    const Headers<Family> headers{last.l3};
    const BackendIndex label = table.fast_path.labels[headers.spi() >> FastTable::label_shift];
    if (label == forwarding::no_backend) return;
    --lane.to_servers.count;
    const auto source = headers.source();
    const auto& client = Family::ip(source);
    // A claim would prove that the sender is on the clients' side; a label does not.
    if (label == FastTable::labelled_in_part || !group.interface->faces_clients ||
        group.interface->faces_servers ||
        (table.wall.is_suspect(client, Family::is_v6) &&
         (wall::is_martian(client) || table.is_inside(client) || table.wall.is_of_servers(client))))
        return;
    last.want = packed::head(0, {.index = label});
    lane.labelled.items[lane.labelled.count++] = last;
}

/// True if a frame with a backend's source address may be its reply to this client.
template <typename Family>
[[gnu::always_inline]] inline bool is_reply(const auto& client, const Frame& frame,
                                            const FastTable::Interface& interface,
                                            const ForwardingTable& table) noexcept {
    return interface.faces_servers && Family::find(table.addresses, client) == nullptr &&
           // Any other sender on that interface forged the backend's source address.
           (!interface.faces_clients || table.server_macs.find(forwarding::gateway_key(
                                            interface.index, frame.sender())) != nullptr) &&
           (!table.wall.is_suspect(Family::ip(client), Family::is_v6) ||
            !(wall::is_martian(Family::ip(client)) || table.is_inside(Family::ip(client))));
}

/// Reads the headers of a group's frames among `left`, and lists ESP from or to a client. Returns
/// the frames of other groups; the general path takes the rest.
template <typename Family, std::size_t offset>
[[gnu::noinline]] PlaceSet sift(const Batch& batch, PlaceSet left, const Group group,
                                Lane<Family>& lane, const Context& context) noexcept {
    const ForwardingTable& table = context.table;
    const auto claims = records_of<Family, To::server>(context.sessions).reader();
    const auto flows = records_of<Family, To::client>(context.sessions).reader();
    const auto vip_at = table.fast_path.vips[Family::is_v6].finder();
    const auto source_at = table.fast_path.sources[Family::is_v6].finder();
    const auto address_of = [&](const FastTable::End& source) -> const auto& {
        const std::uint64_t way = table.fast_path.ways[source.row + source.backend];
        return table.fast_path.members[Way::member(way)].address;
    };
    const net::HashKey secret = table.hash_key;
    const std::uint64_t mac = group.interface->mac;
    PlaceSet others = 0;
    for (; left != 0; left &= left - 1) {
        const auto place = static_cast<std::size_t>(std::countr_zero(left));
        const Frame& frame = batch.packets[place].frame;
        if (!group.holds<Family, offset>(frame)) [[unlikely]] {
            others |= left & -left;
            continue;
        }
        const Headers<Family> headers{frame.data + offset};
        const be16 from_port = headers.udp.source_port, to_port = headers.udp.destination_port;
        // A flood of logins costs no more than the port check here.
        if (net::all_of(to_port != nat_t_port, from_port != nat_t_port)) continue;
        const auto is_sound = [&] {
            return (headers.faults(frame.length - offset) |
                    (FastTable::load_mac(frame.data) ^ mac)) == 0;
        };
        // Starts loading the first bucket of the key; keeps the entry if is_it.
        const auto put = [&](List<Prospect<Family>>& list, const auto& records, const auto& end,
                             const auto& key, std::uint64_t want, bool is_it) {
            const std::uint64_t hash = records.hash(key);
            Prospect<Family>& next = list.items[list.count];
            next = {.key = key,
                    .want = want,
                    .l3 = frame.data + offset,
                    .row = end.row,
                    .frontend = end.frontend,
                    .ip_bytes = static_cast<std::uint16_t>(Family::bytes_of(headers.ip)),
                    .place = place,
                    .hash = hash,
                    .first = records.first_of(hash)};
            records.prefetch(next.first);
            list.count += is_it;
        };
        if (const auto* vip = vip_at({Family::end_key(headers.ip.destination, to_port)})) {
            const auto client = headers.source();
            const std::uint32_t spi = headers.spi();
            const bool is_it = net::all_of(
                to_port == nat_t_port, is_sound(), Family::find(table.addresses, client) == nullptr,
                Family::is(headers.ip.destination, table.fast_path.frontends[vip->frontend].vip));
            const auto key = Family::key(client, spi);
            const std::uint8_t tag =
                sessions::claim_tag({key[0]}, from_port, vip->frontend, secret);
            put(lane.to_servers, claims, *vip, key, Claim{.tag = tag}.pack(), is_it);
            if (is_it && !table.fast_path.labels.empty()) judge_label(lane, group, table);
        } else if (const auto* source =
                       source_at({Family::end_key(headers.ip.source, from_port)})) {
            const auto client = headers.destination();
            constexpr auto spoke = Standing::spoke;
            put(lane.to_clients, flows, *source,
                Family::key(client, sessions::flow_rest(to_port, source->frontend)),
                Flow{.backend = {.index = source->backend}, .standing = spoke}.pack(),
                is_sound() && Family::is(headers.ip.source, address_of(*source)) &&
                    is_reply<Family>(client, frame, *group.interface, table));
        }
    }
    return others;
}

template <typename Family>
PlaceSet sift(const Batch& batch, PlaceSet left, const Group& group, Lane<Family>& lane,
              const Context& context) noexcept {
    return group.l3 == Group::untagged
               ? sift<Family, Group::untagged>(batch, left, group, lane, context)
               : sift<Family, Group::tagged>(batch, left, group, lane, context);
}

/// Changes one address, the hop count and all checksums, by delta. A UDP checksum of zero is none;
/// else delta is subtracted, not added to the complement, and zero comes out as 0xffff.
template <typename Family>
[[gnu::always_inline]] inline void translate(std::uint8_t* l3, auto&& field_of,
                                             const FastTable::Address& to,
                                             std::uint32_t delta) noexcept {
    auto& ip = *reinterpret_cast<typename Family::Header*>(l3);
    auto& udp = *reinterpret_cast<net::UdpHeader*>(l3 + sizeof ip);
    const std::uint32_t before = udp.checksum;
    const std::uint32_t after = net::fold_up(before + 0x1fffe - delta) >> 16;
    auto& field = field_of(ip);
    std::memcpy(&field, to.data(), sizeof field);
    if constexpr (Family::is_v6) {
        --ip.hop_limit;
    } else {
        --ip.ttl;
        ip.checksum = static_cast<std::uint16_t>(
            ~net::fold_up((std::uint32_t{ip.checksum} ^ 0xffff) + delta + net::hop_delta) >> 16);
    }
    udp.checksum = static_cast<std::uint16_t>(before == 0 ? 0 : after);
}

/// One direction of one family: the passes over sift()'s prospects. All members are values: writes
/// to packets could change anything behind a pointer.
template <typename Family, To to>
class Sender {
public:
    Sender(Batch& batch, const Context& context) noexcept
        : packets_{batch.packets.data()},
          reader_{records_of<Family, to>(context.sessions).reader()},
          exits_{(to == To::server ? context.table.fast_path.members
                                   : context.table.fast_path.gateways)
                     .data()},
          frontends_{context.table.fast_path.frontends.data()},
          ways_{context.table.fast_path.ways.data()},
          members_{context.counters.members.data()},
          age_{std::min(context.table.timeouts.flow, to == To::server
                                                         ? affinity::claim_refresh_interval
                                                         : affinity::flow_refresh_interval - 1)},
          now_{context.now} {}

    /// Returns the packets that are done.
    [[gnu::noinline]] PlaceSet run(std::span<const Prospect<Family>> asked,
                                   const Context& context) noexcept {
        const Sender view = *this;
        // Hits and misses are unpredictable: each prospect goes into both lists, and one keeps it.
        std::array<Hit, max_burst> hits;
        std::array<const Prospect<Family>*, max_burst> misses;
        std::size_t hit = 0, miss = 0;
        for (const Prospect<Family>& prospect : asked) {
            std::uint32_t found = sessions::match_words(prospect.first, prospect.key[0]);
            const std::uint64_t* slot = prospect.first + std::countr_zero(found | 8);
            if constexpr (Family::is_v6)  // IPv6 keys have more words
                found =
                    (slot = Family::Claims::Slots::match(prospect.first, prospect.key)) != nullptr;
            hits[hit] = {&prospect, slot};
            misses[miss] = &prospect;
            hit += found != 0;
            miss += found == 0;
        }
        for (std::size_t i = 0; i < miss; ++i)
            view.reader_.prefetch(view.reader_.second_of(misses[i]->hash, misses[i]->first));
        List<Stale> stale;
        PlaceSet done = 0;
        for (std::size_t i = 0; i < hit; ++i) done |= view.send(hits[i], stale, context);
        for (std::size_t i = 0; i < miss; ++i)
            if (const auto* const slot = view.look_further(*misses[i], context)) [[likely]]
                done |= view.send({misses[i], slot}, stale, context);
        if constexpr (to == To::client)
            for (const Stale& one : stale.all()) done |= view.renew_and_send(one, context);
        view.count(done, Rule::esp_client, context.counters);
        return done;
    }
    PlaceSet run_labelled(std::span<const Prospect<Family>> labelled,
                          const Context& context) const noexcept {
        PlaceSet done = 0;
        for (const Prospect<Family>& prospect : labelled)
            if (const auto way = way_of(prospect, prospect.want);
                prospect.ip_bytes <= Way::mtu(way))
                done |= deliver(prospect, prospect.want, way, context);
        count(done, Rule::label, context.counters);
        return done;
    }

private:
    struct Hit {
        const Prospect<Family>* prospect;
        const std::uint64_t* slot;  ///< slot of its record
    };
    /// A reply on a flow whose last_seen must be renewed.
    struct Stale {
        Hit hit;
        sessions::HashedKey login;
        sessions::PersistenceKey persistence;
    };

    const std::uint64_t* look_further(const Prospect<Family>& prospect,
                                      const Context& context) const noexcept {
        std::uint64_t* const second = reader_.second_of(prospect.hash, prospect.first);
        if (const auto* const slot = Family::Claims::Slots::match(second, prospect.key)) [[likely]]
            return slot;
        return records_of<Family, to>(context.sessions).find_spilled(prospect.key, prospect.first);
    }

    std::uint64_t way_of(const Prospect<Family>& prospect, std::uint64_t word) const noexcept {
        return ways_[prospect.row + packed::backend(word).index];
    }
    const FastTable::Exit& exit_of(std::uint64_t word, std::uint64_t way) const noexcept {
        return exits_[to == To::server ? Way::member(way) : packed::byte(word)];
    }
    [[gnu::always_inline]] PlaceSet send(const Hit& hit, List<Stale>& stale,
                                         const Context& context) const noexcept {
        const Prospect<Family>& prospect = *hit.prospect;
        // One layout: both tables have as many key words, and no notes.
        const std::uint64_t word = Family::Claims::Slots::word_at(hit.slot);
        if (!Family::Claims::Slots::holds(hit.slot, prospect.key)) [[unlikely]]
            return 0;
        const std::uint64_t way = way_of(prospect, word);
        const FastTable::Exit& exit = exit_of(word, way);
        constexpr std::uint64_t mask = to == To::server ? of_claim : of_flow;
        const std::uint64_t is_other = (word ^ prospect.want ^ (way & Way::of_generation)) & mask;
        const std::int32_t room =
            std::int32_t{to == To::server ? Way::mtu(way) : exit.mtu} - prospect.ip_bytes;
        if ((is_other | static_cast<std::uint32_t>(room) >> 31) != 0 ||
            (to == To::client && !Way::is_there(way))) [[unlikely]]
            return 0;
        if (!is_within(age_, packed::last_seen(word), now_)) [[unlikely]] {
            if constexpr (to == To::client) note_stale(hit, stale, context);
            return 0;
        }
        return deliver(prospect, word, way, context);
    }
    [[gnu::always_inline]] PlaceSet deliver(const Prospect<Family>& prospect, std::uint64_t word,
                                            std::uint64_t way,
                                            const Context& context) const noexcept {
        const FastTable::Exit& exit = exit_of(word, way);
        std::uint8_t* const l3 = prospect.l3;
        Packet& packet = packets_[prospect.place];
        if ((to == To::client && exit.is_for_some[Family::is_v6] &&
             !context.table.leads_to(Family::ip(Headers<Family>{l3}.destination()),
                                     packed::byte(word))) ||
            !write_link(packet, exit, l3, Family::ether_type))
            return 0;
        MemberCounters& counters = members_[Way::member(way)];
        const std::uint64_t bytes = prospect.ip_bytes, place = prospect.place;
        packet.backend = packed::backend(word).index;
        if (Family::is_v6 && Headers<Family>{l3}.udp.checksum == 0)
            context.counters.udp6_without_checksum.add(1);
        if constexpr (to == To::server) {
            packet.verdict = Verdict::to_server;
            translate<Family>(
                l3, [](auto& ip) -> auto& { return ip.destination; }, exit.address,
                Way::delta(way));
            counters.count_to_server(bytes);
        } else {
            packet.verdict = Verdict::to_client;
            translate<Family>(
                l3, [](auto& ip) -> auto& { return ip.source; }, frontends_[prospect.frontend].vip,
                Way::delta(way) ^ 0xffff);
            counters.count_to_client(bytes);
        }
        return PlaceSet{1} << place;
    }
    void count(PlaceSet done, Rule rule, Counters& counters) const noexcept {
        constexpr auto verdict = to == To::server ? Verdict::to_server : Verdict::to_client;
        const auto delivered = static_cast<std::uint64_t>(std::popcount(done));
        counters.verdicts[static_cast<std::size_t>(verdict)].add(delivered);
        if (to == To::server) counters.steered[static_cast<std::size_t>(rule)].add(delivered);
    }

    /// Loads the records that a flow's renewal may change: the client's login, its persistence.
    [[gnu::noinline]] void note_stale(const Hit& hit, List<Stale>& stale,
                                      const Context& context) const noexcept {
        const sessions::SessionTables& sessions = context.sessions;
        const Headers<Family> headers{hit.prospect->l3};
        const auto client = headers.destination();
        const net::IpAddress& ip = Family::ip(client);
        const auto service = frontends_[hit.prospect->frontend].service;
        const auto tuple = sessions::flow_key(ip, headers.udp.destination_port,
                                              packed::backend(hit.prospect->want).index);
        const Stale& one = stale.items[stale.count++] = {
            hit, sessions::hashed(tuple, sessions.secret),
            sessions::persistence_key(context.table.services[service].client_of(ip), service)};
        sessions.persistences.prefetch(one.persistence);
        sessions.logins.prefetch(one.login);
    }
    /// As the general path, if it would only renew the flow and client persistence.
    PlaceSet renew_and_send(const Stale& stale, const Context& context) const noexcept {
        const auto& [table, sessions, counters, memory, now, micros] = context;
        const auto& [prospect, slot] = stale.hit;
        const std::uint64_t word = Family::Flows::Slots::word_at(slot);
        const forwarding::Seconds last_seen = packed::last_seen(word);
        const bool is_by_source = table.services[frontends_[prospect->frontend].service].affinity ==
                                  forwarding::Affinity::source;
        const auto persistence = is_by_source
                                     ? find_live(sessions.persistences, stale.persistence, context)
                                     : std::nullopt;
        if ((word & of_renewal) != 0 ||
            ((word ^ prospect->want) & of_flow & ~Way::of_generation) != 0 ||
            !is_within(table.timeouts.flow, last_seen, now) ||
            (is_by_source && (!persistence || persistence->backend != packed::backend(word))) ||
            find_live(sessions.logins, stale.login, context) ||
            !Family::Flows::Slots::holds(slot, prospect->key) ||
            !Family::Flows::Slots::exchange(slot, word, word - last_seen + now))
            return 0;
        if (persistence && !is_within(affinity::refresh_interval - 1, persistence->last_seen, now))
            sessions.persistences.refresh(stale.persistence, *persistence,
                                          {.backend = persistence->backend, .last_seen = now});
        return deliver(*prospect, word, way_of(*prospect, word), context);
    }

    Packet* packets_;
    typename std::conditional_t<to == To::server, typename Family::Claims,
                                typename Family::Flows>::Reader reader_;
    const FastTable::Exit* exits_;  ///< members, or gateways
    const FastTable::Frontend* frontends_;
    const std::uint64_t* ways_;
    MemberCounters* members_;
    forwarding::Seconds age_;  ///< age of a record that needs no other look-up
    forwarding::Seconds now_;
};

template <typename Family>
PlaceSet send(const Lane<Family>& lane, Batch& batch, const Context& context) noexcept {
    PlaceSet done = 0;
    if (lane.to_servers.count + lane.labelled.count != 0) {
        Sender<Family, To::server> sender{batch, context};
        done = sender.run(lane.to_servers.all(), context) |
               sender.run_labelled(lane.labelled.all(), context);
    }
    if (lane.to_clients.count != 0)
        done |= Sender<Family, To::client>{batch, context}.run(lane.to_clients.all(), context);
    return done;
}

}  // namespace

PlaceSet fast_path(Batch& batch, Context& context) noexcept {
    constexpr int most_groups = 8;  // per burst; the general path takes further groups
    Lane<V4> lane;
    Lane<V6> lane6;
    PlaceSet left = batch.places();
    for (int i = 0; i < most_groups && left != 0; ++i) {
        const auto place = static_cast<std::size_t>(std::countr_zero(left));
        const auto group = Group::of(batch.packets[place].frame, context.table);
        left = !group         ? left & (left - 1)
               : group->is_v6 ? sift(batch, left, *group, lane6, context)
                              : sift(batch, left, *group, lane, context);
    }
    PlaceSet done = 0;
    if (context.now_micros < context.memory.gates.some_shut_until &&
        context.memory.gates.table_version == context.table.version) {
        PlaceSet taken = 0;
        const auto take = [&](const auto& of) {
            for (const auto* const list : {&of.to_servers, &of.to_clients, &of.labelled})
                for (const auto& one : list->all()) taken |= PlaceSet{1} << one.place;
        };
        take(lane), take(lane6);
        done = refuse_unseen(batch, taken, context);
    }
    done |= send(lane, batch, context) | send(lane6, batch, context);
    return batch.places() & ~done;
}

}  // namespace ikelb::pipeline
