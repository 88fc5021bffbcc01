// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

// Pools, their servers and their health, with their keys (key.h).

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "config/key.h"

namespace ikelb::config {

/// The mark in the SPIs that a server chooses. All zero: the server marks none.
struct SpiLabel {
    std::uint64_t ike_mask = 0;   ///< as strongSwan's charon.spi_mask
    std::uint64_t ike_value = 0;  ///< as strongSwan's charon.spi_label
    std::uint32_t esp_first = 0;  ///< inclusive
    std::uint32_t esp_last = 0;
    SourceLine line{};
    friend bool operator==(const SpiLabel&, const SpiLabel&) = default;

    static void rows(auto& keys) {
        keys.add("ike_mask", &SpiLabel::ike_mask,
            {.form = Form::hexadecimal, .range = {1, 16}, .example = "0xff00000000000000"},
            "The bits that the server sets in its IKE SPIs: strongSwan's charon.spi_mask.");
        keys.add("ike_value", &SpiLabel::ike_value,
            {.form = Form::hexadecimal, .range = {1, 16}, .example = "0x0100000000000000"},
            "Their values, within ike_mask: strongSwan's charon.spi_label.");
        keys.add("esp_first", &SpiLabel::esp_first,
            {.form = Form::hexadecimal, .range = {1, 8}, .example = "0xc1000000"},
            "The first ESP SPI of the server's choice, 0x100 or more: strongSwan's "
            "charon.spi_min. Its clients send with these SPIs.");
        keys.add("esp_last", &SpiLabel::esp_last,
            {.form = Form::hexadecimal, .range = {1, 8}, .example = "0xc1ffffff"},
            "The last one: strongSwan's charon.spi_max.");
    }
};

/// A further address of a server, for one service's traffic alone.
struct Alias {
    std::string service{};  ///< Service::name
    net::IpAddress address{};
    SourceLine line{};
    friend bool operator==(const Alias&, const Alias&) = default;

    static void rows(auto& keys) {
        keys.add("service", &Alias::service,
            {.form = Form::reference, .presence = required, .example = "aovpn", .of = "services"},
            "The service, by name; one of those that use this pool.");
        keys.add("address", &Alias::address, {.presence = required, .example = "10.20.0.111"},
            "The alias, of the family of the service's VIP; unique over all pools.");
    }
};

struct Backend {
    std::string name{};
    net::IpAddress address{};
    std::optional<net::IpAddress> address6{};  ///< besides an IPv4 `address`
    std::uint16_t weight = 100;  ///< 0: gets no new clients
    std::vector<Alias> aliases{};
    SpiLabel spi_label{};
    SourceLine line{};

    /// The backend's own address of the family, or nullptr.
    const net::IpAddress* own_address(bool is_v4) const noexcept {
        if (address.is_v4() == is_v4) return &address;
        return address6 && address6->is_v4() == is_v4 ? &*address6 : nullptr;
    }
    /// The backend's own addresses, then the aliases.
    std::vector<net::IpAddress> addresses() const {
        std::vector<net::IpAddress> all{address};
        if (address6) all.push_back(*address6);
        for (const Alias& alias : aliases) all.push_back(alias.address);
        return all;
    }
    friend bool operator==(const Backend&, const Backend&) = default;

    static void rows(auto& keys) {
        keys.add("name", &Backend::name,
            {.form = Form::name, .presence = required, .example = "rras1"},
            "The backend's name in ikelbctl, logs and metrics; unique over all pools.",
            "A new name is a backend removed and another added.");
        keys.add("address", &Backend::address, {.presence = required, .example = "10.20.0.11"},
            "The packets' destination in place of the VIP; unique over all pools.",
            "The tunnels of the old address end; it is another server, unless address6 stays what "
            "it was.");
        keys.add("address6", &Backend::address6, {.example = "fd00:20::11"},
            "The same server's IPv6 address, beside its IPv4 one. Services with an IPv6 VIP send "
            "there. It is one backend with one weight and one drain, and a client that moves "
            "between the VIPs of both families (MOBIKE) keeps its tunnel. Each address has a "
            "health check of its own, which counts for the services of its family. A backend "
            "without an address of a service's family is no member of that service.",
            "None where it comes with its service. Tunnels that are up at an address that goes or "
            "changes are lost; drain the server first (refuse).");
        keys.add("weight", &Backend::weight, {.range = {0, 1000}, .unit = "share"},
            "The share of new clients, of the sum of the pool's weights. 0: no new clients.",
            "None: tunnels stay where they are, only new clients are spread anew.");
        keys.add("aliases", &Backend::aliases, {.range = {0, 255}},
            "Further addresses of this server, each for one of several services that share the "
            "pool. Packets to that service's VIP go to the alias instead of address, and packets "
            "that the server sends from the alias leave from that VIP. One service may do without "
            "and use address. Where two do, only records tell the VIP of an answer, and an "
            "unknown source that logs in at the other VIP with a client's address may turn that "
            "client's answers there. It is one backend all the same: one weight, one drain, and "
            "no health check at the alias.",
            "None where a service and its aliases come or go together. A service in use that gets "
            "an alias, or loses it, leaves its tunnels on this server without their way to it: "
            "servers keep a tunnel at the address where it began. Their IKE goes on and no DPD "
            "notices. Drain the server first (refuse), or leave the service in use at address and "
            "give the alias to the new one.");
        keys.add("spi_label", &Backend::spi_label, {.listed = Listed::if_written},
            "The marks in the SPIs that this server chooses. ikelb tells by them which server an "
            "SA belongs to without having seen it before, whatever address it comes from. All "
            "0x0: it marks none. Both pairs of numbers are the server's own, of its "
            "strongswan.conf; RRAS can't mark. Either all backends of a pool mark their IKE (ESP) "
            "SPIs, each in its own way, or none: another's SPI, chosen at random, may look like a "
            "marked one.",
            "A marked SPI goes before every record: set it on the servers first, and here when "
            "the SAs from before that are gone, or they may go to the wrong server.");
    }
};

struct IcmpHealth {
    std::chrono::milliseconds interval{std::chrono::seconds{5}};
    std::chrono::milliseconds timeout{std::chrono::seconds{2}};
    std::uint16_t fall = 3;  ///< failures in a row until down
    std::uint16_t rise = 2;  ///< answers in a row until up
    SourceLine line{};
    friend bool operator==(const IcmpHealth&, const IcmpHealth&) = default;

    static void rows(auto& keys) {
        keys.add("interval", &IcmpHealth::interval, {.range = {100, hour}},
            "The time from one request to the next.",
            "None by itself; a failure is seen after about interval times fall.");
        keys.add("timeout", &IcmpHealth::timeout, {.range = {10, hour}},
            "The time to wait for the answer; not longer than interval.",
            "None by itself; too short a time takes slow backends for dead ones.");
        keys.add("fall", &IcmpHealth::fall, {.range = {1, 100}, .unit = "failures in a row"},
            "A backend is down after so many requests without an answer.",
            "None by itself.");
        keys.add("rise", &IcmpHealth::rise, {.range = {1, 100}, .unit = "answers in a row"},
            "A backend is up again after so many answers.",
            "None by itself.");
    }
};

struct Health {
    bool is_off = false;  ///< YAML: `health: none`; always up
    IcmpHealth icmp{};
    SourceLine line{};
    friend bool operator==(const Health&, const Health&) = default;

    static void rows(auto& keys) {
        keys.add("icmp", &Health::icmp, {},
            "Echo requests (ping) from the servers' side interface to each address of a backend.");
    }
};

struct Pool {
    std::string name{};
    std::vector<Backend> backends{};
    OnDown on_down = OnDown::keep;
    Health health{};
    SourceLine line{};
    friend bool operator==(const Pool&, const Pool&) = default;

    static void rows(auto& keys) {
        keys.add("name", &Pool::name, {.form = Form::name, .presence = required, .example = "rras"},
            "The pool's name in services, logs and metrics.",
            "A new name is a pool removed and another added.");
        keys.add("backends", &Pool::backends, {.presence = required, .range = {0, 1024}},
            "The IKE servers. Their default gateway has to be ikelb.",
            "A new backend gets new clients only. Removing one ends its tunnels; drain it first "
            "(ikelbctl drain).");
        keys.add("on_down", &Pool::on_down, {},
            "The known tunnels of a backend whose health check fails. keep: their packets still go "
            "to it, for the ping alone may be broken, and no other server knows their keys. "
            "flush: they are dropped, clients connect anew.",
            "flush drops the tunnels of backends that are down at that moment.");
        keys.add("health", &Pool::health, {},
            "The health check of the pool's backends. The word none takes all of them for up.",
            "A backend starts over with the new check; its tunnels stay (on_down: keep).")
            .word("none", &Health::is_off);
    }
};

}  // namespace ikelb::config
