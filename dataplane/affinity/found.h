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

/// Keys of the flow: by the sender of a packet to a VIP, by the receiver of a packet to a client.
inline sessions::FlowKey flow_of_sender(const Packet& packet) noexcept {
    return sessions::flow_key(packet.source, packet.source_port, packet.frontend);
}
inline sessions::FlowKey flow_of_receiver(const Packet& packet) noexcept {
    return sessions::flow_key(packet.destination, packet.destination_port, packet.frontend);
}
/// Key of the receiver's logins at the packet's backend.
inline sessions::HashedKey login_of_receiver(const Packet& packet,
                                             const Context& context) noexcept {
    return sessions::hashed(
        sessions::flow_key(packet.destination, packet.destination_port, packet.backend),
        context.sessions.secret);
}
/// Client persistence by address, in the service's mask; nullopt also with affinity by SA.
inline std::optional<sessions::Persistence> find_persistence(const net::IpAddress& client,
                                                             forwarding::ServiceIndex index,
                                                             const Context& context) noexcept {
    const forwarding::Service& service = context.table.services[index];
    if (service.affinity != forwarding::Affinity::source) return std::nullopt;
    return find_live(context.sessions.persistences,
                     sessions::persistence_key(service.client_of(client), index), context);
}
inline BackendRef ref_of(BackendIndex index, const Context& context) noexcept {
    return {.index = index, .generation = context.table.backends[index].generation};
}
/// Returns true if the backend is of the current generation and serves the service.
inline bool counts(BackendRef backend, forwarding::ServiceIndex service,
                   const Context& context) noexcept {
    return context.table.is_current(backend) && context.table.member(service, backend.index);
}
inline bool is_response(const ike::Header& header) noexcept {
    return header.major_version() == 2 && header.is_response();
}
inline bool is_response(const Packet& packet) noexcept { return is_response(packet.ike_header()); }
/// A response without a responder's SPI (COOKIE, INVALID_KE_PAYLOAD) answers an SA that a backend
/// opens: the client begins no SA, and the scheduler has no part.
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

/// The backends at the flow's tuple for which counts() is true.
Tuple tuple_of(const sessions::FlowKey& key, const Flow& flow, forwarding::ServiceIndex service,
               const Context& context) noexcept;

/// Key of a request at a client tuple and of its answer, without the responder's SPI if the answer
/// adds it. A spoofer of a client's address knows no SPI and no message ID of an SA in use.
sessions::HashedKey request_key(const sessions::FlowKey& flow, const ike::Header& header,
                                const Context& context) noexcept;

/// Hash of a client tuple for its token buckets.
inline std::uint64_t hash_of(const sessions::FlowKey& key, const Context& context) noexcept {
    return sessions::hash_of(key, context.table.hash_key);
}

/// Kinds of client datagrams; each kind has its rules.
enum class Datagram : std::uint8_t {
    new_sa,  ///< IKE without a responder's SPI, and no response: begins an SA
    ike,     ///< IKE of an SA that has both SPIs
    esp,
    keepalive,
};
inline Datagram datagram_of(const Packet& packet) noexcept {
    if (packet.datagram.kind == ike::Kind::esp) return Datagram::esp;
    if (packet.datagram.kind != ike::Kind::ike) return Datagram::keepalive;
    return begins_sa(packet.ike_header()) ? Datagram::new_sa : Datagram::ike;
}

/// Backends in the order in which they are asked.
template <std::size_t most>
struct BackendSet : boost::container::static_vector<BackendIndex, most> {
    bool holds(BackendIndex index) const noexcept {
        return std::ranges::find(*this, index) != this->end();
    }
    void add(BackendIndex index) noexcept {
        if (this->size() < most && !holds(index)) this->push_back(index);
    }
};
/// Backends that claim one ESP SPI, the oldest claim first.
struct Claimants : BackendSet<4> {
    bool is_open = false;  ///< a claim from another place is shared: the SPI may be no claimant's
};

/// The claim to a client's ESP SPI and its state: see commit.h.
struct ClaimFound {
    std::optional<sessions::Claim> record{};  ///< the table's record
    Seconds heard = 0;         ///< last time when its backend was heard, as far as is known
    bool is_disputed = false;  ///< its backend is silent here, and another backend is not
    bool is_own = false;       ///< its client port and VIP are the packet's
    bool is_valid = false;     ///< the claim decides
};

/// A claim seen within this time proves without another look-up that its backend was heard.
inline constexpr Seconds claim_refresh_interval = 60;

/// Calls visit(const EspKey&, const Claim&) for each live claim to an SPI, of any client.
template <typename Visit>
void visit_claims(net::be32 spi, const Context& context, Visit&& visit) noexcept {
    const auto look = [&](const auto& table) {
        table.visit_homes(
            table.hash({spi.to_host()}), [&](const auto& words, const sessions::Claim& claim) {
                const auto key = sessions::EspKey::from(words);
                if (key.rest == spi.to_host() && context.table.is_current(claim.backend) &&
                    claim.is_alive(context.table.timeouts, context.now))
                    visit(key, claim);
            });
    };
    look(context.sessions.claims.narrow());
    look(context.sessions.claims.wide());
}

/// A client's datagram and the live records that its rules have asked for; each is looked up once.
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
    bool is_asked_in_full(const Stander& one) const noexcept {
        return is_full(one, context.table.timeouts, context.now);
    }
    bool is_ambiguous(BackendIndex index) const noexcept {
        return context.table.backends[index].homes[packet.is_v6].is_ambiguous();
    }

    const std::optional<Flow>& flow() noexcept {
        return once(flow_, [&] {
            return find_live(context.sessions.flows, flow_of_sender(packet), context);
        });
    }
    /// The backends at the sender's tuple.
    const Tuple& tuple() noexcept {
        return once(tuple_, [&] {
            return flow() ? tuple_of(flow_of_sender(packet), **flow_, packet.service, context)
                          : Tuple{};
        });
    }
    const std::optional<sessions::IkeSa>& ike_sa() noexcept {
        return once(ike_sa_, [&] {
            return find_live(context.sessions.ike_sas, sessions::ike_sa_key(packet.ike_header()),
                             context);
        });
    }
    /// This client's claim to the ESP SPI.
    const ClaimFound& claim() noexcept {
        return once(claim_, [&] { return find_claim(); });
    }
    const Claimants& claimants() noexcept {
        return once(claimants_, [&] { return find_claimants(); });
    }
    const std::optional<sessions::Persistence>& persistence() noexcept {
        return once(binding_,
                    [&] { return find_persistence(packet.source, packet.service, context); });
    }
    /// The choice for this client and SPIi.
    const std::optional<sessions::Choice>& choice() noexcept {
        return once(choice_, [&] {
            return find_live(
                context.sessions.choices,
                sessions::half_open_key(packet.ike_header().initiator_spi, packet.source,
                                        packet.service, context.sessions.secret),
                context);
        });
    }
    /// The record of the same request, sent a moment ago.
    const std::optional<sessions::Pending>& pending() noexcept {
        return once(pending_, [&] {
            const auto key = request_key(flow_of_sender(packet), packet.ike_header(), context);
            auto found = find_live(context.sessions.pending, key, context);
            if (found && !found->steers()) found.reset();
            return found;
        });
    }

private:
    template <typename Value, typename Find>
    static const Value& once(std::optional<Value>& found, Find&& find) noexcept {
        if (!found) found.emplace(find());
        return *found;
    }
    ClaimFound find_claim() noexcept;
    Claimants find_claimants() noexcept;

    std::optional<std::optional<Flow>> flow_;
    std::optional<std::optional<sessions::IkeSa>> ike_sa_;
    std::optional<std::optional<sessions::Persistence>> binding_;
    std::optional<std::optional<sessions::Choice>> choice_;
    std::optional<std::optional<sessions::Pending>> pending_;
    std::optional<ClaimFound> claim_;
    std::optional<Claimants> claimants_;
    std::optional<Tuple> tuple_;
};

/// Starts loading the records that most datagrams of the packet's kind and direction look up.
/// Inlined by force: g++ sees no effect in a call that only prefetches, and drops it.
[[gnu::always_inline]] inline void prefetch_records(const Packet& packet,
                                                    const Context& context) noexcept {
    const bool is_reply = packet.direction == pipeline::Direction::to_client;
    context.sessions.flows.prefetch(is_reply ? flow_of_receiver(packet) : flow_of_sender(packet));
    if (packet.datagram.kind == ike::Kind::ike)
        context.sessions.ike_sas.prefetch(sessions::ike_sa_key(packet.ike_header()));
}

}  // namespace ikelb::affinity
