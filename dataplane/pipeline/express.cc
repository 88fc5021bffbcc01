// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include "dataplane/pipeline/express.h"

#include <array>
#include <bit>
#include <cstring>

#include "dataplane/net/checksum.h"
#include "dataplane/pipeline/renewal.h"

namespace ikelb::pipeline {

namespace {

using net::be16;
using net::be32;
using tables::AddressEntry;
using tables::AddressRole;

constexpr std::size_t nat_t_position = 1;
constexpr be16 nat_t_port = be16::from_host(tables::service_port_numbers[nat_t_position]);
constexpr std::size_t udp_and_esp = sizeof(net::UdpHeader) + 8;  // RFC 4303: SPI and sequence

using Flows = tables::FamilyTable<tables::FlowKey, 1>::Narrow;

/// What the glance has found out about one packet.
struct Prospect {
    Packet* packet;
    std::uint64_t key;   ///< of the flow
    Flows::Spot spot;
    const std::uint64_t* slot;     ///< of the flow's record; nullptr: there is none
    std::uint8_t* l3;    ///< the IP header
    std::uint32_t spi;   ///< host byte order
    tables::FrontendIndex frontend;
    tables::BackendIndex backend;  ///< that a reply comes from; no_backend towards the servers
    std::uint8_t place;
};

/// Neither 0/8, nor 127/8, nor class D or above. The stages are more exact.
bool is_plain(std::uint32_t address) noexcept {
    const std::uint32_t first = address >> 24;
    return first - 1 < 223 && first != 127;
}

/// The interface that an IPv4 frame for us came in by, and where its IP header is; nullptr: it is
/// something else.
const tables::ExpressTable::Interface* find_interface(
    Packet& packet, std::size_t& l3, const tables::ForwardingTable& table) noexcept {
    const Frame& frame = packet.frame;
    std::size_t vlan = 0;
    be16 type = net::load<be16>(frame.data + 12);
    l3 = sizeof(net::EthernetHeader);
    if (type == be16::from_host(net::ether_type::vlan)) {
        const auto tag = net::load<net::VlanTag>(frame.data + l3);
        vlan = tag.id();
        type = tag.type;
        l3 += sizeof(net::VlanTag);
    }
    const std::size_t slot = std::size_t{frame.port} * 4096 + vlan;
    if (type != be16::from_host(net::ether_type::ipv4) || slot >= table.interface_of.size())
        return nullptr;
    packet.in_interface = table.interface_of[slot];
    if (packet.in_interface == tables::no_interface) return nullptr;
    const auto& interface = table.express.interfaces[packet.in_interface];
    return tables::ExpressTable::load_mac(frame.data) == interface.mac ? &interface : nullptr;
}

/// A whole, sound UDP datagram with room for ESP, in one buffer, that may travel on.
bool is_sound(const net::Ipv4Header& ip, const net::UdpHeader& udp, std::size_t bytes) noexcept {
    constexpr be16 fragment = be16::from_host(net::ipv4_flags::offset_mask |
                                              net::ipv4_flags::more_fragments);
    const std::size_t total = ip.total_length.to_host();
    const std::size_t length = udp.length.to_host();
    return ip.version_ihl == 0x45 && ip.protocol == net::ip_protocol::udp && ip.ttl > 1 &&
           (ip.flags_offset.wire() & fragment.wire()) == 0 && total <= bytes &&
           length >= udp_and_esp && length + sizeof ip <= total && net::is_sum_good(ip);
}

bool glance_to_server(const net::Ipv4Header& ip, const net::UdpHeader& udp,
                      const AddressEntry& vip, Prospect& prospect,
                      const tables::ForwardingTable& table) noexcept {
    const std::uint32_t client = ip.source.value.to_host();
    if (udp.destination_port != nat_t_port || !is_plain(client) ||
        table.addresses.find_v4(client) != nullptr)
        return false;
    prospect.frontend = vip.frontends[nat_t_position];
    prospect.backend = tables::no_backend;
    prospect.key = tables::narrow_flow_key(client, udp.source_port, prospect.frontend);
    return true;
}

bool glance_to_client(const net::Ipv4Header& ip, const net::UdpHeader& udp, Prospect& prospect,
                      const tables::ForwardingTable& table) noexcept {
    const std::uint32_t client = ip.destination.value.to_host();
    const AddressEntry* from = table.addresses.find_v4(ip.source.value.to_host());
    if (udp.source_port != nat_t_port || from == nullptr || from->role != AddressRole::backend ||
        !is_plain(client) || table.express.is_inside(client))
        return false;
    prospect.backend = from->backend;
    prospect.frontend = table.express.reply_frontends[from->backend];
    prospect.key = tables::narrow_flow_key(client, udp.destination_port, prospect.frontend);
    return prospect.frontend != tables::no_frontend;
}

/// Reads the headers; false: this one is for the stages.
bool glance(Packet& packet, Prospect& prospect, const Context& context) noexcept {
    constexpr std::size_t headers = sizeof(net::EthernetHeader) + sizeof(net::VlanTag) +
                                    sizeof(net::Ipv4Header) + udp_and_esp;
    const tables::ForwardingTable& table = context.table;
    const Frame& frame = packet.frame;
    if (frame.contiguous < headers || frame.contiguous != frame.length || frame.was_held)
        return false;
    std::size_t offset = 0;
    const auto* interface = find_interface(packet, offset, table);
    if (interface == nullptr) return false;
    std::uint8_t* const l3 = frame.data + offset;
    const auto& ip = *reinterpret_cast<const net::Ipv4Header*>(l3);
    const auto& udp = *reinterpret_cast<const net::UdpHeader*>(l3 + sizeof ip);
    prospect.spi = net::load<be32>(l3 + sizeof ip + sizeof udp).to_host();
    if (prospect.spi < 256 || !is_sound(ip, udp, frame.length - offset))
        return false;
    const AddressEntry* to = table.addresses.find_v4(ip.destination.value.to_host());
    const bool is_prospect =
        to == nullptr ? interface->faces_servers && glance_to_client(ip, udp, prospect, table)
                      : to->role == AddressRole::vip &&
                            glance_to_server(ip, udp, *to, prospect, table);
    if (!is_prospect) return false;
    const auto& flows = context.directory.flows.confirmed.narrow();
    prospect.packet = &packet;
    prospect.l3 = l3;
    prospect.spot = flows.spot_of(flows.hash({prospect.key}));
    flows.prefetch_keys(prospect.spot);
    return true;
}

/// Where a packet goes: out by which link, and with which of the two addresses instead of which.
struct Course {
    const tables::ExpressTable::Exit* exit = nullptr;  ///< nullptr: the stages have to see to it
    tables::BackendIndex backend = tables::no_backend;
};

/// The backend that the flow names for this very SPI.
Course to_server(const tables::Noted& flow, const Prospect& prospect,
                 const Context& context) noexcept {
    const tables::ExpressTable& express = context.table.express;
    const tables::BackendRef ref = flow.record.backend;
    if (!tables::FlowSpis::unpack(flow.note).holds(prospect.spi) ||
        ref.index >= express.backends.size())
        return {};
    const tables::ExpressTable::Exit& exit = express.backends[ref.index];
    if (exit.generation != ref.generation) return {};
    return {.exit = &exit, .backend = ref.index};
}

/// The way to the client, if the flow has nothing to learn from this packet.
Course to_client(const tables::Record& flow, const Prospect& prospect,
                 const Context& context) noexcept {
    const tables::ExpressTable& express = context.table.express;
    const tables::BackendRef ref{.index = prospect.backend,
                                 .generation = express.backends[prospect.backend].generation};
    if (flow.backend != ref || flow.state != tables::RecordState::established ||
        flow.awaits_esp || !is_within(flow_refresh_interval - 1, flow.last_seen, context.now) ||
        flow.gateway >= express.gateways.size())
        return {};
    return {.exit = &express.gateways[flow.gateway], .backend = ref.index};
}

bool has_room(const Prospect& prospect, const tables::ExpressTable::Exit& exit) noexcept {
    const Frame& frame = prospect.packet->frame;
    const std::ptrdiff_t more = exit.length - (prospect.l3 - frame.data);
    return more <= 0 || more <= frame.headroom;
}

/// Right before the IP header, whatever stood there.
void write_link(Packet& packet, const tables::ExpressTable::Exit& exit, std::uint8_t* l3) noexcept {
    constexpr std::size_t macs = 2 * sizeof(net::MacAddress);
    std::uint8_t* start = l3 - exit.length;
    std::memcpy(start, exit.link.data(), macs);
    if (exit.length != sizeof(net::EthernetHeader)) [[unlikely]]
        std::memcpy(start + macs, exit.link.data() + macs, sizeof(net::VlanTag));
    net::store(l3 - sizeof(be16), be16::from_host(net::ether_type::ipv4));
    const auto shift = static_cast<std::int32_t>(start - packet.frame.data);
    packet.out_port = exit.port;
    packet.out_shift = shift;
    packet.out_length = packet.frame.length - static_cast<std::uint32_t>(shift);
}

std::uint16_t fold(std::uint32_t sum) noexcept {
    sum = (sum & 0xffff) + (sum >> 16);
    return static_cast<std::uint16_t>(sum + (sum >> 16));
}

/// What one hop less adds to the checksum: the word of TTL and protocol becomes less by one, the
/// TTL being its first byte (RFC 1624 eqn. 3, in memory order as all sums here).
constexpr std::uint32_t hop_delta = 0xfffe;
static_assert(std::endian::native == std::endian::little);

/// One address and one hop less, with both checksums. A UDP checksum of zero is none.
[[gnu::always_inline]] inline void translate(net::Ipv4Header& ip, net::UdpHeader& udp,
                                             net::Ipv4Address& field,
                                             const tables::ExpressTable::Address& from,
                                             const tables::ExpressTable::Address& to) noexcept {
    const std::uint32_t delta = std::uint32_t{from.minus} + to.plus;
    field = to.value;
    --ip.ttl;
    const auto complement = [](std::uint16_t sum) { return std::uint32_t{sum} ^ 0xffffU; };
    ip.checksum = static_cast<std::uint16_t>(~fold(complement(ip.checksum) + delta + hop_delta));
    const auto updated = static_cast<std::uint16_t>(~fold(complement(udp.checksum) + delta));
    const std::uint16_t not_none = updated == 0 ? std::uint16_t{0xffff} : updated;
    udp.checksum = udp.checksum == 0 ? std::uint16_t{0} : not_none;
}

/// What a burst's packets have in common is counted once.
struct Tally {
    std::uint64_t to_server = 0;
    std::uint64_t to_client = 0;
};

bool finish(const Prospect& prospect, Tally& tally, Context& context) noexcept {
    const tables::ExpressTable& express = context.table.express;
    if (prospect.slot == nullptr) return false;
    const auto flow =
        context.directory.flows.confirmed.narrow().read_noted(prospect.slot, {prospect.key});
    if (!flow || !context.table.timeouts.flow.is_alive(flow->record, context.now)) return false;
    const bool is_to_server = prospect.backend == tables::no_backend;
    const Course course = is_to_server ? to_server(*flow, prospect, context)
                                       : to_client(flow->record, prospect, context);
    if (course.exit == nullptr) return false;
    const auto& exit = *course.exit;
    const auto& frontend = express.frontends[prospect.frontend];
    const auto member = context.table.member(frontend.service, course.backend);
    Packet& packet = *prospect.packet;
    auto& ip = *reinterpret_cast<net::Ipv4Header*>(prospect.l3);
    auto& udp = *reinterpret_cast<net::UdpHeader*>(prospect.l3 + sizeof ip);
    const std::size_t ip_bytes = ip.total_length.to_host();
    if (member == tables::no_member || ip_bytes > exit.mtu || !has_room(prospect, exit) ||
        (is_to_server && !frontend.is_usable))
        return false;
    write_link(packet, exit, prospect.l3);
    MemberCounters& counters = context.counters.members[member];
    if (is_to_server) {
        translate(ip, udp, ip.destination, frontend.vip, exit.address);
        counters.packets_to_server.add(1);
        counters.bytes_to_server.add(ip_bytes);
        ++tally.to_server;
    } else {
        translate(ip, udp, ip.source, express.backends[course.backend].address, frontend.vip);
        counters.packets_to_client.add(1);
        counters.bytes_to_client.add(ip_bytes);
        ++tally.to_client;
    }
    packet.verdict = is_to_server ? Verdict::to_server : Verdict::to_client;
    packet.backend = course.backend;
    packet.asks_all = false;
    return true;
}

void count(const Tally& tally, Counters& counters) noexcept {
    const auto add = [&](Verdict verdict, std::uint64_t amount) {
        counters.verdicts[static_cast<std::size_t>(verdict)].add(amount);
    };
    add(Verdict::to_server, tally.to_server);
    add(Verdict::to_client, tally.to_client);
    counters.steered[static_cast<std::size_t>(Rule::flow)].add(tally.to_server);
}

}  // namespace

PlaceSet express(Batch& batch, Context& context) noexcept {
    const PlaceSet all = batch.count == 64 ? ~PlaceSet{0} : (PlaceSet{1} << batch.count) - 1;
    // A label decides before a flow does.
    if (!context.takes_express || !context.trusts_flow_spis || !context.table.labelled.empty())
        return all;
    StageTimer timer{context.probe};
    std::array<Prospect, max_burst> prospects;
    std::size_t count_of_prospects = 0;
    for (std::size_t i = 0; i < batch.count; ++i) {
        Prospect& next = prospects[count_of_prospects];
        next.place = static_cast<std::uint8_t>(i);
        count_of_prospects += glance(batch.packets[i], next, context) ? 1 : 0;
    }
    timer.lap(&StageProbe::glance);
    const auto& flows = context.directory.flows.confirmed.narrow();
    for (std::size_t i = 0; i < count_of_prospects; ++i) {
        Prospect& prospect = prospects[i];
        prospect.slot = flows.find_slot({prospect.key}, prospect.spot);
        if (prospect.slot != nullptr) [[likely]]
            flows.prefetch_slot(prospect.slot);
    }
    timer.lap(&StageProbe::look_up);
    PlaceSet left = all;
    Tally tally;
    for (std::size_t i = 0; i < count_of_prospects; ++i)
        left &= ~(static_cast<PlaceSet>(finish(prospects[i], tally, context))
                  << prospects[i].place);
    count(tally, context.counters);
    timer.lap(&StageProbe::finish);
    return left;
}

}  // namespace ikelb::pipeline
