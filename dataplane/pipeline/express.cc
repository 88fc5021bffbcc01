// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include "dataplane/pipeline/pipeline.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <span>

#include "dataplane/affinity/admit.h"
#include "dataplane/affinity/claims.h"
#include "dataplane/net/branchless.h"
#include "dataplane/net/checksum.h"
#include "dataplane/wall/source.h"

namespace ikelb::pipeline {

namespace {

using forwarding::AddressEntry, forwarding::AddressRole, forwarding::ExpressTable;
using forwarding::ForwardingTable, net::be16;

constexpr std::size_t nat_t_position = 1;
constexpr be16 nat_t_port = be16::from_host(forwarding::service_port_numbers[nat_t_position]);
constexpr std::size_t udp_and_esp = sizeof(net::UdpHeader) + 8;  // RFC 4303: SPI and sequence

/// What depends on the family. An address of IPv4 is a number here, for a compiler's sake.
struct V4 {
    static constexpr bool is_v6 = false;
    static constexpr std::uint16_t ether_type = net::ether_type::ipv4;
    using Header = net::Ipv4Header;
    using Flows = decltype(sessions::Directory::flows)::Narrow;
    using Claims = decltype(sessions::Directory::claims)::Narrow;
    using Address = std::uint32_t;

    static const auto& of(const auto& table) noexcept { return table.narrow(); }
    static Address address(const net::Ipv4Address& at) noexcept { return at.value.to_host(); }
    static net::IpAddress ip(Address at) noexcept { return net::IpAddress::from_v4_host(at); }
    static unsigned first_octet(Address address) noexcept { return address >> 24; }
    static std::array<std::uint64_t, 1> narrow_key(Address client, std::uint32_t rest) noexcept {
        return {std::uint64_t{client} << 32 | rest};
    }
    static auto key(Address at, std::uint32_t rest) noexcept { return narrow_key(at, rest); }
    static std::size_t bytes_of(const Header& ip) noexcept { return ip.total_length.to_host(); }
    /// Zero of UDP in one piece that may travel on.
    static std::uint64_t faults(const Header& ip) noexcept {
        constexpr std::uint64_t version = 0xff, fragment = 0xff3fULL << 48, ttl_above_1 = 0xfe,
                                protocol = 0xff00;
        const auto* const at = reinterpret_cast<const std::uint8_t*>(&ip);
        const auto w0 = net::load<std::uint64_t>(at), w1 = net::load<std::uint64_t>(at + 8);
        return ((w0 & (version | fragment)) ^ 0x45) |
               ((w1 & protocol) ^ net::ip_protocol::udp << 8) |
               static_cast<std::uint64_t>((w1 & ttl_above_1) == 0) |
               static_cast<std::uint64_t>(!net::is_sum_good(ip));
    }
};

/// Without extension headers.
struct V6 {
    static constexpr bool is_v6 = true;
    static constexpr std::uint16_t ether_type = net::ether_type::ipv6;
    using Header = net::Ipv6Header;
    using Flows = decltype(sessions::Directory::flows)::Wide;
    using Claims = decltype(sessions::Directory::claims)::Wide;
    using Address = net::IpAddress;

    static const auto& of(const auto& table) noexcept { return table.wide(); }
    static Address address(const std::array<std::uint8_t, 16>& at) noexcept { return Address{at}; }
    static const net::IpAddress& ip(const Address& address) noexcept { return address; }
    static unsigned first_octet(const Address& address) noexcept { return address.bytes()[0]; }
    static auto narrow_key(const Address& client, std::uint32_t rest) noexcept {
        return sessions::ClientKey{.client = client, .rest = rest}.narrow();
    }
    static auto key(const Address& client, std::uint32_t rest) noexcept {
        return sessions::ClientKey{.client = client, .rest = rest}.wide();
    }
    static std::size_t bytes_of(const Header& ip) noexcept { return ip.packet_bytes(); }
    static std::uint64_t faults(const Header& ip) noexcept {
        return (std::uint64_t{ip.version_class_flow.to_host()} >> 28 ^ 6) |
               static_cast<std::uint64_t>(ip.next_header ^ net::ip_protocol::udp) |
               static_cast<std::uint64_t>(ip.hop_limit <= 1) |
               static_cast<std::uint64_t>(net::IpAddress{ip.destination}.is_v4());
    }
};

/// The headers of ESP in UDP, one behind the other. What is wrong with them is gathered in bits,
/// which cost less than a branch for each.
template <typename Family>
struct Headers {
    const typename Family::Header& ip;
    const net::UdpHeader& udp;

    explicit Headers(const std::uint8_t* l3) noexcept
        : ip{*reinterpret_cast<const typename Family::Header*>(l3)},
          udp{*reinterpret_cast<const net::UdpHeader*>(l3 + sizeof ip)} {}

    auto source() const noexcept { return Family::address(ip.source); }
    auto destination() const noexcept { return Family::address(ip.destination); }
    std::uint32_t spi() const noexcept {
        return net::load<net::be32>(reinterpret_cast<const std::uint8_t*>(&udp + 1)).to_host();
    }
    /// Zero of a whole, sound packet that may travel on, of ESP, with lowest_spi 0 of another kind.
    std::uint64_t faults(std::size_t bytes, std::int64_t lowest_spi = 256) const noexcept {
        const auto total = static_cast<std::int64_t>(Family::bytes_of(ip));
        const auto length = std::int64_t{udp.length.to_host()};
        // The highest bit is set if any of these is below zero.
        const std::int64_t room = (static_cast<std::int64_t>(bytes) - total) |
                                  (length - std::int64_t{udp_and_esp}) |
                                  (total - std::int64_t{sizeof ip} - length) |
                                  (std::int64_t{spi()} - lowest_spi);
        return Family::faults(ip) | static_cast<std::uint64_t>(room) >> 63;
    }
};

/// What the glance has found out about one packet.
template <typename Family>
struct alignas(64) Prospect {
    typename Family::Flows::Key key;  ///< towards the servers of the claim, else of the flow
    sessions::Spot spot;
    const std::uint64_t* slot;  ///< of its record; nullptr: there is none
    Packet* packet;
    std::uint8_t* l3;    ///< the IP header
    std::uint64_t want;  ///< of the record's bits, as far as the direction's mask goes
    std::uint16_t ip_bytes;
    forwarding::FrontendIndex frontend;
    forwarding::BackendIndex backend;  ///< that a reply comes from; no_backend towards the servers
};

// Of a record, as a word. A claim decides if it is of this client's port and shared with nobody. A
// flow has nothing to learn from its backend if that one spoke and no candidate waits for it.
constexpr std::uint64_t of_claim = sessions::Claim{.tag = 0xff, .is_shared = true}.pack();
constexpr std::uint64_t of_flow =
    sessions::Flow{.backend = {.index = forwarding::max_backends - 1},
                   .standing = sessions::Standing::spoke,
                   .awaits = true}
        .pack();
/// What one has whose last_seen is the steps' to renew.
constexpr std::uint64_t of_renewal = sessions::Flow{.has_rivals = true, .is_over = true}.pack();

/// What the passes need of the tables. By value: they write to packets, and behind a pointer
/// anything could have changed by that, as far as the compiler knows.
template <typename Family>
struct View {
    explicit View(const Context& context) noexcept
        : flows{Family::of(context.directory.flows).reader()},
          claims{Family::of(context.directory.claims).reader()},
          gateways{context.table.express.gateways.data()},
          frontends{context.table.express.frontends.data()},
          members{context.table.members->data()},
          targets{context.table.express.members.data()},
          claim_age{std::min(context.table.timeouts.flow, affinity::claim_refresh_interval)},
          flow_age{std::min(context.table.timeouts.flow, affinity::flow_refresh_interval - 1)},
          now{context.now} {}

    typename Family::Flows::Reader flows;
    typename Family::Claims::Reader claims;
    const ExpressTable::Exit* gateways;
    const ExpressTable::Frontend* frontends;
    const forwarding::MemberIndex* members;
    const ExpressTable::Exit* targets;        ///< by member
    forwarding::Seconds claim_age, flow_age;  ///< up to which no other look-up is needed
    forwarding::Seconds now;
};

/// How a frame came in, and where its IP header is.
struct Ingress {
    const ExpressTable::Interface* interface = nullptr;  ///< nullptr: it is for the steps
    std::size_t l3 = sizeof(net::EthernetHeader);
    be16 type;
    std::size_t bytes;  ///< of the frame

    [[gnu::always_inline]] Ingress(const Frame& frame, const ForwardingTable& table) noexcept
        : type{be16::from_wire(0)}, bytes{frame.length} {
        constexpr std::size_t least = sizeof(net::EthernetHeader) + sizeof(net::VlanTag) +
                                      sizeof(net::Ipv4Header) + udp_and_esp;
        const auto& ports = table.express.untagged;
        if (net::any_of(frame.contiguous < least, frame.contiguous != frame.length,
                        frame.was_held, frame.port >= ports.size()))
            return;
        interface = &ports[frame.port];
        type = net::load<be16>(frame.data + 12);
        if (type == be16::from_host(net::ether_type::vlan)) [[unlikely]] {
            const auto tag = net::load<net::VlanTag>(frame.data + l3);
            const std::size_t slot = std::size_t{frame.port} * 4096 + tag.id();
            const bool is_known = slot < table.interface_of.size() &&
                                  table.interface_of[slot] != forwarding::no_interface;
            interface = is_known ? &table.express.interfaces[table.interface_of[slot]] : nullptr;
            l3 += sizeof tag;
            type = tag.type;
        }
    }
    template <typename Family>
    bool is() const noexcept {
        return interface != nullptr && type == be16::from_host(Family::ether_type) &&
               (!Family::is_v6 || bytes >= l3 + sizeof(net::Ipv6Header) + udp_and_esp);
    }
};

/// Of a packet from the clients' side to a VIP.
template <typename Family>
[[gnu::always_inline]] inline bool glance_to_server(const Headers<Family>& headers,
                                                    const AddressEntry& vip,
                                                    Prospect<Family>& prospect,
                                                    const View<Family>& view,
                                                    const ForwardingTable& table) noexcept {
    const auto client = headers.source();
    if (net::any_of(headers.udp.destination_port != nat_t_port, vip.role != AddressRole::vip))
        return false;
    prospect.frontend = vip.frontends[nat_t_position];
    prospect.backend = forwarding::no_backend;
    prospect.key = Family::key(client, headers.spi());
    const std::uint8_t tag =
        sessions::claim_tag(Family::narrow_key(client, headers.spi()), headers.udp.source_port,
                            prospect.frontend, table.hash_key);
    prospect.want = sessions::Claim{.tag = tag}.pack();
    prospect.spot = view.claims.spot_of(prospect.key);
    return table.addresses.find(client) == nullptr;
}

template <typename Family>
[[gnu::always_inline]] inline bool glance_to_client(const Headers<Family>& headers,
                                                    Prospect<Family>& prospect,
                                                    const View<Family>& view,
                                                    const ForwardingTable& table) noexcept {
    const auto client = headers.destination();
    const AddressEntry* from = table.addresses.find(headers.source());
    if (from == nullptr || net::any_of(from->role != AddressRole::backend,
                                       headers.udp.source_port != nat_t_port) ||
        (table.wall.is_suspect(Family::first_octet(client)) &&
         (wall::is_martian(Family::ip(client)) || table.is_inside(Family::ip(client)))))
        return false;
    prospect.backend = from->backend;
    prospect.frontend = from->frontends[nat_t_position];
    prospect.key = Family::key(
        client, sessions::flow_rest(headers.udp.destination_port, prospect.frontend));
    prospect.want = sessions::Flow{.backend = {.index = prospect.backend},
                                   .standing = sessions::Standing::spoke}
                        .pack();
    prospect.spot = view.flows.spot_of(prospect.key);
    return prospect.frontend != forwarding::no_frontend;
}

/// Reads the headers; false: this one is for the steps.
template <typename Family>
[[gnu::always_inline]] inline bool glance(Packet& packet, const Ingress& in,
                                          Prospect<Family>& prospect, const View<Family>& view,
                                          const ForwardingTable& table) noexcept {
    const Frame& frame = packet.frame;
    const ExpressTable::Interface& interface = *in.interface;
    const Headers<Family> headers{frame.data + in.l3};
    // What a flood of logins is spends no more on this.
    if (net::all_of(headers.udp.destination_port != nat_t_port,
                    headers.udp.source_port != nat_t_port))
        return false;
    prospect.packet = &packet;
    prospect.l3 = frame.data + in.l3;
    prospect.ip_bytes = static_cast<std::uint16_t>(Family::bytes_of(headers.ip));
    const std::uint64_t faults = headers.faults(frame.length - in.l3) |
                                 (ExpressTable::load_mac(frame.data) ^ interface.mac);
    if (faults != 0) return false;
    const AddressEntry* to = table.addresses.find(headers.destination());
    const bool is_prospect =
        to == nullptr ? interface.faces_servers &&
                            // Whoever else has a backend's source address there forged it.
                            (!interface.faces_clients ||
                             table.server_macs.find(forwarding::gateway_key(
                                 interface.index, frame.sender())) != nullptr) &&
                            glance_to_client(headers, prospect, view, table)
                      : glance_to_server(headers, *to, prospect, view, table);
    if (is_prospect) view.flows.prefetch_keys(prospect.spot);
    return is_prospect;
}

/// Right before the IP header, whatever stood there; false: there is no room for it.
template <typename Family>
[[gnu::always_inline]] inline bool write_link(Packet& packet, const ExpressTable::Exit& exit,
                                              std::uint8_t* l3) noexcept {
    constexpr std::size_t macs = 2 * sizeof(net::MacAddress);
    std::uint8_t* const start = l3 - exit.length;
    const auto shift = static_cast<std::int32_t>(start - packet.frame.data);
    if (shift < -std::int32_t{packet.frame.headroom}) return false;
    std::memcpy(start, exit.link.data(), macs);
    if (exit.length != sizeof(net::EthernetHeader)) [[unlikely]]
        std::memcpy(start + macs, exit.link.data() + macs, sizeof(net::VlanTag));
    net::store(l3 - sizeof(be16), be16::from_host(Family::ether_type));
    packet.out_port = exit.port;
    packet.out_shift = shift;
    packet.out_length = packet.frame.length - static_cast<std::uint32_t>(shift);
    return true;
}

/// One address and one hop less, with all checksums. A UDP checksum of zero is none and stays;
/// otherwise what changes is taken away instead of added to the complement: the same sum, but that
/// zero comes out as the 0xffff which UDP wants.
template <typename Family>
[[gnu::always_inline]] inline void translate(std::uint8_t* l3, auto&& field_of,
                                             const ExpressTable::Address& from,
                                             const ExpressTable::Address& to) noexcept {
    auto& ip = *reinterpret_cast<typename Family::Header*>(l3);
    auto& udp = *reinterpret_cast<net::UdpHeader*>(l3 + sizeof ip);
    const std::uint32_t delta = std::uint32_t{from.minus} + to.plus;
    const std::uint32_t before = udp.checksum;
    const std::uint32_t after = net::fold_up(before + 0x1fffe - delta) >> 16;
    auto& field = field_of(ip);
    std::memcpy(&field, to.value.data(), sizeof field);
    if constexpr (Family::is_v6) {
        --ip.hop_limit;
    } else {
        --ip.ttl;
        ip.checksum = static_cast<std::uint16_t>(
            ~net::fold_up((std::uint32_t{ip.checksum} ^ 0xffff) + delta + net::hop_delta) >> 16);
    }
    udp.checksum = static_cast<std::uint16_t>(before == 0 ? 0 : after);
}

/// Renews a flow's last_seen where it stands; false: the steps would do more than that, for the
/// login or the binding that hangs on it. The caller has seen that it decides and awaits nothing.
template <typename Family>
[[gnu::noinline]] bool renew_in_place(const Prospect<Family>& prospect, std::uint64_t word,
                                      const Context& context) noexcept {
    const auto& [table, directory, counters, memory, now, micros] = context;
    const forwarding::Seconds last_seen = sessions::packed::last_seen(word);
    const Headers<Family> headers{prospect.l3};
    const net::IpAddress client = Family::ip(headers.destination());
    const auto service = table.express.frontends[prospect.frontend].service;
    const auto login = sessions::hashed(
        sessions::flow_key(client, headers.udp.destination_port, prospect.backend),
        directory.secret);
    const auto binding = affinity::find_binding(client, service, context);
    const bool is_bound =
        binding && binding->backend == sessions::packed::backend(word) &&
        forwarding::is_within(affinity::refresh_interval - 1, binding->last_seen, now);
    return (is_bound || table.services[service].affinity == forwarding::Affinity::sa) &&
           (word & of_renewal) == 0 && !directory.logins.find(login, table.timeouts, now) &&
           forwarding::is_within(table.timeouts.flow, last_seen, now) &&
           Family::Flows::Slots::exchange(prospect.slot, word, word - last_seen + now);
}

/// Rewrites as the record says; false: this one is for the steps.
template <typename Family>
[[gnu::always_inline]] inline bool finish(const Prospect<Family>& prospect, std::uint64_t word,
                                          const View<Family>& view,
                                          const Context& context) noexcept {
    const bool is_to_server = prospect.backend == forwarding::no_backend;
    const forwarding::BackendRef ref = sessions::packed::backend(word);
    const forwarding::BackendIndex backend = ref.index;
    const auto& frontend = view.frontends[prospect.frontend];
    const forwarding::MemberIndex member =
        view.members[frontend.service * forwarding::max_backends + backend];
    const auto& target = view.targets[member];
    const forwarding::GatewayIndex gateway = sessions::packed::byte(word);
    const auto& exit = is_to_server ? target : view.gateways[gateway];
    const bool is_recent =
        forwarding::is_within(is_to_server ? view.claim_age : view.flow_age,
                              sessions::packed::last_seen(word), view.now);
    if (!net::all_of(((word ^ prospect.want) & (is_to_server ? of_claim : of_flow)) == 0,
                     net::any_of(is_recent, !is_to_server), target.generation == ref.generation,
                     net::any_of(!is_to_server, frontend.is_usable),
                     member != forwarding::no_member, prospect.ip_bytes <= exit.mtu) ||
        (exit.is_for_some[Family::is_v6] &&
         !context.table.leads_to(Family::ip(Headers<Family>{prospect.l3}.destination()),
                                 gateway)) ||
        (!is_recent && !renew_in_place(prospect, word, context)) ||
        !write_link<Family>(*prospect.packet, exit, prospect.l3))
        return false;
    Packet& packet = *prospect.packet;
    Counters& counters = context.counters;
    MemberCounters& of_member = counters.members[member];
    packet.backend = backend;
    packet.verdict = is_to_server ? Verdict::to_server : Verdict::to_client;
    counters.verdicts[static_cast<std::size_t>(packet.verdict)].add(1);
    if (Family::is_v6 && Headers<Family>{prospect.l3}.udp.checksum == 0)
        counters.udp6_without_checksum.add(1);
    if (is_to_server) {
        translate<Family>(prospect.l3, [](auto& ip) -> auto& { return ip.destination; },
                          frontend.vip, target.address);
        of_member.packets_to_server.add(1);
        of_member.bytes_to_server.add(prospect.ip_bytes);
        counters.steered[static_cast<std::size_t>(Rule::esp_client)].add(1);
    } else {
        translate<Family>(prospect.l3, [](auto& ip) -> auto& { return ip.source; },
                          target.address, frontend.vip);
        of_member.packets_to_client.add(1);
        of_member.bytes_to_client.add(prospect.ip_bytes);
    }
    return true;
}

/// The second pass and the third.
template <typename Family>
[[gnu::noinline]] PlaceSet look_and_finish(std::span<Prospect<Family>> found, const Batch& batch,
                                           const View<Family>& view,
                                           const Context& context) noexcept {
    const sessions::Directory& directory = context.directory;
    for (Prospect<Family>& prospect : found) {
        prospect.slot = view.flows.find_slot(prospect.key, prospect.spot);
        if (prospect.slot == nullptr) [[unlikely]]
            prospect.slot =
                prospect.backend == forwarding::no_backend
                    ? Family::of(directory.claims).find_spilled(prospect.key, prospect.spot)
                    : Family::of(directory.flows).find_spilled(prospect.key, prospect.spot);
        if (prospect.slot != nullptr) [[likely]]
            view.flows.prefetch_slot(prospect.slot);
    }
    PlaceSet done = 0;
    for (const Prospect<Family>& prospect : found) {
        if (prospect.slot == nullptr) continue;
        // One layout: both tables have as many words of key and none of notes.
        const auto word = Family::Flows::Slots::read_word(prospect.slot, prospect.key);
        done |= PlaceSet{word && finish(prospect, *word, view, context)}
                << batch.place_of(*prospect.packet);
    }
    return done;
}

/// Decides a request for a new SA whose service's gate is shut, as affinity::let_in() does and with
/// the same token of its source; false: the steps decide, and no token is spent.
template <typename Family>
bool refuse_unseen(Packet& packet, const Ingress& in, Context& context) noexcept {
    const auto& [table, directory, counters, memory, now, micros] = context;
    const Headers<Family> headers{packet.frame.data + in.l3};
    const auto client = headers.source();
    const net::IpAddress& ip = Family::ip(client);
    const std::size_t position = forwarding::service_port_position(headers.udp.destination_port);
    const AddressEntry* to = table.addresses.find(headers.destination());
    // Whom the wall would look at more closely it shall see; link-local and mapped sources as well,
    // whose first octets are those of IPv4's martians.
    if ((headers.faults(packet.frame.length - in.l3, 0) |
         (ExpressTable::load_mac(packet.frame.data) ^ in.interface->mac)) != 0 ||
        to == nullptr || to->role != AddressRole::vip || position == forwarding::service_ports ||
        in.interface->faces_servers || table.wall.is_suspect(Family::first_octet(client)) ||
        table.addresses.find(client) != nullptr)
        return false;
    const forwarding::Frontend& frontend = table.frontends[to->frontends[position]];
    const std::span payload{reinterpret_cast<const std::uint8_t*>(&headers.udp + 1),
                            headers.udp.length.to_host() - sizeof headers.udp};
    const auto datagram = ike::classify(payload, payload.size(), position == nat_t_position);
    if (!frontend.is_served || datagram.kind != ike::Kind::ike ||
        !affinity::begins_sa(ike::header_of(payload, datagram)) ||
        !affinity::is_gate_shut(payload.subspan(datagram.ike_offset), frontend.service, context) ||
        !memory.requests_by_source.take(ip, table.hash_key, micros,
                                        table.limits.requests_per_source))
        return false;
    packet.verdict = Verdict::backend_limited;
    counters.verdicts[static_cast<std::size_t>(packet.verdict)].add(1);
    return true;
}

/// Tokens are taken in the order of the burst: none behind a packet that may take one in the steps,
/// as ESP does not. found: what the glance has taken.
[[gnu::noinline]] PlaceSet refuse_all_unseen(Batch& batch, Context& context,
                                             const auto&... found) noexcept {
    PlaceSet taken = 0, refused = 0;
    const auto take = [&](const auto& prospect) {
        taken |= PlaceSet{1} << batch.place_of(*prospect.packet);
    };
    (std::ranges::for_each(found, take), ...);
    for (std::size_t i = 0; i < batch.count; ++i) {
        if ((taken >> i & 1) != 0) continue;
        const Ingress in{batch.packets[i].frame, context.table};
        if (!(in.is<V4>() ? refuse_unseen<V4>(batch.packets[i], in, context)
                          : in.is<V6>() && refuse_unseen<V6>(batch.packets[i], in, context)))
            break;
        refused |= PlaceSet{1} << i;
    }
    return refused;
}

}  // namespace

PlaceSet express(Batch& batch, Context& context) noexcept {
    // A label decides before a claim does.
    if (!context.table.labelled.empty()) return batch.places();
    const View<V4> view{context};
    const View<V6> view6{context};
    std::array<Prospect<V4>, max_burst> prospects;
    std::array<Prospect<V6>, max_burst> prospects6;
    auto* next = prospects.data();
    auto* next6 = prospects6.data();
    for (std::size_t i = 0; i < batch.count; ++i) {
        Packet& packet = batch.packets[i];
        const Ingress in{packet.frame, context.table};
        if (in.is<V4>())
            next += glance(packet, in, *next, view, context.table) ? 1 : 0;
        else if (in.is<V6>())
            next6 += glance(packet, in, *next6, view6, context.table) ? 1 : 0;
    }
    const std::span found{prospects.data(), next};
    const std::span found6{prospects6.data(), next6};
    PlaceSet done = 0;
    if (context.now_micros < context.memory.gates.some_shut_until &&
        context.memory.gates.table_version == context.table.version)
        done = refuse_all_unseen(batch, context, found, found6);
    done |= look_and_finish(found, batch, view, context);
    if (!found6.empty()) done |= look_and_finish(found6, batch, view6, context);
    return batch.places() & ~done;
}

}  // namespace ikelb::pipeline
