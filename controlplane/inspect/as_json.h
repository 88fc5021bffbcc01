// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "controlplane/inspect/explain.h"
#include "controlplane/inspect/memory.h"
#include "controlplane/inspect/sessions.h"

namespace ikelb::inspect {

/// What the indices of a table are called; empty where an index stands for nothing.
struct IndexNames {
    std::vector<std::string> backends{};
    std::vector<std::string> services{};
};

/// A row of `ikelbctl sessions`.
nlohmann::json as_json(const Session& session, const forwarding::ForwardingTable& table,
                       forwarding::Seconds now, const IndexNames& names);

/// An answer of `ikelbctl explain`.
nlohmann::json as_json(const Question& question, const Explanation& explanation,
                       const forwarding::ForwardingTable& table, forwarding::Seconds now,
                       const IndexNames& names);

nlohmann::json as_json(const ClientMemory& memory);

}  // namespace ikelb::inspect
