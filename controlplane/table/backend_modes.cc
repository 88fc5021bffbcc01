// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include "controlplane/table/backend_modes.h"

#include "controlplane/table/table_builder.h"

namespace ikelb::table {

forwarding::Mode BackendModes::mode(std::string_view backend) const {
    const auto found = modes_.find(backend);
    return found == modes_.end() ? forwarding::Mode::enabled : found->second;
}

bool BackendModes::set(std::string_view backend, forwarding::Mode mode, IndexRegistry& registry) {
    const forwarding::Mode before = this->mode(backend);
    if (mode == before) return false;
    if (mode == forwarding::Mode::disabled || before == forwarding::Mode::disabled)
        registry.flush(backend);
    if (const auto found = modes_.find(backend); found != modes_.end()) modes_.erase(found);
    if (mode != forwarding::Mode::enabled) modes_.emplace(backend, mode);
    return true;
}

void BackendModes::retain(const config::Config& config) {
    std::erase_if(modes_, [&](const auto& entry) { return !has_backend(config, entry.first); });
}

}  // namespace ikelb::table
