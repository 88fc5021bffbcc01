// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

#include <optional>

#include "dataplane/affinity/standing.h"
#include "dataplane/packet/context.h"
#include "dataplane/packet/packet.h"

namespace ikelb::affinity {

using forwarding::BackendIndex, forwarding::no_backend;
using pipeline::Context, pipeline::Packet;

/// Of a packet to a VIP, and of one to a client.
inline sessions::FlowKey flow_of_sender(const Packet& packet) noexcept {
    return sessions::flow_key(packet.source, packet.source_port, packet.frontend);
}
inline sessions::FlowKey flow_of_receiver(const Packet& packet) noexcept {
    return sessions::flow_key(packet.destination, packet.destination_port, packet.frontend);
}
/// Of the receiver's logins at the packet's backend.
inline sessions::HashedKey login_of_receiver(const Packet& packet,
                                             const Context& context) noexcept {
    return sessions::hashed(
        sessions::flow_key(packet.destination, packet.destination_port, packet.backend),
        context.directory.secret);
}
/// Of a client, masked as its service says; nullopt also with affinity by SA.
inline std::optional<sessions::Binding> find_binding(const net::IpAddress& client,
                                                     forwarding::ServiceIndex index,
                                                     const Context& context) noexcept {
    const forwarding::Service& service = context.table.services[index];
    if (service.affinity != forwarding::Affinity::source) return std::nullopt;
    return context.directory.bindings.find(sessions::binding_key(service.client_of(client), index),
                                           context.table.timeouts, context.now);
}
inline BackendRef ref_of(BackendIndex index, const Context& context) noexcept {
    return {.index = index, .generation = context.table.backends[index].generation};
}
/// Is the backend still the one meant, and does it serve the addressed VIP?
inline bool counts(BackendRef backend, forwarding::ServiceIndex service,
                   const Context& context) noexcept {
    return context.table.is_current(backend) && context.table.member(service, backend.index);
}
inline bool is_response(const ike::Header& header) noexcept {
    return header.major_version() == 2 && header.is_response();
}
inline bool is_response(const Packet& packet) noexcept { return is_response(packet.ike_header()); }
/// A response without a responder's SPI (COOKIE, INVALID_KE_PAYLOAD) answers an SA that a backend
/// opens: no new SA of the client's, and nothing to schedule.
inline bool begins_sa(const ike::Header& header) noexcept {
    return header.responder_spi.wire() == 0 && !is_response(header);
}
inline bool is_encrypted(const Packet& packet) noexcept {
    const std::uint8_t first = packet.ike_header().next_payload;
    return first == ike::payload::encrypted || first == ike::payload::encrypted_fragment;
}

inline std::uint8_t claim_tag(const Packet& packet, const Context& context) noexcept {
    return sessions::claim_tag(sessions::esp_key(packet.source, packet.datagram.esp_spi).narrow(),
                               packet.source_port, packet.frontend, context.table.hash_key);
}

/// A flow with those beside it, as far as they count.
Tuple tuple_of(const sessions::FlowKey& key, const Flow& flow, forwarding::ServiceIndex service,
               const Context& context) noexcept;

/// Names a request at a client tuple, and its answer: without the responder's SPI that the latter
/// may add. Who spoofs a client's address knows neither SPIs nor message ID of an SA in use.
sessions::HashedKey request_key(const sessions::FlowKey& flow, const ike::Header& header,
                                const Context& context) noexcept;

/// For the buckets of one client tuple.
inline std::uint64_t hash_of(const sessions::FlowKey& key, const Context& context) noexcept {
    return sessions::hash_of(key, context.table.hash_key);
}

/// What a client's datagram is to the rules.
enum class Datagram : std::uint8_t {
    new_sa,  ///< IKE without a responder's SPI, and no response: it begins an SA
    ike,     ///< of an SA that has both SPIs
    esp,
    keepalive,
};
inline Datagram datagram_of(const Packet& packet) noexcept {
    if (packet.datagram.kind == ike::Kind::esp) return Datagram::esp;
    if (packet.datagram.kind != ike::Kind::ike) return Datagram::keepalive;
    return begins_sa(packet.ike_header()) ? Datagram::new_sa : Datagram::ike;
}

/// Records that a rule goes by.
enum Needs : std::uint8_t {
    no_record = 0,
    flow = 1,
    ike_sa = 2,
    claim = 4,
    binding = 8,
    choice = 16
};

/// Backends in the order in which they are asked.
template <std::size_t most>
struct BackendSet {
    std::array<BackendIndex, most> list;
    std::size_t count = 0;

    bool holds(BackendIndex index) const noexcept {
        for (std::size_t i = 0; i < count; ++i)
            if (list[i] == index) return true;
        return false;
    }
    void add(BackendIndex index) noexcept {
        if (count < most && !holds(index)) list[count++] = index;
    }
    std::span<const BackendIndex> all() const noexcept { return std::span{list}.first(count); }
};
/// Those that claim an ESP SPI, the oldest claim first.
struct Claimants : BackendSet<4> {
    bool is_open = false;  ///< shared elsewhere: it may be none of them
};

/// A client's ESP SPI as its claim stands: see claims.h.
struct ClaimFound {
    std::optional<sessions::Claim> record{};  ///< as it is in the table
    Seconds heard = 0;         ///< when its backend was last heard, as far as is known
    bool is_disputed = false;  ///< its backend is silent here, and another one is not
    bool is_own = false;       ///< of this port and VIP too
    bool is_valid = false;     ///< it decides
};

/// A client's datagram with the live records that its rules have asked for, each looked up once.
class Found {
public:
    Found(const Packet& packet_, const Context& context_) noexcept
        : packet{packet_}, context{context_}, kind{datagram_of(packet_)} {}

    const Packet& packet;
    const Context& context;
    const Datagram kind;

    const forwarding::Service& service() const noexcept {
        return context.table.services[packet.service];
    }
    bool is_by_source() const noexcept {
        return service().affinity == forwarding::Affinity::source;
    }
    bool counts(BackendRef backend) const noexcept {
        return affinity::counts(backend, packet.service, context);
    }
    bool is_ambiguous(BackendIndex index) const noexcept {
        return context.table.backends[index].homes[packet.is_v6].is_ambiguous();
    }

    const std::optional<Flow>& flow() noexcept {
        if (is_first(Needs::flow))
            flow_ = context.directory.flows.find(flow_of_sender(packet), context.table.timeouts,
                                                 context.now);
        return flow_;
    }
    /// Who stands at its tuple.
    const Tuple& tuple() noexcept {
        if (is_first(tuple_looked)) {
            if (flow())
                tuple_ = tuple_of(flow_of_sender(packet), *flow_, packet.service, context);
            else
                tuple_ = Tuple{};
        }
        return tuple_;
    }
    const std::optional<sessions::IkeSa>& ike_sa() noexcept {
        if (is_first(Needs::ike_sa))
            ike_sa_ = context.directory.pairs.find(sessions::pair_key(packet.ike_header()),
                                                   context.table.timeouts, context.now);
        return ike_sa_;
    }
    /// Whose the ESP SPI is, by this client.
    const ClaimFound& claim() noexcept {
        if (is_first(Needs::claim)) claim_ = find_claim();
        return claim_;
    }
    const Claimants& claimants() noexcept {
        if (is_first(claimants_looked)) claimants_ = find_claimants();
        return claimants_;
    }
    const std::optional<sessions::Binding>& binding() noexcept {
        if (is_first(Needs::binding))
            binding_ = find_binding(packet.source, packet.service, context);
        return binding_;
    }
    /// For this client and SPIi.
    const std::optional<sessions::Choice>& choice() noexcept {
        if (is_first(Needs::choice))
            choice_ = context.directory.choices.find(
                sessions::half_open_key(packet.ike_header().initiator_spi, packet.source,
                                        packet.service, context.directory.secret),
                context.table.timeouts, context.now);
        return choice_;
    }
    /// The same request, seen a moment ago.
    const std::optional<sessions::Pending>& pending() noexcept {
        if (!is_first(pending_looked)) return pending_;
        const auto key = request_key(flow_of_sender(packet), packet.ike_header(), context);
        pending_ = context.directory.pending.find(key, context.table.timeouts, context.now);
        if (pending_ && !pending_->steers()) pending_.reset();
        return pending_;
    }

private:
    static constexpr std::uint8_t claimants_looked = 32, pending_looked = 64, tuple_looked = 128;

    bool is_first(unsigned need) noexcept {
        const bool is_known = (looked_ & need) != 0;
        looked_ = static_cast<std::uint8_t>(looked_ | need);
        return !is_known;
    }
    ClaimFound find_claim() noexcept;
    Claimants find_claimants() noexcept;

    std::uint8_t looked_ = 0;
    std::optional<Flow> flow_;
    std::optional<sessions::IkeSa> ike_sa_;
    std::optional<sessions::Binding> binding_;
    std::optional<sessions::Choice> choice_;
    std::optional<sessions::Pending> pending_;
    ClaimFound claim_;
    Claimants claimants_;
    Tuple tuple_;
};

}  // namespace ikelb::affinity
