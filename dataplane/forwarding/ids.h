// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace ikelb::forwarding {

// Indexes into the forwarding table's vectors. No index passes to another name while the process
// lives (until the range wraps): a record that outlives a reload never names another object.
using ServiceIndex = std::uint16_t;
using FrontendIndex = std::uint16_t;   ///< one (VIP, service port)
using BackendIndex = std::uint16_t;
using MemberIndex = std::uint16_t;     ///< one (service, backend), the home of its counters
using InterfaceIndex = std::uint8_t;   ///< one (port, VLAN)
using GatewayIndex = std::uint8_t;     ///< a next hop towards clients that a flow may remember
using PortIndex = std::uint16_t;       ///< DPDK's port id

inline constexpr std::size_t max_services = 256;
inline constexpr std::size_t max_frontends = 512;
inline constexpr std::size_t max_backends = 1024;
inline constexpr std::size_t max_members = 4096;
inline constexpr std::size_t max_interfaces = 32;
inline constexpr std::size_t max_gateways = 254;

inline constexpr MemberIndex no_member = max_members;
inline constexpr InterfaceIndex no_interface = 0xff;
/// No next hop is remembered: the VIP's uplink or the kernel's route decides.
inline constexpr GatewayIndex no_gateway = 0;
/// The client itself is on-link: its own neighbour entry is the next hop.
inline constexpr GatewayIndex on_link_client = 0xff;

/// A list by id. An unused index, be it no_backend or one that a reload has removed, reads a
/// default Value: no packet makes a worker read beyond the list.
template <typename Value>
class ById : std::vector<Value> {
    using V = std::vector<Value>;
    std::size_t count_ = 0;  ///< a vector computes its own by a division
    inline static const Value nothing_{};

public:
    using V::back, V::begin, V::end;
    std::size_t size() const noexcept { return count_; }
    void push_back(const Value& value) { V::push_back(value), ++count_; }
    void resize(std::size_t count) { V::resize(count_ = count); }

    [[gnu::always_inline]] const Value& operator[](std::size_t index) const noexcept {
        return index < count_ ? *(V::data() + index) : nothing_;
    }
    Value& operator[](std::size_t index) { return V::at(index); }  ///< throws beyond the list
};

/// One Value for each index below Count; all other indexes share one more Value.
template <typename Value, std::size_t Count>
struct PerId : std::array<Value, Count + 1> {
    Value& operator[](std::size_t index) noexcept {
        return *(this->data() + (index < Count ? index : Count));
    }
};

/// A backend as a record names it. A record ends when its generation differs from the table's: only
/// removal and flush change a generation.
struct BackendRef {
    BackendIndex index = 0;
    std::uint8_t generation = 0;
    friend constexpr bool operator==(BackendRef, BackendRef) = default;
};

}  // namespace ikelb::forwarding
