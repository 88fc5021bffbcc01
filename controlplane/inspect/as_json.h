// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "controlplane/inspect/explain.h"
#include "controlplane/inspect/sessions.h"
#include "dataplane/sessions/session_tables.h"

namespace ikelb::inspect {

/// Allocated bytes of an IPv4 client at the tables' design load: client persistence, a flow, an IKE
/// SA, and two ESP SPIs, as during a rekey.
struct ClientMemory {
    std::uint64_t clients = 0;  ///< all tables have room for so many
    // Of established clients, each kind by its limit. Flows and IKE SAs include the room for
    // records that are not established yet.
    double persistences = 0;
    double flows = 0;
    double ike_sas = 0;
    double esp_spis = 0;
    double passing = 0;  ///< tables of packets and requests under way, shared by all clients
    double workers = 0;  ///< workers' own memory, shared by all clients

    double established() const noexcept { return persistences + flows + ike_sas + esp_spis; }
    double total() const noexcept { return established() + passing + workers; }
};

/// limits: the limits of the session tables, each above zero.
ClientMemory memory_of_client(const sessions::SessionTables& sessions,
                              const sessions::SessionLimits& limits, unsigned workers);

/// Names by index; empty for an unused index.
struct IndexNames {
    std::vector<std::string> backends{};
    std::vector<std::string> services{};
};

std::string name_at(const std::vector<std::string>& names, std::size_t index);

/// A row of `ikelbctl sessions`.
nlohmann::json as_json(const Session& session, const forwarding::ForwardingTable& table,
                       forwarding::Seconds now, const IndexNames& names);

/// An answer of `ikelbctl explain`.
nlohmann::json as_json(const Question& question, const Explanation& explanation,
                       const forwarding::ForwardingTable& table, forwarding::Seconds now,
                       const IndexNames& names);

nlohmann::json as_json(const ClientMemory& memory);

}  // namespace ikelb::inspect
