// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include "tests/oracle/event.h"

#include <array>
#include <cstdio>

namespace ikelb::oracle {

namespace {

template <typename... Values>
std::string format(const char* pattern, Values... values) {
    std::array<char, 200> line{};
    std::snprintf(line.data(), line.size(), pattern, values...);
    return line.data();
}

std::string text_of(const Place& place) {
    return format("c%u%s:%u>%s", place.client.number, place.client.family == 6 ? "v6" : "",
                  place.port, place.nat_t ? "4500" : "500");
}

std::string text_of(const Ike& ike) {
    static constexpr std::array firsts{"SA", "N", "SK", "SKF"};
    return format("v%u (%llx, %llx) exchange %u %s%s id %u %s%s%s", ike.version,
                  static_cast<unsigned long long>(ike.spi_i),
                  static_cast<unsigned long long>(ike.spi_r), ike.exchange,
                  ike.is_response ? "R" : "-", ike.from_initiator ? "I" : "-", ike.message_id,
                  firsts[static_cast<std::size_t>(ike.first)],
                  ike.holds_sa && ike.first != First::sa ? " ..SA" : "",
                  ike.holds_delete ? " {D}" : "");
}

std::string text_of_datagram(const Event& event) {
    std::string line;
    if (event.part == Part::later)
        return format("later fragment, id %u%s", event.fragment_id,
                      event.may_hold ? ", may be held" : "");
    if (event.part == Part::first) line = format("first fragment, id %u, of ", event.fragment_id);
    switch (event.kind) {
        case Kind::ike: return line + "IKE " + text_of(event.ike);
        case Kind::esp: return line + format("ESP %x #%u", event.esp.spi, event.esp.sequence);
        case Kind::keepalive: return line + "keepalive";
        case Kind::cut: return line + "3 bytes";
    }
    return line;
}

}  // namespace

std::string text(const Event& event) {
    static constexpr std::array changes{"down",         "up",     "enable", "drain_keep",
                                        "drain_refuse", "remove", "add",    "flush"};
    static constexpr std::array fates{"dies", "lives", "withdrawn", "announced"};
    switch (event.what) {
        case What::time: return format("+%u s", event.seconds);
        case What::pool:
            return format("pool: %s b%d", changes[static_cast<std::size_t>(event.change)],
                          event.backend);
        case What::router:
            return format("router %d: %s", event.router,
                          fates[static_cast<std::size_t>(event.fate)]);
        case What::from_client:
            return text_of(event.place) + format(" -> vip%d w%u: ", event.vip, event.worker) +
                   text_of_datagram(event) +
                   format(", router %d   [%s]", event.router, event.who);
        case What::from_backend:
            return format("b%d -> ", event.backend) + text_of(event.place) +
                   format(" w%u: ", event.worker) + text_of_datagram(event) + "   [" + event.who +
                   "]";
    }
    return {};
}

}  // namespace ikelb::oracle
