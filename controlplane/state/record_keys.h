// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

#include <cstdint>

#include "dataplane/forwarding/ids.h"
#include "dataplane/sessions/keys.h"

namespace ikelb::state {

// What sessions::flow_key() and binding_key() have put beside the address. A packet has it anyway
// and never asks its key; whoever walks the directory has the keys alone.

inline std::uint16_t client_port_of(const sessions::FlowKey& key) noexcept {
    return static_cast<std::uint16_t>(key.rest >> 16);
}
inline forwarding::FrontendIndex frontend_of(const sessions::FlowKey& key) noexcept {
    return static_cast<forwarding::FrontendIndex>(key.rest & 0x7fff);
}
inline forwarding::ServiceIndex service_of(const sessions::BindingKey& key) noexcept {
    return static_cast<forwarding::ServiceIndex>(key.rest & 0x7fff);
}

}  // namespace ikelb::state
