// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include "tests/testlib/packet_builder.h"

#include <algorithm>
#include <ostream>
#include <utility>

#include "config/text/address.h"

namespace ikelb::testlib {

namespace {

void put8(Bytes& out, std::size_t value) { out.push_back(static_cast<std::uint8_t>(value)); }
void put16(Bytes& out, std::size_t value) {
    put8(out, value >> 8);
    put8(out, value);
}
void put32(Bytes& out, std::size_t value) {
    put16(out, value >> 16);
    put16(out, value);
}
void put(Bytes& out, std::span<const std::uint8_t> bytes) {
    out.insert(out.end(), bytes.begin(), bytes.end());
}
void set16(Bytes& out, std::size_t at, std::size_t value) {
    out[at] = static_cast<std::uint8_t>(value >> 8);
    out[at + 1] = static_cast<std::uint8_t>(value);
}
void put_v4(Bytes& out, const net::IpAddress& address) {
    put(out, std::span{address.bytes()}.subspan(12));
}

/// RFC 768 and RFC 8200 section 8.1.
Bytes pseudo_header(const net::IpAddress& from, const net::IpAddress& to, std::uint8_t protocol,
                    std::size_t length) {
    Bytes out;
    if (from.is_v4()) {
        put_v4(out, from);
        put_v4(out, to);
        put16(out, protocol);
        put16(out, length);
    } else {
        put(out, from.bytes());
        put(out, to.bytes());
        put32(out, length);
        put32(out, protocol);
    }
    return out;
}

std::uint32_t sum_words(std::span<const std::uint8_t> bytes) {
    std::uint32_t sum = 0;
    for (std::size_t i = 0; i < bytes.size(); i += 2) {
        const std::uint32_t low = i + 1 < bytes.size() ? bytes[i + 1] : 0u;
        sum += std::uint32_t{bytes[i]} << 8 | low;
        sum = (sum & 0xffff) + (sum >> 16);
    }
    return sum;
}

}  // namespace

std::uint16_t slow_checksum(std::span<const std::uint8_t> bytes) {
    return static_cast<std::uint16_t>(~sum_words(bytes));
}

std::uint16_t slow_udp_checksum(const net::IpAddress& from, const net::IpAddress& to,
                                std::span<const std::uint8_t> datagram) {
    Bytes all = pseudo_header(from, to, net::ip_protocol::udp, datagram.size());
    put(all, datagram.first(std::min<std::size_t>(6, datagram.size())));
    put16(all, 0);
    if (datagram.size() > 8) put(all, datagram.subspan(8));
    return slow_checksum(all);
}

std::uint16_t slow_icmpv6_checksum(const net::IpAddress& from, const net::IpAddress& to,
                                   std::span<const std::uint8_t> message) {
    Bytes all = pseudo_header(from, to, net::ip_protocol::icmpv6, message.size());
    put(all, message);
    return slow_checksum(all);
}

Bytes tcp_header(std::uint16_t from_port, std::uint16_t to_port, std::uint8_t flags) {
    constexpr std::uint8_t five_words = 0x50;
    Bytes header(20, 0);
    set16(header, 0, from_port);
    set16(header, 2, to_port);
    header[12] = five_words;
    header[13] = flags;
    return header;
}

PacketBuilder& PacketBuilder::mac(const net::MacAddress& from, const net::MacAddress& to) {
    from_mac_ = from;
    to_mac_ = to;
    return *this;
}
PacketBuilder& PacketBuilder::vlan(std::uint16_t id, std::uint8_t priority) {
    tag_ = static_cast<std::uint16_t>(priority << 13 | id);
    return *this;
}
PacketBuilder& PacketBuilder::ether_type(std::uint16_t type) {
    type_ = type;
    return *this;
}
PacketBuilder& PacketBuilder::ip(const char* from, const char* to) {
    from_ip(text::parse_address(from).value());
    return to_ip(text::parse_address(to).value());
}
PacketBuilder& PacketBuilder::from_ip(const net::IpAddress& from) {
    has_ip_ = true;
    from_ = from;
    return *this;
}
PacketBuilder& PacketBuilder::to_ip(const net::IpAddress& to) {
    has_ip_ = true;
    to_ = to;
    return *this;
}
PacketBuilder& PacketBuilder::ttl(std::uint8_t value) {
    ttl_ = value;
    return *this;
}
PacketBuilder& PacketBuilder::identification(std::uint32_t value) {
    id_ = value;
    return *this;
}
PacketBuilder& PacketBuilder::dont_fragment() {
    flags_offset_ |= net::ipv4_flags::dont_fragment;
    return *this;
}
PacketBuilder& PacketBuilder::fragment(std::size_t offset, bool more) {
    flags_offset_ = static_cast<std::uint16_t>(
        offset / 8 | (more ? net::ipv4_flags::more_fragments : std::uint16_t{0}));
    Bytes body;
    put16(body, offset | (more ? 1u : 0u));
    put32(body, id_);
    return extension(net::ip_protocol::fragment, body);
}
PacketBuilder& PacketBuilder::extension(std::uint8_t kind, Bytes body) {
    body.resize((body.size() + 2 + 7) / 8 * 8 - 2);
    extensions_.emplace_back(kind, std::move(body));
    return *this;
}
PacketBuilder& PacketBuilder::options(Bytes bytes) {
    options_ = std::move(bytes);
    return *this;
}
PacketBuilder& PacketBuilder::protocol(std::uint8_t value) {
    protocol_ = value;
    return *this;
}
PacketBuilder& PacketBuilder::udp(std::uint16_t from_port, std::uint16_t to_port) {
    transport_ = Transport::udp;
    protocol_ = net::ip_protocol::udp;
    from_port_ = from_port;
    to_port_ = to_port;
    return *this;
}
PacketBuilder& PacketBuilder::from_port(std::uint16_t port) {
    from_port_ = port;
    return *this;
}
PacketBuilder& PacketBuilder::no_udp_checksum() { return udp_checksum(0); }
PacketBuilder& PacketBuilder::payload(Bytes bytes) {
    payload_ = std::move(bytes);
    return *this;
}
PacketBuilder& PacketBuilder::raw(Bytes bytes) {
    transport_ = Transport::none;
    return payload(std::move(bytes));
}
PacketBuilder& PacketBuilder::icmp(std::uint8_t type, std::uint8_t code, std::uint32_t rest) {
    transport_ = Transport::icmp;
    protocol_ = net::ip_protocol::icmp;
    icmp_type_ = type;
    icmp_code_ = code;
    icmp_rest_ = rest;
    return *this;
}
PacketBuilder& PacketBuilder::pad_to(std::size_t frame_bytes) {
    pad_to_ = frame_bytes;
    return *this;
}
PacketBuilder& PacketBuilder::version_ihl(std::uint8_t value) {
    version_ihl_ = value;
    return *this;
}
PacketBuilder& PacketBuilder::total_length(std::uint16_t value) {
    total_length_ = value;
    return *this;
}
PacketBuilder& PacketBuilder::udp_length(std::uint16_t value) {
    udp_length_ = value;
    return *this;
}
PacketBuilder& PacketBuilder::bad_ip_checksum() {
    has_bad_ip_checksum_ = true;
    return *this;
}
PacketBuilder& PacketBuilder::udp_checksum(std::uint16_t value) {
    udp_checksum_ = value;
    return *this;
}
PacketBuilder& PacketBuilder::cut_to(std::size_t frame_bytes) {
    cut_to_ = frame_bytes;
    return *this;
}

std::uint8_t PacketBuilder::protocol_number() const {
    const bool is_icmpv6 = is_v6() && transport_ == Transport::icmp;
    return is_icmpv6 ? net::ip_protocol::icmpv6 : protocol_;
}

Bytes PacketBuilder::transport() const {
    Bytes out;
    if (transport_ == Transport::udp) {
        put16(out, from_port_);
        put16(out, to_port_);
        put16(out, udp_length_.value_or(static_cast<std::uint16_t>(8 + payload_.size())));
        put16(out, udp_checksum_.value_or(0));
        put(out, payload_);
        if (!udp_checksum_) {
            const std::uint16_t sum = slow_udp_checksum(from_, to_, out);
            set16(out, 6, sum == 0 ? 0xffff : sum);
        }
    } else if (transport_ == Transport::icmp) {
        put8(out, icmp_type_);
        put8(out, icmp_code_);
        put16(out, 0);
        put32(out, icmp_rest_);
        put(out, payload_);
        set16(out, 2, is_v6() ? slow_icmpv6_checksum(from_, to_, out) : slow_checksum(out));
    } else {
        put(out, payload_);
    }
    return out;
}

Bytes PacketBuilder::build_ip() const { return is_v6() ? build_ipv6() : build_ipv4(); }

Bytes PacketBuilder::build_ipv6() const {
    const Bytes inner = transport();
    Bytes chain;
    for (std::size_t i = 0; i < extensions_.size(); ++i) {
        const bool is_last = i + 1 == extensions_.size();
        const auto& [kind, body] = extensions_[i];
        put8(chain, is_last ? protocol_number() : extensions_[i + 1].first);
        put8(chain, kind == net::ip_protocol::fragment ? 0 : body.size() / 8);
        put(chain, body);
    }
    Bytes out;
    put32(out, std::size_t{version_ihl_.value_or(0x60)} << 24);
    put16(out, total_length_.value_or(static_cast<std::uint16_t>(chain.size() + inner.size())));
    put8(out, extensions_.empty() ? protocol_number() : extensions_[0].first);
    put8(out, ttl_);
    put(out, from_.bytes());
    put(out, to_.bytes());
    put(out, chain);
    put(out, inner);
    return out;
}

Bytes PacketBuilder::build_ipv4() const {
    const Bytes inner = transport();
    Bytes out;
    const std::size_t header = 20 + options_.size();
    put8(out, version_ihl_.value_or(static_cast<std::uint8_t>(0x40 | header / 4)));
    put8(out, 0);
    put16(out, total_length_.value_or(static_cast<std::uint16_t>(header + inner.size())));
    put16(out, id_);
    put16(out, flags_offset_);
    put8(out, ttl_);
    put8(out, protocol_);
    put16(out, 0);
    put_v4(out, from_);
    put_v4(out, to_);
    put(out, options_);
    // A receiver believes the length in the header, right or wrong.
    const std::size_t said = std::min<std::size_t>(std::size_t{out[0] & 0xfu} * 4, out.size());
    set16(out, 10, slow_checksum(std::span{out}.first(said)) ^ (has_bad_ip_checksum_ ? 0xff : 0));
    put(out, inner);
    return out;
}

Bytes PacketBuilder::build() const {
    Bytes out;
    put(out, to_mac_.bytes);
    put(out, from_mac_.bytes);
    if (tag_) {
        put16(out, net::ether_type::vlan);
        put16(out, *tag_);
    }
    put16(out, type_.value_or(is_v6() ? net::ether_type::ipv6 : net::ether_type::ipv4));
    put(out, has_ip_ ? build_ip() : payload_);
    if (out.size() < pad_to_) out.resize(pad_to_);
    if (out.size() > cut_to_) out.resize(cut_to_);
    return out;
}

std::string PacketBuilder::scapy() const {
    if (!has_ip_ || is_v6() || cut_to_ != SIZE_MAX || has_bad_ip_checksum_ || version_ihl_ ||
        total_length_)
        return "Ether(bytes.fromhex('" + hex(build()) + "'))";
    const auto number = [](const char* name, std::size_t value) {
        return std::string{", "} + name + "=" + std::to_string(value);
    };
    std::string text =
        "Ether(src='" + text::to_text(from_mac_) + "', dst='" + text::to_text(to_mac_) + "'";
    if (!tag_) text += number("type", type_.value_or(net::ether_type::ipv4));
    text += ")";
    if (tag_)
        text += "/Dot1Q(prio=" + std::to_string(*tag_ >> 13) + number("vlan", *tag_ & 0xfffu) +
                number("type", type_.value_or(net::ether_type::ipv4)) + ")";
    text += "/IP(src='" + text::to_text(from_) + "', dst='" + text::to_text(to_) + "'" +
            number("ttl", ttl_) + number("id", id_) + number("flags", flags_offset_ >> 13) +
            number("frag", flags_offset_ & 0x1fffu) + number("proto", protocol_);
    if (!options_.empty()) text += ", options=[IPOption(bytes.fromhex('" + hex(options_) + "'))]";
    text += ")";
    if (transport_ == Transport::udp) {
        text += "/UDP(sport=" + std::to_string(from_port_) + number("dport", to_port_);
        if (udp_length_) text += number("len", *udp_length_);
        if (udp_checksum_) text += number("chksum", *udp_checksum_);
        text += ")";
    } else if (transport_ == Transport::icmp) {
        text += "/ICMP(type=" + std::to_string(icmp_type_) + number("code", icmp_code_) +
                number("id", icmp_rest_ >> 16) + number("seq", icmp_rest_ & 0xffff) + ")";
    }
    if (!payload_.empty()) text += "/Raw(bytes.fromhex('" + hex(payload_) + "'))";
    const Bytes unpadded = [&] {
        PacketBuilder copy = *this;
        return copy.pad_to(0).build();
    }();
    if (unpadded.size() < pad_to_)
        text += "/Padding(bytes(" + std::to_string(pad_to_ - unpadded.size()) + "))";
    return text;
}

std::ostream& operator<<(std::ostream& out, const PacketBuilder& packet) {
    return out << packet.scapy();
}

namespace {

/// One IPv4 part: its header's copy with its own length, offset and checksum.
void make_ipv4_part(Bytes& part, const Dissected& d, std::size_t offset, bool more) {
    set16(part, d.l3 + 2, part.size() - d.l3);
    set16(part, d.l3 + 6, offset / 8 | (more ? 0x2000u : 0u));
    set16(part, d.l3 + 10, 0);
    set16(part, d.l3 + 10, slow_checksum(std::span{part}.subspan(d.l3, d.l4 - d.l3)));
}

}  // namespace

std::vector<Bytes> fragments_of(const PacketBuilder& datagram, std::size_t payload_bytes) {
    const Bytes whole = datagram.build();
    const Dissected d = dissect(whole);
    const std::size_t step = payload_bytes / 8 * 8;
    std::vector<Bytes> parts;
    for (std::size_t offset = 0; d.l4 + offset < d.end; offset += step) {
        const std::size_t here = std::min(step, d.end - d.l4 - offset);
        const bool more = d.l4 + offset + here < d.end;
        const auto payload = std::span{whole}.subspan(d.l4 + offset, here);
        if (d.is_v6) {
            PacketBuilder part = datagram;
            parts.push_back(part.fragment(offset, more)
                                .protocol(d.protocol)
                                .raw({payload.begin(), payload.end()})
                                .build());
            continue;
        }
        Bytes part(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(d.l4));
        put(part, payload);
        make_ipv4_part(part, d, offset, more);
        parts.push_back(std::move(part));
    }
    return parts;
}

}  // namespace ikelb::testlib
