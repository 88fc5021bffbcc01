// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors

// Sequences of any frames through the whole pipeline and a small farm. Each frame lies in memory
// of exactly its size. What must hold of every packet is checked against an independent reading of
// the frame before and after.
//
// An input is a farm, then frames: 4 bytes of options, 2 bytes of length, the bytes.

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <span>
#include <vector>

#include "tests/testlib/samples.h"

namespace {

using namespace ikelb;
using namespace ikelb::testlib;
using pipeline::Fate;
using pipeline::Verdict;

#define REQUIRE(condition)                                              \
    do {                                                                \
        if (!(condition)) {                                             \
            std::fprintf(stderr, "line %d: %s\n", __LINE__, #condition); \
            std::abort();                                               \
        }                                                               \
    } while (false)

std::vector<std::unique_ptr<Bench>> make_benches() {
    std::vector<TableSpec> specs = sample_farms();
    specs[0].services[0].scheduler = tables::Scheduler::weighted_round_robin;
    specs[0].backends[2].is_up = false;
    specs[0].backends[2].flush_on_down = true;
    specs[1].services[1].is_served = false;
    specs[1].backends[1].mode = tables::Mode::drain_refuse;
    specs[2].backends[0].mac = {};
    specs[2].interfaces[1].mtu = 400;
    std::vector<std::unique_ptr<Bench>> benches;
    for (TableSpec& spec : specs) benches.push_back(std::make_unique<Bench>(spec, 2));
    return benches;
}

/// Where a mutation has spoilt the header's checksum, few frames would get past it.
void mend_ip_checksum(Bytes& frame) {
    const bool has_tag = frame.size() > 16 && frame[12] == 0x81 && frame[13] == 0;
    const std::size_t l3 = has_tag ? 18 : 14;
    if (frame.size() < l3 + 20 || frame[l3] >> 4 != 4) return;
    const std::size_t header = std::size_t{frame[l3] & 0xfu} * 4;
    if (header < 20 || frame.size() < l3 + header) return;
    frame[l3 + 10] = frame[l3 + 11] = 0;
    const std::uint16_t sum = slow_checksum(std::span{frame}.subspan(l3, header));
    frame[l3 + 10] = static_cast<std::uint8_t>(sum >> 8);
    frame[l3 + 11] = static_cast<std::uint8_t>(sum);
}

bool is_ours(const Bench& bench, const net::IpAddress& address) {
    if (!address.is_v4() && (address.is_multicast_or_broadcast() || address.is_ipv6_link_local()))
        return true;
    const auto* entry = bench.table().addresses.find(address);
    return entry != nullptr && entry->role != tables::AddressRole::backend;
}

void check_never_punted(const Bench& bench, const Dissected& before, const Outcome& outcome) {
    const bool is_service_udp = before.is_valid && before.protocol == 17 &&
                                !before.is_later_fragment &&
                                (before.to_port == 500 || before.to_port == 4500);
    if (is_service_udp && is_ours(bench, before.to)) REQUIRE(outcome.fate() != Fate::punt);
}

std::span<const std::uint8_t> payload_of(std::span<const std::uint8_t> frame, const Dissected& d) {
    return frame.subspan(d.payload, d.end - d.payload);
}

void check_translated(const Input& input, const Dissected& before, const Outcome& outcome) {
    const Dissected after = outcome.packet();
    REQUIRE(before.is_valid && after.is_valid);
    REQUIRE(after.is_ip_checksum_good);
    REQUIRE(after.ttl + 1 == before.ttl);
    REQUIRE(after.protocol == before.protocol);
    const bool is_to_client = outcome.verdict == Verdict::to_client;
    REQUIRE((is_to_client ? after.to : after.from) == (is_to_client ? before.to : before.from));
    if (before.is_v6 && before.is_later_fragment) return;  // of whatever its first one is of
    if (before.protocol == (before.is_v6 ? 58 : 1)) {
        if (before.is_icmp_checksum_good) REQUIRE(after.is_icmp_checksum_good);
        return;
    }
    REQUIRE(before.protocol == 17);
    REQUIRE(after.from_port == before.from_port && after.to_port == before.to_port);
    REQUIRE(std::ranges::equal(payload_of(input.bytes, before), payload_of(outcome.bytes, after)));
    REQUIRE(after.is_udp_checksum_zero == before.is_udp_checksum_zero);
    if (before.is_udp_checksum_good) REQUIRE(after.is_udp_checksum_good);
}

void check_transit(const Input& input, const Dissected& before, const Outcome& outcome) {
    const Dissected after = outcome.packet();
    REQUIRE(before.is_valid && after.is_valid && after.is_ip_checksum_good);
    REQUIRE(after.from == before.from && after.to == before.to && after.ttl + 1 == before.ttl);
    REQUIRE(std::ranges::equal(
        std::span{input.bytes}.subspan(before.l4, before.end - before.l4),
        std::span{outcome.bytes}.subspan(after.l4, after.end - after.l4)));
}

void check(const Bench& bench, const Input& input, const Outcome& outcome) {
    const Dissected before = dissect(input.bytes);
    check_never_punted(bench, before, outcome);
    REQUIRE(input.may_hold || outcome.fate() != Fate::hold);
    REQUIRE(-outcome.out_shift <= input.headroom);
    switch (outcome.verdict) {
        case Verdict::to_server:
        case Verdict::to_client: check_translated(input, before, outcome); break;
        case Verdict::transit: check_transit(input, before, outcome); break;
        case Verdict::icmp_error_sent: {
            const Dissected after = outcome.packet();
            REQUIRE(after.is_valid && after.is_ip_checksum_good && after.is_icmp_checksum_good);
            REQUIRE(after.to == before.from);
            break;
        }
        default: break;
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static auto benches = make_benches();
    static tables::Seconds start = 1000;
    if (size < 1) return 0;
    // What the input before this one has taught is over: every input starts with no live record.
    start += 200'000;
    if (start > 1'000'000'000) {  // far from where the clock's age would turn negative
        start = 1000;
        benches = make_benches();
    }
    Bench& bench = *benches[data[0] % benches.size()];
    bench.set_now(start);
    for (std::size_t worker = 0; worker < 2; ++worker) bench.memory(worker) = {};
    std::size_t at = 1;
    std::vector<Input> burst;
    while (at + 6 <= size && burst.size() < 32) {
        const std::uint8_t* options = data + at;
        const std::size_t length =
            std::min<std::size_t>(std::size_t{options[4]} << 8 | options[5], size - at - 6);
        Input input{.bytes = Bytes(options + 6, options + 6 + length),
                    .port = static_cast<tables::PortIndex>(options[0] & 1),
                    .headroom = std::array<std::uint16_t, 4>{128, 28, 4, 0}[options[0] >> 1 & 3],
                    .contiguous = options[1] == 0 ? SIZE_MAX : options[1],
                    .may_hold = (options[0] & 8) == 0,
                    .was_held = (options[0] & 8) != 0};
        if ((options[0] & 16) == 0) mend_ip_checksum(input.bytes);
        at += 6 + length;
        burst.push_back(std::move(input));
        if (options[2] == 0 && at + 6 <= size) continue;  // the next one is of the same burst
        const auto outcomes = bench.run(burst, options[0] >> 5 & 1);
        for (std::size_t i = 0; i < burst.size(); ++i) check(bench, burst[i], outcomes[i]);
        burst.clear();
        bench.advance(options[3]);
    }
    return 0;
}
