// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include "tests/bench/frames.h"

#include <algorithm>
#include <cstring>

#include "config/text/address.h"

namespace ikelb::bench {

namespace {

using testlib::Bytes;
using testlib::PacketBuilder;

constexpr std::size_t ethernet = 14, udp_header = 8, least_esp = 22;

std::size_t ip_header(Family family) { return family == Family::v4 ? 20 : 40; }

/// Overwrites words of a frame and keeps its checksums right (RFC 1624, equation 3).
class Editor {
public:
    explicit Editor(std::uint8_t* frame) : frame_{frame} {}

    /// in_ip: does the IPv4 header's checksum cover it? UDP's covers all that is ever changed.
    void put(std::size_t offset, std::span<const std::uint8_t> bytes, bool in_ip = false) {
        for (std::size_t i = 0; i < bytes.size(); i += 2) {
            std::uint8_t* const at = frame_ + offset + i;
            const std::uint32_t delta =
                (0xffffu & ~word(at)) + (std::uint32_t{bytes[i]} << 8 | bytes[i + 1]);
            udp_ += delta;
            if (in_ip) ip_ += delta;
            std::memcpy(at, &bytes[i], 2);
        }
    }
    void put16(std::size_t offset, std::uint16_t value) { put_number(offset, value, 2); }
    void put32(std::size_t offset, std::uint32_t value) { put_number(offset, value, 4); }
    void put64(std::size_t offset, std::uint64_t value) { put_number(offset, value, 8); }

    /// Offsets of the checksum fields; 0: there is none.
    void finish(std::size_t ip_checksum, std::size_t udp_checksum) {
        if (ip_checksum != 0) correct(frame_ + ip_checksum, ip_);
        if (udp_checksum == 0) return;
        std::uint8_t* const field = frame_ + udp_checksum;
        correct(field, udp_);
        if (field[0] == 0 && field[1] == 0) field[0] = field[1] = 0xff;
    }

private:
    static std::uint32_t word(const std::uint8_t* at) {
        return std::uint32_t{at[0]} << 8 | at[1];
    }
    static void correct(std::uint8_t* field, std::uint64_t delta) {
        std::uint64_t sum = (0xffffu & ~word(field)) + delta;
        while (sum > 0xffff) sum = (sum & 0xffff) + (sum >> 16);
        field[0] = static_cast<std::uint8_t>(~sum >> 8);
        field[1] = static_cast<std::uint8_t>(~sum);
    }
    void put_number(std::size_t offset, std::uint64_t value, std::size_t size) {
        std::array<std::uint8_t, 8> bytes;
        for (std::size_t i = 0; i < size; ++i)
            bytes[i] = static_cast<std::uint8_t>(value >> 8 * (size - 1 - i));
        put(offset, std::span{bytes}.first(size));
    }

    std::uint8_t* frame_;
    std::uint64_t ip_ = 0, udp_ = 0;
};

struct Spoken {
    Towards towards;
    Kind kind;
    std::uint16_t port;  ///< the service port
    Bytes payload;
};

/// One of each kind that is a datagram of its own. SPIs and sequence numbers are written later.
std::vector<Spoken> datagrams(std::size_t esp_bytes) {
    using namespace testlib;
    constexpr auto info = ike::exchange::informational, auth = ike::exchange::ike_auth;
    const Bytes esp_payload = esp(1, esp_bytes);
    return {
        {Towards::server, Kind::init, 500, sa_init(1).bytes()},
        {Towards::client, Kind::init, 500, sa_init_answer(1, 1).bytes()},
        {Towards::server, Kind::auth, 4500, behind_marker(encrypted(1, 1, auth))},
        {Towards::client, Kind::auth, 4500, behind_marker(encrypted_answer(1, 1, auth))},
        {Towards::server, Kind::dpd, 4500, behind_marker(encrypted(1, 1, info, 3))},
        {Towards::client, Kind::dpd, 4500, behind_marker(encrypted_answer(1, 1, info, 3))},
        {Towards::server, Kind::esp, 4500, esp_payload},
        {Towards::client, Kind::esp, 4500, esp_payload},
    };
}

}  // namespace

FrameMaker::FrameMaker(Family family, const Links& links, std::size_t esp_frame)
    : address_bytes_{family == Family::v4 ? 4u : 16u} {
    const std::size_t headers = ethernet + ip_header(family) + udp_header;
    const std::size_t esp_bytes = std::max(esp_frame, headers + least_esp) - headers;
    const net::IpAddress client = client_of(0, family).address;
    for (const Spoken& one : datagrams(esp_bytes)) {
        const bool up = one.towards == Towards::server;
        PacketBuilder packet;
        packet.mac(up ? links.from_gateway : links.from_server,
                   up ? links.to_gateway_side : links.to_server_side);
        packet.ip(text::to_text(client).c_str(), text::to_text(links.vip).c_str());
        if (!up) packet.from_ip(links.vip).to_ip(client);
        packet.udp(up ? std::uint16_t{1} : one.port, up ? one.port : std::uint16_t{1});
        packet.payload(one.payload);
        add(one.towards, one.kind, packet.build());
        if (one.kind != Kind::dpd) continue;
        const auto parts = testlib::fragments_of(packet, 56);
        add(one.towards, Kind::first_fragment, parts.at(0));
        add(one.towards, Kind::later_fragment, parts.at(1));
    }
}

void FrameMaker::add(Towards towards, Kind kind, Bytes frame) {
    const testlib::Dissected found = testlib::dissect(frame);
    Template& made =
        templates_[static_cast<std::size_t>(towards)][static_cast<std::size_t>(kind)];
    made.addresses = found.l3 + (found.is_v6 ? 8 : 12);
    made.ip_checksum = found.is_v6 ? 0 : found.l3 + 10;
    if (!found.is_later_fragment) {
        made.ports = found.l4;
        made.udp_checksum = found.l4 + 6;
        made.payload = found.payload;
    }
    made.bytes = std::move(frame);
}

void FrameMaker::make(Towards towards, Kind kind, const Said& said, std::uint8_t* out) const {
    const Template& from = at(towards, kind);
    std::memcpy(out, from.bytes.data(), from.bytes.size());
    Editor edit{out};
    const bool up = towards == Towards::server;
    const auto tail = [&](const net::IpAddress& address) {
        return std::span{address.bytes()}.last(address_bytes_);
    };
    edit.put(from.addresses + (up ? 0 : address_bytes_), tail(said.by.address), true);
    if (!up) edit.put(from.addresses, tail(said.backend), true);
    if (from.ports != 0) {
        const bool on_500 = kind == Kind::init;
        edit.put16(from.ports + (up ? 0 : 2), on_500 ? said.by.ike_port : said.by.nat_t_port);
        if (kind == Kind::esp) {
            edit.put32(from.payload, said.esp_spi);
            edit.put32(from.payload + 4, said.sequence);
        } else {
            const std::size_t ike = from.payload + (on_500 ? 0 : 4);
            edit.put64(ike, said.by.spi_i);
            if (!(up && kind == Kind::init)) edit.put64(ike + 8, said.by.spi_r);
        }
    }
    edit.finish(from.ip_checksum, from.udp_checksum);
}

Bytes FrameMaker::make(Towards towards, Kind kind, const Said& said) const {
    Bytes frame(length(towards, kind));
    make(towards, kind, said, frame.data());
    return frame;
}

void FrameMaker::change_esp_spi(Towards towards, std::uint8_t* frame, std::uint32_t spi) const {
    const Template& from = at(towards, Kind::esp);
    Editor edit{frame};
    edit.put32(from.payload, spi);
    edit.finish(0, from.udp_checksum);
}

}  // namespace ikelb::bench
