// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>

#include "dataplane/ike/datagram.h"
#include "dataplane/net/address.h"
#include "dataplane/tables/forwarding_table.h"
#include "dataplane/tables/record_table.h"

namespace ikelb::tables {

/// How many live records of each kind the directory is made for.
struct DirectoryLimits {
    std::size_t flows = 262144;
    std::size_t bindings = 262144;
    std::size_t pairs = 262144;
    std::size_t half_open = 65536;
    std::size_t fragments = 4096;
};

/// A kind of record in two regions of their own memory: what a backend's session has confirmed,
/// and what is only on its way there. Whatever floods the second cannot evict from the first.
template <std::size_t KeyWords>
struct TwoRegions {
    RecordTable<KeyWords> confirmed;
    RecordTable<KeyWords> provisional;

    TwoRegions(std::size_t capacity, HashKey key)
        : confirmed{capacity, key}, provisional{capacity / 4 + 1024, key} {}

    /// The key's live record, the confirmed one first.
    std::optional<Record> find(const typename RecordTable<KeyWords>::Key& key,
                               const Lifetimes& lifetimes, Seconds now) const noexcept {
        const std::uint64_t hash = confirmed.hash(key);
        if (const auto record = confirmed.find(key, hash);
            record && lifetimes.is_alive(*record, now))
            return record;
        if (const auto record = provisional.find(key, hash);
            record && lifetimes.is_alive(*record, now))
            return record;
        return std::nullopt;
    }

    /// Writes where the record's state belongs. A provisional record gives way to the oldest of
    /// its kind; a confirmed one is never evicted while it lives.
    WriteOutcome write(const typename RecordTable<KeyWords>::Key& key, const Record& record,
                       const Lifetimes& lifetimes, Seconds now) noexcept {
        using Evict = typename RecordTable<KeyWords>::Evict;
        return is_confirmed(record.state)
                   ? confirmed.write(key, record, lifetimes, now, Evict::never)
                   : provisional.write(key, record, lifetimes, now, Evict::oldest);
    }

    /// Renews last_seen of a record that find() has returned.
    bool refresh(const typename RecordTable<KeyWords>::Key& key, const Record& expected,
                 const Record& desired) noexcept {
        return confirmed.refresh(key, expected, desired) ||
               provisional.refresh(key, expected, desired);
    }

    /// Forgets the key's confirmed record, so that a provisional one can speak.
    WriteOutcome forget_confirmed(const typename RecordTable<KeyWords>::Key& key) noexcept {
        return confirmed.erase(key);
    }

    std::size_t bytes() const noexcept { return confirmed.bytes() + provisional.bytes(); }
};

/// What the first fragment of a datagram was, for the fragments that carry no ports.
struct FragmentFate {
    enum class Kind : std::uint8_t { to_server, to_client, transit, drop };
    Kind kind = Kind::drop;
    std::uint16_t index = 0;  ///< backend, or frontend of a reply
    GatewayIndex gateway = no_gateway;  ///< of a reply; towards a server: its service
};

using FlowKey = RecordTable<1>::Key;
using BindingKey = RecordTable<1>::Key;
using PairKey = RecordTable<2>::Key;
using HalfOpenKey = RecordTable<2>::Key;
using FragmentKey = RecordTable<2>::Key;

/// Everything that workers learn and share. Readers take no lock; writers never wait.
/// Threads: any worker; the control thread walks it for counts and listings, and a thread of its
/// own for what a restart has to know.
class Directory {
public:
    Directory(const DirectoryLimits& limits, HashKey key)
        : flows{limits.flows, key},
          bindings{limits.bindings, key},
          pairs{limits.pairs, key},
          half_open{limits.half_open, key},
          pending_gateways{limits.half_open / 4 + 1024, key},
          fragments{limits.fragments, key} {}

    TwoRegions<1> flows;                ///< client address, client port, frontend
    TwoRegions<1> bindings;             ///< client address, service
    TwoRegions<2> pairs;                ///< SPIi, SPIr; the gateway field holds the service
    RecordTable<2> half_open;           ///< a scheduler's choice for (client, SPIi)
    RecordTable<1> pending_gateways;    ///< by request_key(): the gateway it came from
    RecordTable<2> fragments;           ///< FragmentFate by datagram

    /// Live SAs of each backend at the control thread's last count; read by least_sas.
    std::array<std::atomic<std::uint32_t>, max_backends> sas{};
    std::atomic<std::uint32_t> sa_counts{0};  ///< how often they have been counted

    std::size_t bytes() const noexcept {
        return flows.bytes() + bindings.bytes() + pairs.bytes() + half_open.bytes() +
               pending_gateways.bytes() + fragments.bytes();
    }
};

// IPv4 keys are one word. The high bit of the frontend or service half keeps them non-zero.

inline FlowKey flow_key(const net::IpAddress& client, net::be16 client_port,
                        FrontendIndex frontend) noexcept {
    return {(client.low() & 0xffffffff) << 32 | std::uint64_t{client_port.to_host()} << 16 |
            0x8000u | frontend};
}

inline net::IpAddress client_of(const FlowKey& key) noexcept {
    return net::IpAddress::from_v4_host(static_cast<std::uint32_t>(key[0] >> 32));
}
inline std::uint16_t client_port_of(const FlowKey& key) noexcept {
    return static_cast<std::uint16_t>(key[0] >> 16);
}
inline FrontendIndex frontend_of(const FlowKey& key) noexcept {
    return static_cast<FrontendIndex>(key[0] & 0x7fff);
}

inline BindingKey binding_key(const net::IpAddress& client, ServiceIndex service) noexcept {
    return {(client.low() & 0xffffffff) << 32 | 0x8000u | service};
}

inline ServiceIndex service_of(const BindingKey& key) noexcept {
    return static_cast<ServiceIndex>(key[0] & 0x7fff);
}

/// SPIi is never zero: such datagrams are dropped before any look-up.
inline PairKey pair_key(const ike::Header& header) noexcept {
    return {header.initiator_spi.wire(), header.responder_spi.wire()};
}

inline HalfOpenKey half_open_key(const ike::Header& header, const net::IpAddress& client,
                                 ServiceIndex service) noexcept {
    return {header.initiator_spi.wire(), (client.low() & 0xffffffff) << 32 | service};
}

inline FragmentKey fragment_key(const net::Ipv4Header& ip) noexcept {
    return {std::uint64_t{ip.source.value.to_host()} << 32 | ip.destination.value.to_host(),
            1ULL << 63 | std::uint64_t{ip.identification.to_host()} << 8 | ip.protocol};
}

inline Record to_record(const FragmentFate& fate, Seconds now) noexcept {
    return {.backend = {.index = fate.index},
            .state = static_cast<RecordState>(fate.kind),
            .gateway = fate.gateway,
            .last_seen = now};
}
inline FragmentFate to_fate(const Record& record) noexcept {
    return {.kind = static_cast<FragmentFate::Kind>(record.state),
            .index = record.backend.index,
            .gateway = record.gateway};
}

}  // namespace ikelb::tables
