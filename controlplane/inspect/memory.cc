// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include "controlplane/inspect/memory.h"

#include <algorithm>

#include "dataplane/packet/context.h"

namespace ikelb::inspect {
namespace {

constexpr std::size_t esp_spis_of_client = 2;

double share(std::size_t bytes, std::size_t records, std::size_t of_client = 1) {
    return static_cast<double>(bytes * of_client) / static_cast<double>(records);
}

}  // namespace

ClientMemory memory_of_client(const sessions::Directory& directory,
                              const sessions::DirectoryLimits& limits, unsigned workers) {
    const sessions::Directory& d = directory;
    const std::size_t clients =
        std::max<std::size_t>(1, std::min({limits.bindings, limits.flows, limits.pairs,
                                           limits.esp_spis / esp_spis_of_client}));
    const std::size_t passing = d.choices.bytes() + d.rivals.bytes() + d.pending.bytes() +
                                d.candidates.bytes() + d.logins.bytes() + d.fragments.bytes();
    return {.clients = clients,
            .bindings = share(d.bindings.bytes(), limits.bindings),
            .flows = share(d.flows.bytes(), limits.flows),
            .pairs = share(d.pairs.bytes(), limits.pairs),
            .esp_spis = share(d.claims.bytes(), limits.esp_spis, esp_spis_of_client),
            .passing = share(passing, clients),
            .workers = share(workers * sizeof(pipeline::WorkerMemory), clients)};
}

}  // namespace ikelb::inspect
