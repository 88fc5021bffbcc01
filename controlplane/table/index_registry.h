// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

// Assigns the indices of dataplane/forwarding/ids.h. Workers' records name services, backends and
// gateways by index alone and outlive reloads, so a name keeps its index for the life of the
// process; the index goes to another name only when the range is used up. A backend has a
// generation too: records of an older one have ended.

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <boost/system/result.hpp>

#include "config/config.h"
#include "dataplane/forwarding/ids.h"
#include "dataplane/net/address.h"

namespace ikelb::table {

/// Indices first..first+capacity-1 for names. A name keeps its index, also while it is gone. Only
/// when no index is left does a new name get the index of a gone name, the longest gone first.
template <typename Name>
class NamedIndices {
public:
    NamedIndices(std::size_t first, std::size_t capacity) : first_{first}, capacity_{capacity} {}

    /// Makes `names` (without duplicates) the present ones; new ones get their indices in this
    /// order. False if there are more names than indices: the last ones have none.
    bool assign(std::span<const Name> names) {
        ++round_;
        for (const Name& name : names)
            if (const auto known = entries_.find(name); known != entries_.end())
                known->second.last_round = round_;
        bool fits = true;
        for (const Name& name : names)
            if (!entries_.contains(name)) fits = add(name) && fits;
        return fits;
    }

    /// The index of a present name.
    template <typename Key>
    std::optional<std::uint16_t> find(const Key& name) const {
        const auto entry = entries_.find(name);
        if (entry == entries_.end() || entry->second.last_round != round_) return std::nullopt;
        return entry->second.index;
    }

    std::size_t capacity() const noexcept { return capacity_; }
    /// One more than the highest index handed out; the first index if none was.
    std::size_t end() const noexcept { return first_ + handed_out_; }

private:
    struct Entry {
        std::uint16_t index = 0;
        std::uint64_t last_round = 0;  ///< the last assign() with the name
    };

    bool add(const Name& name) {
        if (handed_out_ < capacity_) {
            const auto index = static_cast<std::uint16_t>(first_ + handed_out_++);
            entries_.emplace(name, Entry{.index = index, .last_round = round_});
            return true;
        }
        auto oldest = entries_.end();
        for (auto entry = entries_.begin(); entry != entries_.end(); ++entry)
            if (entry->second.last_round != round_ &&
                (oldest == entries_.end() || is_longer_gone(entry->second, oldest->second)))
                oldest = entry;
        if (oldest == entries_.end()) return false;
        const std::uint16_t index = oldest->second.index;
        entries_.erase(oldest);
        entries_.emplace(name, Entry{.index = index, .last_round = round_});
        return true;
    }

    static bool is_longer_gone(const Entry& a, const Entry& b) noexcept {
        return a.last_round != b.last_round ? a.last_round < b.last_round : a.index < b.index;
    }

    std::size_t first_;
    std::size_t capacity_;
    std::size_t handed_out_ = 0;
    std::uint64_t round_ = 0;
    std::map<Name, Entry, std::less<>> entries_;
};

/// A configuration needs too many indices. `message` names the limit, for the operator.
struct RegistryError {
    std::string message;
};

template <class T>
using RegistryResult = boost::system::result<T, RegistryError>;

[[noreturn]] inline void throw_exception_from_error(const RegistryError& error,
                                                    const boost::source_location&) {
    throw std::runtime_error{error.message};
}

/// A next hop: the interface it is on and its address there.
using GatewayName = std::pair<forwarding::InterfaceIndex, net::IpAddress>;

class IndexRegistry {
public:
    IndexRegistry();

    /// Assigns indices to a configuration before its use. A backend that is gone, or has lost all
    /// of its own addresses, gets a new generation. An error changes nothing. Control thread only.
    RegistryResult<void> update(const config::Config& config);

    // Of names in the last update(); nullopt for all others.
    std::optional<forwarding::ServiceIndex> service(std::string_view name) const;
    /// port: one of forwarding::service_port_numbers, host byte order.
    std::optional<forwarding::FrontendIndex> frontend(const net::IpAddress& vip,
                                                      std::uint16_t port) const;
    /// With its present generation.
    std::optional<forwarding::BackendRef> backend(std::string_view name) const;
    std::optional<forwarding::MemberIndex> member(std::string_view service,
                                                  std::string_view backend) const;

    /// Ends all records of a backend by a new generation. Ignores unknown names.
    void flush(std::string_view backend);

    /// Assigns indices 1..max_gateways to the kernel's gateways; build_table() calls it. False if
    /// there are too many: the last of them have none.
    bool update_gateways(std::span<const GatewayName> gateways);
    std::optional<forwarding::GatewayIndex> gateway(const GatewayName& name) const;

    // One more than the highest index ever handed out: the sizes of the table's vectors.
    std::size_t service_count() const noexcept { return services_.end(); }
    std::size_t frontend_count() const noexcept { return frontends_.end(); }
    std::size_t backend_count() const noexcept { return backends_.end(); }
    std::size_t member_count() const noexcept { return members_.end(); }
    std::size_t gateway_count() const noexcept { return gateways_.end(); }

private:
    using FrontendName = std::pair<net::IpAddress, std::uint16_t>;
    using MemberName = std::pair<std::string, std::string>;  ///< service, backend
    using Addresses = std::map<std::string, std::vector<net::IpAddress>, std::less<>>;

    RegistryResult<void> assign(const config::Config& config);
    void renew(std::size_t backend) noexcept;

    NamedIndices<std::string> services_;
    NamedIndices<FrontendName> frontends_;
    NamedIndices<std::string> backends_;
    NamedIndices<MemberName> members_;
    NamedIndices<GatewayName> gateways_;
    std::array<std::uint8_t, forwarding::max_backends> generations_;
    Addresses addresses_;  ///< own addresses of the present backends
};

}  // namespace ikelb::table
