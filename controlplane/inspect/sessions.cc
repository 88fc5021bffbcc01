// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include "controlplane/inspect/sessions.h"

#include <algorithm>
#include <unordered_map>

#include "controlplane/inspect/states.h"

namespace ikelb::inspect {
namespace {

using sessions::IkeSa, sessions::Peer, sessions::name_of;

// A slice takes some milliseconds at most.
constexpr std::size_t buckets_per_slice = 65536;
constexpr std::size_t rows_per_slice = 2000;

struct EspUser {
    std::uint32_t client = 0;  ///< name_of()
    forwarding::BackendRef backend{};
};

std::vector<EspUser> users_of(std::uint64_t spi, const sessions::SessionTables& sessions,
                              const forwarding::ForwardingTable& table, forwarding::Seconds now) {
    std::vector<EspUser> users;
    if (spi > 0xffffffff) return users;
    const auto look = [&](const auto& claims) {
        claims.visit_homes(
            claims.hash({spi}), [&](const auto& words, const sessions::Claim& claim) {
                const auto key = sessions::EspKey::from(words);
                if (key.rest == spi && claim.is_alive(table.timeouts, now))
                    users.push_back({name_of(key.client), claim.backend});
            });
    };
    look(sessions.claims.narrow());
    look(sessions.claims.wide());
    return users;
}

/// An IKE SA with its notes, before the addresses are known.
struct Found {
    Session session{};
    std::uint32_t client_name = 0;
    bool is_noted = false;
    bool is_v4 = true;
};

class Lister {
public:
    Lister(const sessions::SessionTables& sessions, const forwarding::ForwardingTable& table,
           forwarding::Seconds now, const SessionQuery& query)
        : sessions_{sessions}, table_{table}, now_{now}, query_{query} {
        if (query.spi) esp_users_ = users_of(*query.spi, sessions, table, now);
        is_v6_.resize(table.services.size());
        for (const forwarding::Frontend& frontend : table.frontends)
            if (frontend.service < is_v6_.size()) is_v6_[frontend.service] = !frontend.vip.is_v4();
    }

    SessionSlice list() {
        const auto& ike_sas = sessions_.ike_sas;
        const std::size_t all = ike_sas.buckets();
        std::size_t at = std::min(query_.from, all);
        const std::size_t end = std::min(all, at + buckets_per_slice);
        const std::size_t most = std::min(query_.limit, rows_per_slice);
        for (; at < end && found_.size() < most; ++at)
            ike_sas.for_each(at, 1, [this](const auto& key, const IkeSa& sa, const auto& notes) {
                consider(key, sa, notes[0]);
            });
        SessionSlice slice;
        if (at < all) slice.next = at;
        name_clients();
        for (Found& found : found_)
            if (is_wanted_client(found)) slice.sessions.push_back(std::move(found.session));
        return slice;
    }

private:
    void consider(const sessions::IkeSaKey& key, const IkeSa& sa, std::uint64_t word) {
        if (!sa.is_alive(table_.timeouts, now_) || has_ended(sa, table_.timeouts, now_) ||
            !table_.is_current(sa.backend) || sa.service >= table_.services.size() ||
            (query_.backend && sa.backend.index != *query_.backend))
            return;
        const auto peer = Peer::unpack(word);
        Found found{.session = {.initiator_spi = net::be64::from_wire(key[0]).to_host(),
                                .responder_spi = net::be64::from_wire(key[1]).to_host(),
                                .sa = sa},
                    .client_name = peer.client,
                    .is_noted = word != 0,
                    .is_v4 = !is_v6_[sa.service]};
        if (found.is_noted) {
            found.session.port = peer.port;
            found.session.moves = peer.moves;
            found.session.age = age_of(sa, peer, now_);
            if (found.is_v4) found.session.client = net::IpAddress::from_v4_host(peer.client);
        }
        if (is_wanted_spi(found) && may_be_wanted_client(found)) found_.push_back(found);
    }

    bool is_wanted_spi(const Found& found) const {
        if (!query_.spi || *query_.spi == found.session.initiator_spi ||
            *query_.spi == found.session.responder_spi)
            return true;
        return std::ranges::any_of(esp_users_, [&](const EspUser& user) {
            return found.is_noted && user.client == found.client_name &&
                   user.backend == found.session.sa.backend;
        });
    }
    bool may_be_wanted_client(const Found& found) const {
        if (!query_.client) return true;
        if (!found.is_noted || query_.client->address.is_v4() != found.is_v4) return false;
        return !found.is_v4 || query_.client->contains(*found.session.client);
    }
    bool is_wanted_client(const Found& found) const {
        return !query_.client ||
               (found.session.client && query_.client->contains(*found.session.client));
    }

    void name_clients() {
        std::unordered_map<std::uint32_t, std::optional<net::IpAddress>> names;
        for (const Found& found : found_)
            if (!found.is_v4 && found.is_noted) names[found.client_name];
        if (names.empty()) return;
        const auto visit = [&names](const auto& words, const sessions::Flow&, const auto&) {
            const net::IpAddress client = sessions::FlowKey::from(words).client;
            const auto at = names.find(name_of(client));
            if (at != names.end()) at->second = client;
        };
        const auto& flows = sessions_.flows.wide();
        flows.for_each(0, flows.buckets(), visit);
        for (Found& found : found_)
            if (!found.is_v4 && found.is_noted) found.session.client = names[found.client_name];
    }

    const sessions::SessionTables& sessions_;
    const forwarding::ForwardingTable& table_;
    const forwarding::Seconds now_;
    const SessionQuery& query_;
    std::vector<EspUser> esp_users_;
    std::vector<bool> is_v6_;  ///< by service: clients have the family of its VIP
    std::vector<Found> found_;
};

}  // namespace

forwarding::Seconds age_of(const IkeSa& sa, const Peer& peer, forwarding::Seconds now) noexcept {
    return std::max(peer.age(now), now - std::min(now, sa.last_seen));
}

SessionSlice list_sessions(const sessions::SessionTables& sessions,
                           const forwarding::ForwardingTable& table, forwarding::Seconds now,
                           const SessionQuery& query) {
    return Lister{sessions, table, now, query}.list();
}

}  // namespace ikelb::inspect
