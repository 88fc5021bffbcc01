// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include "controlplane/table/removed_backends.h"

#include <algorithm>
#include <iterator>

#include "controlplane/table/table_parts.h"

namespace ikelb::table {

using forwarding::is_within, forwarding::Seconds;

namespace {

bool has(const std::vector<RemovedBackend>& list, const net::IpAddress& address) {
    return std::ranges::find(list, address, &RemovedBackend::address) != list.end();
}

}  // namespace

std::vector<RemovedBackend> backend_addresses_of(const config::Config& config) {
    std::vector<RemovedBackend> found;
    for_each_used_backend(config, [&](const config::Pool&, const config::Backend& backend) {
        for (const net::IpAddress& address : backend.addresses())
            found.push_back({.name = backend.name, .address = address});
    });
    return found;
}

void RemovedBackends::change(const config::Config& before, const config::Config& after,
                             Seconds now) {
    take_up(backend_addresses_of(before), after, now);
}

void RemovedBackends::take_up(std::span<const RemovedBackend> known, const config::Config& config,
                              Seconds now) {
    for (const RemovedBackend& one : known)
        if (!has(all_, one.address))
            all_.push_back({.name = one.name, .address = one.address, .since = now});
    const std::vector<RemovedBackend> used = backend_addresses_of(config);
    std::erase_if(all_, [&](const RemovedBackend& one) { return has(used, one.address); });
}

std::vector<RemovedBackend> RemovedBackends::expire(std::uint64_t dropped,
                                                    const forwarding::Timeouts& lives,
                                                    Seconds now) {
    if (dropped != dropped_) last_dropped_ = now;
    dropped_ = dropped;
    const auto ended = std::stable_partition(
        all_.begin(), all_.end(), [&](const RemovedBackend& one) {
            return is_within(lives.established, one.since, now) &&
                   is_within(lives.flow, std::max(one.since, last_dropped_), now);
        });
    const std::vector<RemovedBackend> gone{std::make_move_iterator(ended),
                                           std::make_move_iterator(all_.end())};
    all_.erase(ended, all_.end());
    return gone;
}

}  // namespace ikelb::table
