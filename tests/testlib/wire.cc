// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include "tests/testlib/wire.h"

namespace ikelb::testlib {

namespace {

using oracle::First;
using oracle::Ike;
using oracle::Kind;

IkePayload payload(std::uint8_t type, std::size_t bytes) {
    return {.type = type, .body = Bytes(bytes, 0x5a)};
}

/// RFC 7296 sections 2.6 and 3.10: no protocol, no SPI, type 16390 and the cookie.
IkePayload cookie(std::uint64_t value) {
    IkePayload notify{.type = ike::payload::notify, .body = {0, 0, 0x40, 0x06}};
    for (int shift = 56; shift >= 0; shift -= 8)
        notify.body.push_back(static_cast<std::uint8_t>(value >> shift));
    return notify;
}

IkeMessage message(const Ike& ike) {
    IkeMessage out{.initiator_spi = ike.spi_i,
                   .responder_spi = ike.spi_r,
                   .version = static_cast<std::uint8_t>(ike.version << 4),
                   .exchange = ike.exchange,
                   .message_id = ike.message_id};
    out.flags =
        static_cast<std::uint8_t>((ike.from_initiator ? 0x08 : 0) | (ike.is_response ? 0x20 : 0));
    const bool is_encrypted =
        ike.first == First::encrypted || ike.first == First::encrypted_fragment;
    if (ike.version == 1) out.flags = is_encrypted ? 1 : 0;
    if (is_encrypted) {
        const bool is_part = ike.first == First::encrypted_fragment;
        out.payloads = {
            payload(is_part ? ike::payload::encrypted_fragment : ike::payload::encrypted, 60)};
        if (ike.holds_delete) out.payloads[0].first_inner = ike::payload::delete_sa;
        return out;
    }
    // Long enough for fragments, short enough for the first one to show an SA behind.
    if (ike.cookie != 0)
        out.payloads.push_back(cookie(ike.cookie));
    else if (ike.first == First::notify)
        out.payloads.push_back(payload(ike::payload::notify, ike.holds_sa ? 12 : 60));
    if (!ike.holds_sa && ike.first != First::sa) return out;
    if (ike.exchange != oracle::session_resume)
        out.payloads.push_back(payload(ike::payload::sa, 40));
    out.payloads.push_back(payload(ike::payload::nonce, 32));
    return out;
}

}  // namespace

Bytes udp_payload(Kind kind, bool nat_t, const Ike& ike, const oracle::Esp& esp) {
    switch (kind) {
        case Kind::cut: return Bytes(3, 0);
        case Kind::keepalive: return keepalive();
        case Kind::esp: return testlib::esp(esp.spi, 100, esp.sequence);
        case Kind::ike: break;
    }
    return nat_t ? behind_marker(message(ike)) : message(ike).bytes();
}

std::span<const std::uint8_t> content(const Bytes& frame) {
    const Dissected packet = dissect(frame);
    const std::size_t start = packet.is_later_fragment ? packet.l4 : packet.l4 + 8;
    return std::span{frame}.subspan(start, packet.end - start);
}

}  // namespace ikelb::testlib
