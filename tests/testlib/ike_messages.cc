// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include "tests/testlib/packet_builder.h"

namespace ikelb::testlib {

namespace {

constexpr std::uint8_t flag_initiator = 0x08, flag_response = 0x20;

void put(Bytes& out, std::uint64_t value, int bytes) {
    for (int i = bytes - 1; i >= 0; --i)
        out.push_back(static_cast<std::uint8_t>(value >> (8 * i)));
}

}  // namespace

Bytes IkeMessage::bytes() const {
    Bytes body;
    for (std::size_t i = 0; i < payloads.size(); ++i) {
        const bool is_last = i + 1 == payloads.size();
        body.push_back(is_last ? payloads[i].first_inner : payloads[i + 1].type);
        body.push_back(0);
        put(body, 4 + payloads[i].body.size(), 2);
        body.insert(body.end(), payloads[i].body.begin(), payloads[i].body.end());
    }
    Bytes out;
    put(out, initiator_spi, 8);
    put(out, responder_spi, 8);
    out.push_back(payloads.empty() ? ike::payload::none : payloads[0].type);
    out.push_back(version);
    out.push_back(exchange);
    out.push_back(flags);
    put(out, message_id, 4);
    put(out, length.value_or(static_cast<std::uint32_t>(28 + body.size())), 4);
    out.insert(out.end(), body.begin(), body.end());
    return out;
}

IkeMessage sa_init(std::uint64_t spi_i) {
    return {.initiator_spi = spi_i,
            .payloads = {{.type = ike::payload::sa, .body = Bytes(40, 0x5a)},
                         {.type = 34, .body = Bytes(68, 0x11)},
                         {.type = ike::payload::nonce, .body = Bytes(32, 0x22)}}};
}

IkeMessage cookie_answer(std::uint64_t spi_i, std::uint8_t secret) {
    Bytes cookie(24, secret);
    cookie[0] = cookie[1] = 0;  // no protocol, no SPI
    cookie[2] = 16390 >> 8;
    cookie[3] = 16390 & 0xff;
    return {.initiator_spi = spi_i,
            .flags = flag_response,
            .payloads = {{.type = ike::payload::notify, .body = cookie}}};
}

IkeMessage sa_init_with_cookie(std::uint64_t spi_i, std::uint8_t secret) {
    IkeMessage message = sa_init(spi_i);
    message.payloads.insert(message.payloads.begin(), cookie_answer(spi_i, secret).payloads[0]);
    return message;
}

IkeMessage sa_init_answer(std::uint64_t spi_i, std::uint64_t spi_r) {
    IkeMessage message = sa_init(spi_i);
    message.responder_spi = spi_r;
    message.flags = flag_response;
    return message;
}

IkeMessage notify_answer(std::uint64_t spi_i, std::uint64_t spi_r) {
    return {.initiator_spi = spi_i,
            .responder_spi = spi_r,
            .flags = flag_response,
            .payloads = {{.type = ike::payload::notify, .body = Bytes(12, 0)}}};
}

IkeMessage encrypted(std::uint64_t spi_i, std::uint64_t spi_r, std::uint8_t exchange,
                     std::uint32_t message_id) {
    return {.initiator_spi = spi_i,
            .responder_spi = spi_r,
            .exchange = exchange,
            .flags = flag_initiator,
            .message_id = message_id,
            .payloads = {{.type = ike::payload::encrypted, .body = Bytes(60, 0xee)}}};
}

IkeMessage encrypted_answer(std::uint64_t spi_i, std::uint64_t spi_r, std::uint8_t exchange,
                            std::uint32_t message_id) {
    IkeMessage message = encrypted(spi_i, spi_r, exchange, message_id);
    message.flags = flag_response;
    return message;
}

IkeMessage delete_request(std::uint64_t spi_i, std::uint64_t spi_r) {
    IkeMessage message = encrypted(spi_i, spi_r, ike::exchange::informational, 7);
    message.flags = 0;
    message.payloads[0].first_inner = ike::payload::delete_sa;
    return message;
}

Bytes esp(std::uint32_t spi, std::size_t length, std::uint32_t sequence) {
    Bytes out;
    put(out, spi, 4);
    put(out, sequence, 4);
    out.resize(std::max<std::size_t>(length, 8), 0xab);
    return out;
}

Bytes behind_marker(const IkeMessage& message) {
    Bytes out(4, 0);
    const Bytes bytes = message.bytes();
    out.insert(out.end(), bytes.begin(), bytes.end());
    return out;
}

}  // namespace ikelb::testlib
