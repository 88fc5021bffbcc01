// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

#include <cstdint>
#include <iosfwd>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "dataplane/ike/datagram.h"
#include "dataplane/net/address.h"
#include "dataplane/net/headers.h"

namespace ikelb::testlib {

using Bytes = std::vector<std::uint8_t>;

/// One payload of an IKE message: its type, and its bytes behind the generic header.
struct IkePayload {
    std::uint8_t type = 0;
    Bytes body{};
    /// The next-payload byte of an encrypted payload, which names the first inner one.
    std::uint8_t first_inner = 0;
};

/// An IKE message, written as a value. Lengths follow from the payloads unless given.
struct IkeMessage {
    std::uint64_t initiator_spi = 0x1111111111111111;
    std::uint64_t responder_spi = 0;
    std::uint8_t version = 0x20;
    std::uint8_t exchange = ike::exchange::ike_sa_init;
    std::uint8_t flags = 0x08;
    std::uint32_t message_id = 0;
    std::vector<IkePayload> payloads{};
    std::optional<std::uint32_t> length{};

    Bytes bytes() const;
};

// The messages of an SA's life. SPIs are host-order numbers.
IkeMessage sa_init(std::uint64_t spi_i);
/// secret: known only to the receiver of the cookie.
IkeMessage cookie_answer(std::uint64_t spi_i, std::uint8_t secret = 0x33);
IkeMessage sa_init_with_cookie(std::uint64_t spi_i, std::uint8_t secret = 0x33);
IkeMessage sa_init_answer(std::uint64_t spi_i, std::uint64_t spi_r);
/// The refusals and detours of RFC 7296 section 2.6 and 3.10.1: a notify alone.
IkeMessage notify_answer(std::uint64_t spi_i, std::uint64_t spi_r = 0);
IkeMessage encrypted(std::uint64_t spi_i, std::uint64_t spi_r, std::uint8_t exchange,
                     std::uint32_t message_id = 1);
/// The same as the responder's answer.
IkeMessage encrypted_answer(std::uint64_t spi_i, std::uint64_t spi_r, std::uint8_t exchange,
                            std::uint32_t message_id = 1);
IkeMessage delete_request(std::uint64_t spi_i, std::uint64_t spi_r);

/// The first sequence number and some ciphertext behind an ESP SPI.
Bytes esp(std::uint32_t spi, std::size_t length = 64, std::uint32_t sequence = 1);
/// Four zero bytes and the message: IKE on port 4500 (RFC 3948 section 2.2).
Bytes behind_marker(const IkeMessage& message);
inline Bytes keepalive() { return {0xff}; }
/// A TCP header without options; flags as in its fourteenth byte, by default a SYN alone.
Bytes tcp_header(std::uint16_t from_port, std::uint16_t to_port, std::uint8_t flags = 0x02);

/// Builds a frame, byte by byte, and prints itself as the Scapy command that builds the same. The
/// family is the sender address's; the TTL is IPv6's hop limit, the total length its payload
/// length, and icmp() is ICMPv6. Every field that is not set has a correct packet's value.
class PacketBuilder {
public:
    PacketBuilder& mac(const net::MacAddress& from, const net::MacAddress& to);
    PacketBuilder& vlan(std::uint16_t id, std::uint8_t priority = 0);
    PacketBuilder& ether_type(std::uint16_t type);
    PacketBuilder& ip(const char* from, const char* to);
    PacketBuilder& from_ip(const net::IpAddress& from);
    PacketBuilder& to_ip(const net::IpAddress& to);
    PacketBuilder& ttl(std::uint8_t value);
    PacketBuilder& identification(std::uint32_t value);
    PacketBuilder& dont_fragment();
    /// A part of a datagram: offset in bytes (of 8), and whether more follow.
    PacketBuilder& fragment(std::size_t offset, bool more);
    PacketBuilder& options(Bytes bytes);  ///< IP options, a multiple of four bytes
    /// An IPv6 extension header, behind earlier ones: its bytes after next header and length,
    /// padded with zeros to a multiple of eight. fragment() adds one as well.
    PacketBuilder& extension(std::uint8_t kind, Bytes body = {});
    PacketBuilder& protocol(std::uint8_t value);
    PacketBuilder& udp(std::uint16_t from_port, std::uint16_t to_port);
    PacketBuilder& from_port(std::uint16_t port);
    PacketBuilder& no_udp_checksum();
    PacketBuilder& payload(Bytes bytes);
    PacketBuilder& payload(const IkeMessage& message) { return payload(message.bytes()); }
    /// Any bytes behind the IP header, of the protocol set before.
    PacketBuilder& raw(Bytes bytes);
    /// An ICMP message: rest is the second word; the payload quotes.
    PacketBuilder& icmp(std::uint8_t type, std::uint8_t code, std::uint32_t rest = 0);
    PacketBuilder& pad_to(std::size_t frame_bytes);  ///< zeros behind the packet, as Ethernet does

    // Deviations from a correct packet.
    PacketBuilder& version_ihl(std::uint8_t value);
    PacketBuilder& total_length(std::uint16_t value);
    PacketBuilder& udp_length(std::uint16_t value);
    PacketBuilder& bad_ip_checksum();
    PacketBuilder& udp_checksum(std::uint16_t value);  ///< host byte order, sent as it is
    PacketBuilder& cut_to(std::size_t frame_bytes);

    Bytes build() const;
    /// The IP packet alone, as an ICMP error quotes it.
    Bytes build_ip() const;
    std::string scapy() const;

    friend std::ostream& operator<<(std::ostream& out, const PacketBuilder& packet);

private:
    bool is_v6() const { return has_ip_ && !from_.is_v4(); }
    std::uint8_t protocol_number() const;
    Bytes transport() const;
    Bytes build_ipv4() const;
    Bytes build_ipv6() const;

    net::MacAddress from_mac_{}, to_mac_{};
    std::optional<std::uint16_t> tag_{};
    std::optional<std::uint16_t> type_{};
    bool has_ip_ = false;
    net::IpAddress from_{}, to_{};
    std::uint8_t ttl_ = 64;
    std::uint32_t id_ = 1;
    std::uint16_t flags_offset_ = 0;
    Bytes options_{};
    std::vector<std::pair<std::uint8_t, Bytes>> extensions_{};
    std::uint8_t protocol_ = 0;
    enum class Transport { none, udp, icmp } transport_ = Transport::none;
    std::uint16_t from_port_ = 0, to_port_ = 0;
    std::uint8_t icmp_type_ = 0, icmp_code_ = 0;
    std::uint32_t icmp_rest_ = 0;
    Bytes payload_{};
    std::size_t pad_to_ = 0;
    std::size_t cut_to_ = SIZE_MAX;
    std::optional<std::uint8_t> version_ihl_{};
    std::optional<std::uint16_t> total_length_{}, udp_length_{}, udp_checksum_{};
    bool has_bad_ip_checksum_ = false;
};

/// Cuts the datagram into IP fragments of at most this many payload bytes (rounded down to 8). IPv6
/// extension headers stand before the fragment header, in all parts.
std::vector<Bytes> fragments_of(const PacketBuilder& datagram, std::size_t payload_bytes);

/// Offsets and fields of a frame, read without any of the code under test.
struct Dissected {
    bool is_valid = false;
    bool is_v6 = false;
    std::size_t l3 = 0, l4 = 0, payload = 0, end = 0;
    std::uint16_t vlan = 0;
    net::MacAddress to_mac{}, from_mac{};
    net::IpAddress from{}, to{};
    std::uint8_t ttl = 0, protocol = 0;
    std::uint16_t from_port = 0, to_port = 0;
    bool is_later_fragment = false, is_fragment = false;
    bool is_ip_checksum_good = false;  ///< true for IPv6, which has none
    /// True also if it is 0 or if the datagram is not whole.
    bool is_udp_checksum_good = false;
    bool is_udp_checksum_zero = false;
    bool is_icmp_checksum_good = false;
};
Dissected dissect(std::span<const std::uint8_t> frame);

/// The slow and obvious checksum: 16 bits at a time in host order, as RFC 1071 section 1 words it.
std::uint16_t slow_checksum(std::span<const std::uint8_t> bytes);
/// The UDP checksum with the pseudo-header of its family, the field being taken as zero.
std::uint16_t slow_udp_checksum(const net::IpAddress& from, const net::IpAddress& to,
                                std::span<const std::uint8_t> datagram);
/// The sum over an ICMPv6 message and its pseudo-header: the checksum if its field is zero, and
/// zero if the field is right.
std::uint16_t slow_icmpv6_checksum(const net::IpAddress& from, const net::IpAddress& to,
                                   std::span<const std::uint8_t> message);

std::string hex(std::span<const std::uint8_t> bytes);
/// "" if equal, else both frames as Scapy commands and the first byte where they differ.
std::string difference(std::span<const std::uint8_t> expected, std::span<const std::uint8_t> got);

}  // namespace ikelb::testlib
