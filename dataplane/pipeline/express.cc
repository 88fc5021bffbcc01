// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include "dataplane/pipeline/pipeline.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <span>

#include "dataplane/affinity/claims.h"
#include "dataplane/net/branchless.h"
#include "dataplane/net/checksum.h"

namespace ikelb::pipeline {

namespace {

using forwarding::AddressEntry, forwarding::AddressRole;
using net::be16, net::be32;

constexpr std::size_t nat_t_position = 1;
constexpr be16 nat_t_port = be16::from_host(forwarding::service_port_numbers[nat_t_position]);
constexpr std::size_t udp_and_esp = sizeof(net::UdpHeader) + 8;  // RFC 4303: SPI and sequence

using Flows = decltype(sessions::Directory::flows.confirmed)::Narrow;
using Claims = decltype(sessions::Directory::claims)::Narrow;

/// What the glance has found out about one packet: a cache line.
struct alignas(64) Prospect {
    std::uint64_t key;  ///< of the claim towards the servers, of the flow towards the clients
    sessions::Spot spot;
    const std::uint64_t* slot;  ///< of its record; nullptr: there is none
    Packet* packet;
    std::uint8_t* l3;    ///< the IP header
    std::uint64_t want;  ///< of the record's bits, as far as the direction's mask goes
    std::uint16_t ip_bytes;
    forwarding::FrontendIndex frontend;
    forwarding::BackendIndex backend;  ///< that a reply comes from; no_backend towards the servers
    std::uint8_t place;                ///< in the burst
};
static_assert(sizeof(Prospect) == 64);

// Of a record, as a word. A claim decides if it is of this client's port and shared with nobody. A
// flow has nothing to learn from its backend if that one spoke and no candidate waits for it.
constexpr std::uint64_t of_claim = sessions::Claim{.tag = 0xff, .is_shared = true}.pack();
constexpr std::uint64_t of_flow =
    sessions::Flow{.backend = {.index = forwarding::max_backends - 1},
                   .standing = sessions::Standing::spoke,
                   .awaits = true}
        .pack();

/// What the passes need of the tables. By value: they write to packets, and behind a pointer
/// anything could have changed by that, as far as the compiler knows.
struct View {
    explicit View(const Context& context) noexcept
        : addresses{context.table.addresses.v4()},
          flows{context.directory.flows.confirmed.narrow().reader()},
          claims{context.directory.claims.narrow().reader()},
          ports{context.table.express.untagged.data()},
          port_count{context.table.express.untagged.size()},
          gateways{context.table.express.gateways.data()},
          frontends{context.table.express.frontends.data()},
          members{context.table.members->data()},
          targets{context.table.express.members.data()},
          secret{context.table.hash_key},
          claim_age{std::min(context.table.timeouts.flow, affinity::claim_refresh_interval)},
          flow_age{std::min(context.table.timeouts.flow, affinity::flow_refresh_interval - 1)},
          now{context.now} {}

    forwarding::AddressMap<AddressEntry>::V4 addresses;
    Flows::Reader flows;
    Claims::Reader claims;
    const forwarding::ExpressTable::Interface* ports;
    std::size_t port_count;
    const forwarding::ExpressTable::Exit* gateways;
    const forwarding::ExpressTable::Frontend* frontends;
    const forwarding::MemberIndex* members;
    const forwarding::ExpressTable::Exit* targets;  ///< by member
    net::HashKey secret;
    forwarding::Seconds claim_age, flow_age;  ///< up to which no other look-up is needed
    forwarding::Seconds now;
};

/// The interface of a frame whose tag comes next; nullptr: none, or no IPv4.
[[gnu::noinline]] const forwarding::ExpressTable::Interface* tagged_interface(
    const Frame& frame, const forwarding::ForwardingTable& table) noexcept {
    const auto tag = net::load<net::VlanTag>(frame.data + sizeof(net::EthernetHeader));
    const std::size_t slot = std::size_t{frame.port} * 4096 + tag.id();
    if (tag.type != be16::from_host(net::ether_type::ipv4) || slot >= table.interface_of.size() ||
        table.interface_of[slot] == forwarding::no_interface)
        return nullptr;
    return &table.express.interfaces[table.interface_of[slot]];
}

/// On an interface that faces both sides: whoever else has a backend's source address forged it.
[[gnu::noinline]] bool is_of_server(const Frame& frame, forwarding::InterfaceIndex interface,
                                    const forwarding::ForwardingTable& table) noexcept {
    return table.server_macs.find(forwarding::gateway_key(interface, frame.sender())) != nullptr;
}

/// The 32 bytes from an IPv4 header without options to the SPI, as numbers in memory order. What is
/// wrong with them is gathered in bits, which cost less than a branch for each.
struct Headers {
    std::uint64_t w0, w1, w2, w3;

    explicit Headers(const std::uint8_t* l3) noexcept
        : w0{net::load<std::uint64_t>(l3)},
          w1{net::load<std::uint64_t>(l3 + 8)},
          w2{net::load<std::uint64_t>(l3 + 16)},
          w3{net::load<std::uint64_t>(l3 + 24)} {}

    std::uint16_t ip_bytes() const noexcept {
        return net::byte_swap(static_cast<std::uint16_t>(w0 >> 16));
    }
    std::uint32_t source() const noexcept {
        return net::byte_swap(static_cast<std::uint32_t>(w1 >> 32));
    }
    std::uint32_t destination() const noexcept {
        return net::byte_swap(static_cast<std::uint32_t>(w2));
    }
    be16 source_port() const noexcept {
        return be16::from_wire(static_cast<std::uint16_t>(w2 >> 32));
    }
    be16 destination_port() const noexcept {
        return be16::from_wire(static_cast<std::uint16_t>(w2 >> 48));
    }
    std::uint16_t udp_bytes() const noexcept {
        return net::byte_swap(static_cast<std::uint16_t>(w3));
    }
    std::uint32_t spi() const noexcept {
        return net::byte_swap(static_cast<std::uint32_t>(w3 >> 32));
    }

    /// Zero if this is a whole, sound packet of UDP with an ESP header in it that may travel on.
    /// bytes: that are there of it.
    std::uint64_t faults(std::size_t bytes) const noexcept {
        constexpr std::uint64_t version = 0xff, fragment = 0xff3fULL << 48, ttl_above_1 = 0xfe,
                                protocol = 0xff00;
        const std::uint64_t fixed = (w0 & (version | fragment)) ^ 0x45;
        const std::uint64_t is_udp = (w1 & protocol) ^ net::ip_protocol::udp << 8;
        const auto total = std::int64_t{ip_bytes()};
        const auto length = std::int64_t{udp_bytes()};
        // The highest bit is set if any of these is below zero.
        const std::int64_t room = (static_cast<std::int64_t>(bytes) - total) |
                                  (length - std::int64_t{udp_and_esp}) |
                                  (total - std::int64_t{sizeof(net::Ipv4Header)} - length) |
                                  (std::int64_t{spi()} - 256);
        return fixed | is_udp | static_cast<std::uint64_t>((w1 & ttl_above_1) == 0) |
               static_cast<std::uint64_t>(room) >> 63 | static_cast<std::uint64_t>(!is_sum_good());
    }

private:
    /// 2^16 is 1 modulo 0xffff, and so is 2^64: a carry is added again. The sum is not 0, since
    /// the first byte is not.
    bool is_sum_good() const noexcept {
        std::uint64_t sum = w0 + w1;
        sum += static_cast<std::uint64_t>(sum < w1);
        const std::uint64_t last = w2 & 0xffffffff;
        sum += last;
        sum += static_cast<std::uint64_t>(sum < last);
        return sum % 0xffff == 0;
    }
};

/// 0/8, 127/8, class D or above: the stages are more exact.
bool is_special(std::uint32_t address) noexcept {
    const std::uint32_t first = address >> 24;
    return net::any_of(first - 1 >= 223, first == 127);
}

/// Of a packet from the clients' side to a VIP.
[[gnu::always_inline]] inline bool glance_to_server(const Headers& headers, const AddressEntry& vip,
                                                    Prospect& prospect, const View& view) noexcept {
    const std::uint32_t client = headers.source();
    if (net::any_of(headers.destination_port() != nat_t_port, is_special(client),
                    vip.role != AddressRole::vip))
        return false;
    prospect.frontend = vip.frontends[nat_t_position];
    prospect.backend = forwarding::no_backend;
    prospect.key = std::uint64_t{client} << 32 | headers.spi();
    const std::uint8_t tag = sessions::claim_tag({prospect.key}, headers.source_port(),
                                                 prospect.frontend, view.secret);
    prospect.want = sessions::Claim{.tag = tag}.pack();
    prospect.spot = view.claims.spot_of({prospect.key});
    return view.addresses.find(client) == nullptr;
}

[[gnu::always_inline]] inline bool glance_to_client(const Headers& headers, Prospect& prospect,
                                                    const View& view,
                                                    const Context& context) noexcept {
    const std::uint32_t client = headers.destination();
    const AddressEntry* from = view.addresses.find(headers.source());
    if (from == nullptr || net::any_of(from->role != AddressRole::backend,
                                       headers.source_port() != nat_t_port, is_special(client),
                                       context.table.express.is_inside(client)))
        return false;
    prospect.backend = from->backend;
    prospect.frontend = from->frontends[nat_t_position];
    prospect.key = sessions::narrow_flow_key(client, headers.destination_port(), prospect.frontend);
    prospect.want = sessions::Flow{.backend = {.index = prospect.backend},
                                   .standing = sessions::Standing::spoke}
                        .pack();
    prospect.spot = view.flows.spot_of({prospect.key});
    return prospect.frontend != forwarding::no_frontend;
}

/// Reads the headers; false: this one is for the stages.
[[gnu::always_inline]] inline bool glance(Packet& packet, Prospect& prospect, const View& view,
                                          const Context& context) noexcept {
    constexpr std::size_t least = sizeof(net::EthernetHeader) + sizeof(net::VlanTag) +
                                  sizeof(net::Ipv4Header) + udp_and_esp;
    const Frame frame = packet.frame;
    if (net::any_of(frame.contiguous < least, frame.contiguous != frame.length, frame.was_held,
                    frame.port >= view.port_count))
        return false;
    std::size_t offset = sizeof(net::EthernetHeader);
    const auto* interface = &view.ports[frame.port];
    const auto type = net::load<be16>(frame.data + 12);
    if (type != be16::from_host(net::ether_type::ipv4)) [[unlikely]] {
        if (type != be16::from_host(net::ether_type::vlan)) return false;
        interface = tagged_interface(frame, context.table);
        if (interface == nullptr) return false;
        offset += sizeof(net::VlanTag);
    }
    std::uint8_t* const l3 = frame.data + offset;
    const Headers headers{l3};
    // What a flood of logins is spends no more on this.
    if (net::all_of(headers.destination_port() != nat_t_port,
                    headers.source_port() != nat_t_port))
        return false;
    prospect.packet = &packet;
    prospect.l3 = l3;
    prospect.ip_bytes = headers.ip_bytes();
    const std::uint64_t faults = headers.faults(frame.length - offset) |
                                 (forwarding::ExpressTable::load_mac(frame.data) ^ interface->mac);
    if (faults != 0) return false;
    const AddressEntry* to = view.addresses.find(headers.destination());
    const bool is_prospect =
        to == nullptr
            ? interface->faces_servers &&
                  (!interface->faces_clients ||
                   is_of_server(frame, interface->index, context.table)) &&
                  glance_to_client(headers, prospect, view, context)
            : glance_to_server(headers, *to, prospect, view);
    if (!is_prospect) return false;
    packet.in_interface = interface->index;
    view.flows.prefetch_keys(prospect.spot);
    return true;
}

/// Right before the IP header, whatever stood there; false: there is no room for it.
[[gnu::always_inline]] inline bool write_link(Packet& packet,
                                              const forwarding::ExpressTable::Exit& exit,
                                              std::uint8_t* l3) noexcept {
    constexpr std::size_t macs = 2 * sizeof(net::MacAddress);
    std::uint8_t* const start = l3 - exit.length;
    const auto shift = static_cast<std::int32_t>(start - packet.frame.data);
    if (shift < -std::int32_t{packet.frame.headroom}) return false;
    std::memcpy(start, exit.link.data(), macs);
    if (exit.length != sizeof(net::EthernetHeader)) [[unlikely]]
        std::memcpy(start + macs, exit.link.data() + macs, sizeof(net::VlanTag));
    net::store(l3 - sizeof(be16), be16::from_host(net::ether_type::ipv4));
    packet.out_port = exit.port;
    packet.out_shift = shift;
    packet.out_length = packet.frame.length - static_cast<std::uint32_t>(shift);
    return true;
}

/// A sum of 16-bit words folded to 16 bits, in the upper half (the lower one holds no meaning).
constexpr std::uint32_t fold_up(std::uint32_t sum) noexcept { return sum + std::rotl(sum, 16); }

/// What one hop less adds to the checksum: the word of TTL and protocol becomes less by one, the
/// TTL being its first byte (RFC 1624 eqn. 3, in memory order as all sums here).
constexpr std::uint32_t hop_delta = 0xfffe;
static_assert(std::endian::native == std::endian::little);

/// One address and one hop less, with both checksums. A UDP checksum of zero is none and stays;
/// otherwise what changes is taken away instead of added to the complement: the same sum, but that
/// zero comes out as the 0xffff which UDP wants.
[[gnu::always_inline]] inline void translate(net::Ipv4Header& ip, net::UdpHeader& udp,
                                             net::Ipv4Address& field,
                                             const forwarding::ExpressTable::Address& from,
                                             const forwarding::ExpressTable::Address& to) noexcept {
    const std::uint32_t delta = std::uint32_t{from.minus} + to.plus;
    const std::uint32_t before = udp.checksum;
    const std::uint32_t after = fold_up(before + 0x1fffe - delta) >> 16;
    field = to.value;
    --ip.ttl;
    ip.checksum = static_cast<std::uint16_t>(
        ~fold_up((std::uint32_t{ip.checksum} ^ 0xffff) + delta + hop_delta) >> 16);
    udp.checksum = static_cast<std::uint16_t>(before == 0 ? 0 : after);
}

/// What a burst's packets have in common is counted once.
struct Tally {
    std::uint64_t to_server = 0;
    std::uint64_t to_client = 0;
};

/// Reads the record and rewrites; false: this one is for the stages.
[[gnu::always_inline]] inline bool finish(const Prospect& prospect, Tally& tally,
                                          const View& view, const Context& context) noexcept {
    if (prospect.slot == nullptr) return false;
    // One layout: both tables have one word of key and none of notes.
    const auto word = Flows::Slots::read_word(prospect.slot, {prospect.key});
    if (!word) return false;
    const bool is_to_server = prospect.backend == forwarding::no_backend;
    const forwarding::BackendRef ref = sessions::packed::backend(*word);
    const forwarding::BackendIndex backend = ref.index;
    const auto& frontend = view.frontends[prospect.frontend];
    const forwarding::MemberIndex member =
        view.members[frontend.service * forwarding::max_backends + backend];
    const auto& target = view.targets[member];
    const forwarding::GatewayIndex gateway = sessions::packed::byte(*word);
    const auto& exit = is_to_server ? target : view.gateways[gateway];
    auto& ip = *reinterpret_cast<net::Ipv4Header*>(prospect.l3);
    if (!net::all_of(((*word ^ prospect.want) & (is_to_server ? of_claim : of_flow)) == 0,
                     forwarding::is_within(is_to_server ? view.claim_age : view.flow_age,
                                           sessions::packed::last_seen(*word), view.now),
                     target.generation == ref.generation,
                     net::any_of(!is_to_server, frontend.is_usable),
                     member != forwarding::no_member, prospect.ip_bytes <= exit.mtu) ||
        (exit.is_for_some &&
         !context.table.leads_to(net::IpAddress::from_v4(ip.destination), gateway)) ||
        !write_link(*prospect.packet, exit, prospect.l3))
        return false;
    Packet& packet = *prospect.packet;
    auto& udp = *reinterpret_cast<net::UdpHeader*>(prospect.l3 + sizeof ip);
    MemberCounters& of_member = context.counters.members[member];
    packet.backend = backend;
    if (is_to_server) {
        packet.verdict = Verdict::to_server;
        translate(ip, udp, ip.destination, frontend.vip, target.address);
        of_member.packets_to_server.add(1);
        of_member.bytes_to_server.add(prospect.ip_bytes);
        ++tally.to_server;
    } else {
        packet.verdict = Verdict::to_client;
        translate(ip, udp, ip.source, target.address, frontend.vip);
        of_member.packets_to_client.add(1);
        of_member.bytes_to_client.add(prospect.ip_bytes);
        ++tally.to_client;
    }
    return true;
}

void count(const Tally& tally, Counters& counters) noexcept {
    const auto add = [&](Verdict verdict, std::uint64_t amount) {
        counters.verdicts[static_cast<std::size_t>(verdict)].add(amount);
    };
    add(Verdict::to_server, tally.to_server);
    add(Verdict::to_client, tally.to_client);
    counters.steered[static_cast<std::size_t>(Rule::esp_client)].add(tally.to_server);
}

}  // namespace

PlaceSet express(Batch& batch, Context& context) noexcept {
    const PlaceSet all = batch.places();
    // A label decides before a claim does.
    if (!context.table.labelled.empty()) return all;
    const View view{context};
    std::array<Prospect, max_burst> prospects;
    Prospect* next = prospects.data();
    for (std::size_t i = 0; i < batch.count; ++i) {
        next->place = static_cast<std::uint8_t>(i);
        next += glance(batch.packets[i], *next, view, context) ? 1 : 0;
    }
    const std::span found{prospects.data(), next};
    for (Prospect& prospect : found) {
        prospect.slot = view.flows.find_slot({prospect.key}, prospect.spot);
        if (prospect.slot == nullptr) [[unlikely]]
            prospect.slot =
                prospect.backend == forwarding::no_backend
                    ? context.directory.claims.narrow().find_spilled({prospect.key}, prospect.spot)
                    : context.directory.flows.confirmed.narrow().find_spilled({prospect.key},
                                                                              prospect.spot);
        if (prospect.slot != nullptr) [[likely]]
            view.flows.prefetch_slot(prospect.slot);
    }
    PlaceSet done = 0;
    Tally tally;
    for (const Prospect& prospect : found)
        done |= PlaceSet{finish(prospect, tally, view, context)} << prospect.place;
    count(tally, context.counters);
    return all & ~done;
}

}  // namespace ikelb::pipeline
