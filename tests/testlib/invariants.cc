// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include "tests/testlib/invariants.h"

#include <algorithm>
#include <span>

namespace ikelb::testlib {

namespace {

using pipeline::Disposition;
using pipeline::Verdict;

/// Remembers the first condition that fails.
class Check {
public:
    void require(bool holds, const char* what) {
        if (!holds && broken_.empty()) broken_ = what;
    }
    const std::string& broken() const { return broken_; }

private:
    std::string broken_;
};

#define REQUIRE(condition) check.require(condition, #condition)

/// One frame before and after the pipeline.
struct Way {
    const Bench& bench;
    const Input& input;
    const Outcome& outcome;
    Dissected before;
    Dissected after;

    const forwarding::ForwardingTable& table() const { return bench.table(); }
};

bool is_ours(const Bench& bench, const net::IpAddress& address) {
    if (!address.is_v4() && (address.is_multicast_or_broadcast() || address.is_ipv6_link_local()))
        return true;
    const auto* entry = bench.table().addresses.find(address);
    return entry != nullptr && entry->role != forwarding::AddressRole::backend;
}

bool is_role(const Way& way, const net::IpAddress& address, forwarding::AddressRole role) {
    const auto* entry = way.table().addresses.find(address);
    return entry != nullptr && entry->role == role;
}

std::span<const std::uint8_t> part(const Bytes& frame, std::size_t from, std::size_t to) {
    return std::span{frame}.subspan(from, to - from);
}

/// The frame leaves by an interface that is up, from that interface's MAC address.
void check_link(const Way& way, Check& check) {
    const auto& interfaces = way.table().interfaces;
    const auto is_its = [&](const forwarding::Interface& interface) {
        return interface.port == way.outcome.out_port && interface.vlan == way.after.vlan &&
               interface.is_up && interface.mac == way.after.from_mac;
    };
    REQUIRE(std::ranges::any_of(interfaces, is_its));
    REQUIRE(!way.after.to_mac.is_zero() && !way.after.to_mac.is_multicast());
}

void check_to_server(const Way& way, Check& check) {
    REQUIRE(way.table().backends[way.outcome.backend].is_present);
    REQUIRE(is_role(way, way.before.to, forwarding::AddressRole::vip));
    if (!check.broken().empty()) return;
    const forwarding::AddressEntry& vip = *way.table().addresses.find(way.before.to);
    const forwarding::Target& target = way.table().target(
        way.table().frontends[vip.frontends[0]].service, way.outcome.backend);
    REQUIRE(target.link.is_resolved);
    REQUIRE(way.after.to == target.address);
    REQUIRE(std::ranges::equal(way.after.to_mac.bytes, std::span{target.link.bytes}.first<6>()));
    REQUIRE(way.outcome.out_port == target.link.port);
    REQUIRE(way.after.from == way.before.from);
}

void check_to_client(const Way& way, Check& check) {
    REQUIRE(is_role(way, way.after.from, forwarding::AddressRole::vip));
    REQUIRE(way.after.to == way.before.to);
}

void check_translated(const Way& way, Check& check) {
    const Dissected& before = way.before;
    const Dissected& after = way.after;
    REQUIRE(before.is_valid && after.is_valid);
    REQUIRE(after.is_ip_checksum_good);
    REQUIRE(after.ttl + 1 == before.ttl);
    REQUIRE(after.protocol == before.protocol);
    if (!check.broken().empty()) return;
    if (before.is_v6 && before.is_later_fragment) return;  // of its first one's protocol
    if (before.protocol == (before.is_v6 ? 58 : 1)) {
        REQUIRE(!before.is_icmp_checksum_good || after.is_icmp_checksum_good);
        return;
    }
    REQUIRE(before.protocol == 17);
    REQUIRE(after.from_port == before.from_port && after.to_port == before.to_port);
    REQUIRE(std::ranges::equal(part(way.input.bytes, before.payload, before.end),
                               part(way.outcome.bytes, after.payload, after.end)));
    REQUIRE(after.is_udp_checksum_zero == before.is_udp_checksum_zero);
    REQUIRE(!before.is_udp_checksum_good || after.is_udp_checksum_good);
}

void check_transit(const Way& way, Check& check) {
    const Dissected& before = way.before;
    const Dissected& after = way.after;
    REQUIRE(before.is_valid && after.is_valid && after.is_ip_checksum_good);
    REQUIRE(after.from == before.from && after.to == before.to && after.ttl + 1 == before.ttl);
    if (!check.broken().empty()) return;
    REQUIRE(std::ranges::equal(part(way.input.bytes, before.l4, before.end),
                               part(way.outcome.bytes, after.l4, after.end)));
}

void check_icmp_error(const Way& way, Check& check) {
    const Dissected& after = way.after;
    REQUIRE(after.is_valid && after.is_ip_checksum_good && after.is_icmp_checksum_good);
    REQUIRE(after.to == way.before.from && after.to_mac == way.before.from_mac);
}

/// The kernel gets the received frame without its tag, on an existing kernel TAP.
void check_punt(const Way& way, Check& check) {
    REQUIRE(way.outcome.in_interface < way.table().interfaces.size());
    const Bytes& in = way.input.bytes;
    const Bytes& out = way.outcome.bytes;
    const std::size_t tag = in.size() - out.size();
    REQUIRE(tag == 0 || tag == 4);
    REQUIRE(std::ranges::equal(std::span{in}.first(12), std::span{out}.first(12)));
    REQUIRE(std::ranges::equal(std::span{in}.subspan(12 + tag), std::span{out}.subspan(12)));
    const bool is_service_udp = way.before.is_valid && way.before.protocol == 17 &&
                                !way.before.is_later_fragment &&
                                (way.before.to_port == 500 || way.before.to_port == 4500);
    REQUIRE(!(is_service_udp && is_ours(way.bench, way.before.to)));
}

}  // namespace

std::string broken_rule(const Bench& bench, const Input& input, const Outcome& outcome) {
    const Way way{.bench = bench,
                  .input = input,
                  .outcome = outcome,
                  .before = dissect(input.bytes),
                  .after = outcome.packet()};
    Check check;
    REQUIRE(input.may_hold || outcome.fate() != Disposition::hold);
    REQUIRE(-outcome.out_shift <= input.headroom);
    if (outcome.fate() == Disposition::punt) check_punt(way, check);
    if (outcome.fate() == Disposition::forward) check_link(way, check);
    switch (outcome.verdict) {
        case Verdict::to_server:
            check_to_server(way, check);
            check_translated(way, check);
            break;
        case Verdict::to_client:
            check_to_client(way, check);
            check_translated(way, check);
            break;
        case Verdict::transit: check_transit(way, check); break;
        case Verdict::icmp_error_sent: check_icmp_error(way, check); break;
        default: break;
    }
    return check.broken();
}

#undef REQUIRE

}  // namespace ikelb::testlib
