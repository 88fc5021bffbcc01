// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include "tests/oracle/oracle.h"

#include <algorithm>

namespace ikelb::oracle {

// The pool, the records, and how a process ends.

namespace {

constexpr Seconds binding_life = 45 * 60;

}  // namespace

Oracle::Oracle(World world, Hash hash, Tag tag)
    : world_{std::move(world)}, hash_{std::move(hash)}, tag_{std::move(tag)} {
    for (int b = 0; b < world_.backends; ++b) {
        const auto index = static_cast<std::size_t>(b);
        servers_.push_back({.flush_on_down = index < world_.flush_on_down.size() &&
                                             world_.flush_on_down[index]});
    }
    for (const Service& service : world_.services) {
        members_.emplace_back(service.members.begin(), service.members.end());
        hashed_.push_back({.takers = takers(static_cast<int>(hashed_.size()))});
    }
}

Decision Oracle::step(const Event& event) {
    switch (event.what) {
        case What::time: now_ += event.seconds; return {};
        case What::pool: change(event); return {};
        case What::router: change_router(event); return {};
        case What::from_client: return from_client(event);
        case What::from_backend: return from_backend(event);
    }
    return {};
}

void Oracle::restart(bool is_saved) {
    passing_ = {};
    for (Hashed& hashed : hashed_) hashed.has_previous = false;
    for (auto& [tuple, there] : standers_) there.awaits = false;
    if (is_saved) return;
    ike_sas_.clear();
    standers_.clear();
    persistences_.clear();
    claims_.clear();
}

// --- the pool -----------------------------------------------------------------------------------

void Oracle::change(const Event& event) {
    Server& server = servers_.at(static_cast<std::size_t>(event.backend));
    switch (event.change) {
        case Change::down: server.is_up = false; break;
        case Change::up: server.is_up = true; break;
        case Change::enable: server.mode = Mode::enabled; break;
        case Change::drain_keep: server.mode = Mode::drain_keep; break;
        case Change::drain_refuse: server.mode = Mode::drain_refuse; break;
        case Change::remove:
            if (server.is_present) ++server.generation;
            server.is_present = false;
            break;
        case Change::add: server.is_present = true; break;
        case Change::flush: ++server.generation; break;
    }
    for (std::size_t vip = 0; vip < hashed_.size(); ++vip) {
        Hashed& hashed = hashed_[vip];
        const std::set<int> now = takers(static_cast<int>(vip));
        if (now == hashed.takers) continue;
        hashed = {.takers = now, .has_previous = !hashed.takers.empty(), .rebuilt_at = now_};
    }
}

bool Oracle::is_member(int vip, int backend) const {
    return members_.at(static_cast<std::size_t>(vip)).contains(backend) &&
           server(backend).is_present;
}

bool Oracle::takes_new(int backend) const {
    const Server& its = server(backend);
    return its.is_present && its.is_up && its.mode == Mode::enabled;
}

bool Oracle::takes_returning(int backend) const {
    const Server& its = server(backend);
    return its.is_present && its.is_up && its.mode != Mode::drain_refuse;
}

bool Oracle::is_left_out(int backend) const {
    return !server(backend).is_up && server(backend).flush_on_down;
}

std::set<int> Oracle::takers(int vip) const {
    std::set<int> found;
    for (const int member : members_.at(static_cast<std::size_t>(vip)))
        if (takes_new(member)) found.insert(member);
    return found;
}

bool Oracle::may_be_chosen(int vip, int backend) const {
    return backend >= 0 && is_member(vip, backend) && takes_new(backend);
}

/// A generation changes on removal and flush; a hit counts if its backend serves the addressed VIP.
bool Oracle::counts(const Record& record, int vip) const {
    return is_member(vip, record.backend) && is_current(record);
}

bool Oracle::is_current(const Record& record) const {
    return server(record.backend).is_present &&
           server(record.backend).generation == record.generation;
}

Oracle::Record Oracle::record_of(int backend) const {
    return {.backend = backend, .generation = server(backend).generation, .last = now_};
}

// --- records ------------------------------------------------------------------------------------

/// The configuration's defaults; the world sets the half-open one.
Seconds Oracle::life_of(State state) const {
    switch (state) {
        case State::half_open: return world_.half_open_pair;
        case State::answered: return 5 * 60;
        case State::established: return 24 * 3600;
        case State::closing: return 3 * 60;
    }
    return 0;
}

Oracle::Pair* Oracle::ike_sa(const IkeSaKey& key, int vip) {
    const auto found = ike_sas_.find(key);
    if (found == ike_sas_.end() || !is_alive(found->second) || !counts(found->second, vip))
        return nullptr;
    return &found->second;
}

bool Oracle::is_established(std::uint64_t spi_i, std::uint64_t spi_r) const {
    const auto found = ike_sas_.find({spi_i, spi_r});
    return found != ike_sas_.end() && is_alive(found->second) &&
           found->second.state == State::established;
}

/// The backends of a tuple that count; the first one has the flow.
std::vector<Stander> Oracle::standers(const Tuple& tuple) {
    const auto found = standers_.find(tuple);
    if (found == standers_.end()) return {};
    Standers view = found->second;  // a look changes nothing
    return view.look(now_, [&](const Stander& one) {
        return counts({.backend = one.backend, .generation = one.generation}, tuple.second);
    });
}

/// Addresses of a block are one client to a service that binds blocks.
Oracle::PersistenceKey Oracle::persistence_key(const Address& client, int vip) const {
    PersistenceKey key{client, vip};
    if (service(vip).binds_blocks)
        key.first.number = static_cast<std::uint16_t>(client.number / world_.block);
    return key;
}

Oracle::Record* Oracle::persistence(const Address& client, int vip) {
    const auto found = persistences_.find(persistence_key(client, vip));  // affinity by SA has none
    if (found == persistences_.end() || now_ - found->second.last > binding_life ||
        !counts(found->second, vip))
        return nullptr;
    return &found->second;
}

/// Limits count a /64 as one source; all IPv6 clients here are in one.
Address Oracle::source_of(const Address& client) const {
    return world_.is_v6 ? Address{.family = 6} : client;
}

bool Oracle::is_fresh(const Choice& choice) const {
    return now_ - choice.last <= (choice.is_answered ? 75u : 30u);
}

std::optional<int> Oracle::choice(const Event& event) const {
    const auto found =
        passing_.choices.find({event.place.client, event.ike.spi_i, event.vip});
    if (found == passing_.choices.end() || !is_fresh(found->second) ||
        !counts(found->second, event.vip) || !takes_returning(found->second.backend))
        return std::nullopt;
    return found->second.backend;
}

/// The server's SPI is the responder's if the client began, else the initiator's. IKEv1 has no flag
/// for it.
std::optional<int> Oracle::labelled(const Event& event) const {
    const bool client_began = event.ike.version == 1 || event.ike.from_initiator;
    const std::uint64_t its = client_began ? event.ike.spi_r : event.ike.spi_i;
    for (std::size_t b = 0; b < world_.labels.size(); ++b) {
        const Label& label = world_.labels[b];
        const bool is_its =
            event.kind == Kind::esp
                ? label.esp_first != 0 && event.esp.spi >= label.esp_first &&
                      event.esp.spi <= label.esp_last
                : label.ike_mask != 0 && (its & label.ike_mask) == label.ike_value;
        if (is_its && is_member(event.vip, static_cast<int>(b))) return static_cast<int>(b);
    }
    return std::nullopt;
}

}  // namespace ikelb::oracle
