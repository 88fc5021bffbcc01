// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors

// Any bytes as a frame, and as a UDP payload: nothing is read beyond the bytes at hand, and what
// is said of them is true.

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <span>

#include "dataplane/ike/payload_walk.h"
#include "tests/testlib/bench.h"

namespace {

using namespace ikelb;

void require(bool condition) {
    if (!condition) std::abort();
}

/// Memory of exactly the size, for the sanitizer to see the first byte too many.
struct Exact {
    explicit Exact(std::span<const std::uint8_t> from)
        : bytes{std::make_unique<std::uint8_t[]>(from.size())}, size{from.size()} {
        std::ranges::copy(from, bytes.get());
    }
    std::span<std::uint8_t> all() const { return {bytes.get(), size}; }

    std::unique_ptr<std::uint8_t[]> bytes;
    std::size_t size;
};

void classify_payload(std::span<const std::uint8_t> payload, std::size_t total, bool is_nat_t) {
    const ike::Datagram datagram = ike::classify(payload, total, is_nat_t);
    if (datagram.kind == ike::Kind::esp) require(is_nat_t && datagram.esp_spi.to_host() >= 256);
    if (datagram.kind == ike::Kind::keepalive) require(is_nat_t && total == 1);
    if (datagram.kind != ike::Kind::ike) return;
    const auto message = payload.subspan(datagram.ike_offset);
    require(message.size() >= sizeof(ike::Header));
    require(ike::header_of(payload, datagram).length.to_host() <= total - datagram.ike_offset);
    const ike::Evidence evidence = ike::evidence_of(message);
    if (evidence != ike::Evidence::none)
        require(ike::header_of(payload, datagram).responder_spi.to_host() != 0);
    (void)ike::hints_at_delete(message);
}

void parse_frame(std::span<std::uint8_t> frame, std::uint32_t more) {
    static testlib::Bench bench{testlib::one_port_farm()};
    pipeline::Context context{.table = bench.table(),
                              .sessions = bench.sessions(),
                              .counters = bench.counters(),
                              .memory = bench.memory(),
                              .now = bench.now()};
    pipeline::Packet packet;
    packet.frame = {.data = frame.data(),
                    .contiguous = static_cast<std::uint16_t>(frame.size()),
                    .length = static_cast<std::uint32_t>(frame.size() + more)};
    pipeline::parse(packet, context);
    if (packet.is_decided()) return;
    require(packet.is_ip && packet.l3 < packet.l4 && packet.l4 <= packet.l3_end);
    require(packet.l3_end <= frame.size());
    if (packet.protocol == net::ip_protocol::udp && !packet.is_later_fragment)
        require(packet.payload == packet.l4 + 8 && packet.payload <= packet.l3_end &&
                packet.udp_payload().size() <= packet.udp_payload_length);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size < 2 || size > 4096) return 0;
    const std::uint8_t choice = data[0];
    const Exact exact{std::span{data, size}.subspan(1)};
    classify_payload(exact.all(), exact.size + (choice >> 4) * 100u, (choice & 1) != 0);
    (void)ike::evidence_of(exact.all());
    (void)ike::hints_at_delete(exact.all());
    parse_frame(exact.all(), (choice & 2) != 0 ? 1000 : 0);
    return 0;
}
