// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include "tests/bench/stream.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <random>

namespace ikelb::bench {

namespace {

constexpr std::size_t stream_bytes = std::size_t{32} << 20;
// In 2,000 packets: 20 IKE, 20 of a new SPI, one datagram in two fragments.
constexpr std::uint64_t of = 2000, ike_share = 20, new_spi_share = 20, fragmented_share = 1;
/// SPIs that no client of client_of() has: 0x20000000 and on.
constexpr std::uint32_t new_spis = 0x20000000, new_spi_mask = 0x1fffffff;

/// So many flows that the first packets' records would otherwise be in a cache at the second time.
constexpr std::size_t many_flows = std::size_t{1} << 24, packets_of_many = std::size_t{1} << 21;

std::size_t packets_of(const StreamOptions& options, std::size_t stride, std::size_t flows) {
    if (options.packets != 0) return options.packets;
    if (flows >= many_flows) return packets_of_many;
    return std::clamp(std::bit_floor(stream_bytes / stride), Stream::least_packets,
                      Stream::most_packets);
}

}  // namespace

Stream::Stream(const Town& town, const StreamOptions& options)
    : town_{town}, options_{options}, frames_{town.frames(options.esp_frame)} {
    for (std::size_t kind = 0; kind < kinds; ++kind)
        if (options.mix == Mix::mixed || static_cast<Kind>(kind) == Kind::esp)
            stride_ = std::max(stride_,
                               frames_.length(options.towards, static_cast<Kind>(kind)));
    stride_ = (stride_ + 63) / 64 * 64;
    const std::size_t count = packets_of(options, stride_, flows());
    entries_.reserve(count + 1);
    bytes_.reserve((count + 1) * stride_);
    std::mt19937_64 random{options.seed};
    while (entries_.size() < count) {
        const std::size_t client = draw_client(random());
        const std::uint64_t draw = options.mix == Mix::esp ? of : random() % of;
        if (draw < ike_share) {
            add(Kind::dpd, client, 0);
        } else if (draw < ike_share + new_spi_share) {
            add(Kind::esp, client, random());
            entries_.back().has_new_spi = true;
        } else if (draw < ike_share + new_spi_share + fragmented_share) {
            add(Kind::first_fragment, client, 0);
            add(Kind::later_fragment, client, 0);
        } else {
            add(Kind::esp, client, random());
        }
    }
    entries_.resize(count);
}

/// The number's own hash deals it: a part's clients have nothing in common.
std::size_t Stream::draw_client(std::uint64_t random) const noexcept {
    const std::size_t clients = town_.options().clients;
    std::size_t number = (random >> 32) * clients >> 32;
    const auto part_of = [&](std::size_t n) {
        return net::keyed_hash(n, {.k0 = options_.seed, .k1 = 1}) % options_.parts;
    };
    while (part_of(number) != options_.part) number = (number + 1) % clients;
    return number;
}

void Stream::add(Kind kind, std::size_t number, std::uint64_t random) {
    const Client client = town_.client(number);
    const bool up = options_.towards == Towards::server;
    entries_.push_back({.client = static_cast<std::uint32_t>(number),
                        .length =
                            static_cast<std::uint16_t>(frames_.length(options_.towards, kind)),
                        .kind = kind});
    bytes_.resize(entries_.size() * stride_);
    frames_.make(options_.towards, kind,
                 {.by = client,
                  .backend = town_.address_of(town_.backend_of(client)),
                  .esp_spi = up ? client.esp_up[random & 1] : client.esp_down,
                  .sequence = static_cast<std::uint32_t>(random >> 8)},
                 bytes_.data() + (entries_.size() - 1) * stride_);
}

void Stream::load(std::size_t n, Lane& lane, std::size_t i) noexcept {
    const Entry& entry = entries_[place(n)];
    std::uint8_t* const to = lane.put(i, entry.length, options_.towards);
    std::memcpy(to, bytes(n).data(), entry.length);
    if (entry.has_new_spi)
        frames_.change_esp_spi(options_.towards, to, new_spis | (new_spi_++ & new_spi_mask));
}

std::string Stream::check(std::size_t n, std::span<const std::uint8_t> frame) const {
    const Entry& entry = entries_[place(n)];
    testlib::Bytes in(bytes(n).begin(), bytes(n).end());
    if (entry.has_new_spi) {
        // Which one it was, load() has forgotten.
        const std::size_t spi = testlib::dissect(in).payload;
        const std::uint8_t* const at = frame.data() + spi;
        frames_.change_esp_spi(options_.towards, in.data(),
                               std::uint32_t{at[0]} << 24 | std::uint32_t{at[1]} << 16 |
                                   std::uint32_t{at[2]} << 8 | at[3]);
    }
    const Client client = town_.client(entry.client);
    return check_output(town_,
                        {.towards = options_.towards,
                         .client = client.address,
                         .backend = town_.backend_of(client)},
                        in, frame);
}

std::string check_output(const Town& town, const Ends& ends, std::span<const std::uint8_t> in,
                         std::span<const std::uint8_t> out) {
    const testlib::Dissected before = testlib::dissect(in), after = testlib::dissect(out);
    const forwarding::ForwardingTable& table = town.table();
    const forwarding::Frontend& frontend = table.frontends[2 * town.service()];
    const bool is_v6 = !frontend.vip.is_v4();
    const forwarding::Home& home = table.backends[ends.backend].homes[is_v6];
    const bool up = ends.towards == Towards::server;
    const forwarding::LinkHeader& link = up ? home.link : table.gateways[frontend.uplink].link;
    std::string wrong;
    const auto hold = [&](bool is_good, const char* what) {
        if (!is_good) wrong.append(wrong.empty() ? "" : ", ").append(what);
    };
    hold(after.is_valid && out.size() == in.size() && after.payload == before.payload,
         "not the frame that came in");
    if (!wrong.empty()) return wrong;
    hold(std::equal(out.begin(), out.begin() + 12, link.bytes.begin()), "link addresses");
    hold(after.from == (up ? ends.client : frontend.vip), "source address");
    hold(after.to == (up ? home.address : ends.client), "destination address");
    hold(after.ttl == before.ttl - 1, "TTL");
    hold(after.is_ip_checksum_good, "IP checksum");
    hold(after.is_later_fragment ||
             (after.is_udp_checksum_good &&
              after.is_udp_checksum_zero == before.is_udp_checksum_zero),
         "UDP checksum");
    testlib::Bytes rest(out.begin(), out.end());
    const auto l4 = static_cast<std::ptrdiff_t>(before.l4);
    if (!after.is_later_fragment) std::copy_n(in.begin() + l4 + 6, 2, rest.begin() + l4 + 6);
    hold(std::equal(in.begin() + l4, in.end(), rest.begin() + l4), "payload");
    return wrong;
}

}  // namespace ikelb::bench
