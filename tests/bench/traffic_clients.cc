// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include "tests/bench/traffic_clients.h"

#include <algorithm>
#include <chrono>
#include <cstring>
#include <stdexcept>

#include "config/text/address.h"

namespace ikelb::bench {

namespace {

using testlib::Dissected;

constexpr std::size_t esp_frame_bytes = 64;
// Ethernet, IPv4 without options, UDP, then SPI and sequence number.
constexpr std::size_t udp_checksum_at = 40, esp_at = 42, sequence_at = 46, stamp_at = 50;

net::MacAddress mac_of(const std::string& text) {
    const auto parsed = text::parse_mac(text);
    if (!parsed) throw std::runtime_error("`" + text + "` is no MAC address");
    return *parsed;
}

Links links_of(const ClientOptions& options) {
    const auto vip = text::parse_address(options.destination);
    if (!vip || !vip->is_v4())
        throw std::runtime_error("`" + options.destination + "` is no IPv4 address");
    const net::MacAddress ours{{0x02, 0, 0, 0, 0xbe, 0x01}};
    return {.from_gateway = ours,
            .to_gateway_side = mac_of(options.next_hop),
            .from_server = ours,
            .to_server_side =
                options.answer_hop.empty() ? net::MacAddress{} : mac_of(options.answer_hop),
            .vip = *vip};
}

std::uint32_t number_of(const net::IpAddress& address) {
    return static_cast<std::uint32_t>(address.low());
}

bool is_of(const Dissected& packet, Kind kind, std::uint16_t port) {
    return packet.is_valid && packet.protocol == 17 && !packet.is_later_fragment &&
           port == (kind == Kind::init ? 500 : 4500);
}

}  // namespace

Clients::Clients(const ClientOptions& options)
    : options_{options}, frames_{Family::v4, links_of(options), esp_frame_bytes} {
    for (std::size_t i = 0; i < options.count; ++i)
        by_address_[number_of(client_of(i, Family::v4).address)] = i;
}

Bytes Clients::frame(Towards towards, Kind kind, std::size_t client,
                     const net::IpAddress& backend) const {
    const Client by = client_of(client, Family::v4);
    return frames_.make(towards, kind,
                        {.by = by,
                         .backend = backend,
                         .esp_spi = towards == Towards::server ? by.esp_up[0] : by.esp_down,
                         .sequence = 1});
}

std::vector<Bytes> Clients::esp_frames() const {
    std::vector<Bytes> made;
    made.reserve(options_.count);
    for (std::size_t i = 0; i < options_.count; ++i) {
        made.push_back(frame(Towards::server, Kind::esp, i, {}));
        made.back()[udp_checksum_at] = made.back()[udp_checksum_at + 1] = 0;
    }
    return made;
}

void Clients::answer(Kind kind, std::span<const std::uint8_t> request, RawLink& servers) const {
    const Dissected packet = testlib::dissect(request);
    if (!is_of(packet, kind, packet.to_port)) return;
    const auto client = by_address_.find(number_of(packet.from));
    if (client == by_address_.end()) return;
    const Bytes reply = frame(Towards::client, kind, client->second, packet.to);
    servers.send({&reply});
}

/// Tries some times, as clients do. Returns those that got no answer.
std::vector<std::size_t> Clients::exchange(Kind kind, const std::vector<std::size_t>& who,
                                           RawLink& clients, RawLink& servers) {
    using Clock = std::chrono::steady_clock;
    constexpr int tries = 20;
    constexpr auto patience = std::chrono::milliseconds{100};
    std::vector<bool> is_done(options_.count, false);
    std::vector<std::size_t> waiting = who;
    const auto take_answer = [&](std::span<const std::uint8_t> bytes) {
        const Dissected packet = testlib::dissect(bytes);
        if (!is_of(packet, kind, packet.from_port)) return;
        const auto client = by_address_.find(number_of(packet.to));
        if (client != by_address_.end()) is_done[client->second] = true;
    };
    for (int i = 0; i < tries && !waiting.empty(); ++i) {
        for (const std::size_t client : waiting) {
            const Bytes request = frame(Towards::server, kind, client, {});
            clients.send({&request});
        }
        const auto deadline = Clock::now() + patience;
        while (!waiting.empty() && Clock::now() < deadline) {
            if (servers.wait(1))
                servers.receive([&](auto bytes) { answer(kind, bytes, servers); });
            clients.receive(take_answer);
            std::erase_if(waiting, [&](std::size_t client) { return is_done[client]; });
        }
    }
    return waiting;
}

std::size_t Clients::log_in(RawLink& clients, RawLink& servers) {
    constexpr std::size_t at_once = 64;
    std::size_t done = 0;
    for (std::size_t first = 0; first < options_.count; first += at_once) {
        std::vector<std::size_t> who;
        for (std::size_t i = first; i < std::min(first + at_once, options_.count); ++i)
            who.push_back(i);
        for (const Kind kind : {Kind::init, Kind::auth, Kind::esp}) {
            const std::vector<std::size_t> left = exchange(kind, who, clients, servers);
            std::erase_if(who, [&](std::size_t i) { return std::ranges::count(left, i) != 0; });
        }
        done += who.size();
    }
    return done;
}

void count_up(Bytes& frame) {
    for (std::size_t i = sequence_at + 4; i-- > sequence_at;)
        if (++frame[i] != 0) return;
}

void stamp(Bytes& frame, std::uint64_t nanos) {
    std::memcpy(&frame[stamp_at], &nanos, sizeof nanos);
}

std::uint64_t stamp_of(std::span<const std::uint8_t> frame) {
    std::uint64_t nanos = 0;
    if (frame.size() < esp_frame_bytes || frame[23] != 17) return 0;
    // Not IKE, whose first four bytes are zero.
    std::uint32_t spi = 0;
    std::memcpy(&spi, &frame[esp_at], sizeof spi);
    if (spi != 0) std::memcpy(&nanos, &frame[stamp_at], sizeof nanos);
    return nanos;
}

}  // namespace ikelb::bench
