// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "controlplane/kernel/tap/sysctl.h"
#include "controlplane/posix/file_descriptor.h"
#include "controlplane/posix/result.h"
#include "dataplane/net/address.h"

namespace ikelb::tap {

struct TapOptions {
    std::string name;          ///< kernel name, at most 15 characters, not in use
    net::MacAddress mac;       ///< unicast; the same as the port's
    std::uint32_t mtu = 1500;  ///< bytes of IP per frame, as `ip link` shows it
};

struct TapCounters {
    std::uint64_t sent = 0;               ///< frames handed to the kernel
    std::uint64_t send_full = 0;          ///< dropped: the kernel's queue was full (EAGAIN)
    std::uint64_t send_down = 0;          ///< dropped: the operator has set the TAP down
    std::uint64_t send_refused = 0;       ///< dropped: any other reason, such as a runt frame
    std::uint64_t received = 0;           ///< frames from the kernel
    std::uint64_t receive_truncated = 0;  ///< dropped: larger than the buffer
};

/// The kernel TAP of a logical interface, with the port's MAC: the operator's tools, ARP/NDP, VRRP
/// and BGP work on it as on any device. It exists as long as this object, up, without an address,
/// and never with checksum or segmentation offloads: each frame on it is whole and complete.
///
/// Per device: IPv4 and IPv6 forwarding on; sending and accepting redirects, rp_filter, router
/// advertisements and duplicate address detection off; promote_secondaries on, so that an address
/// change never takes the subnet's other addresses with it. These settings vanish with the device.
/// Threads: one sends, one receives (they may differ); counters() from any.
class Tap {
public:
    /// Holds every frame on a TAP of MTU 9000 with two VLAN tags.
    static constexpr std::size_t receive_buffer_size = 9216;

    /// `host` proves that the namespace-wide settings are in place; it must outlive the TAP.
    static posix::Result<std::unique_ptr<Tap>> create(const TapOptions& options,
                                                      const HostSettings& host);
    static posix::Result<std::unique_ptr<Tap>> create(const TapOptions&, HostSettings&&) = delete;
    Tap(const Tap&) = delete;
    Tap& operator=(const Tap&) = delete;

    /// Gives a whole Ethernet frame (without FCS) to the kernel. Never blocks; false: dropped and
    /// counted.
    bool send(std::span<const std::byte> frame) noexcept;

    /// Reads a frame of the kernel: its length, or nullopt when there is none now. A frame that
    /// fills the buffer to the last byte counts as truncated and is dropped, since the kernel does
    /// not tell; the next one is read. `buffer`: receive_buffer_size bytes.
    std::optional<std::size_t> receive(std::span<std::byte> buffer) noexcept;

    /// Non-blocking, readable when receive() has a frame; the TAP owns it. Give a dup() to a
    /// boost::asio::posix::stream_descriptor, which closes its descriptor.
    int fd() const noexcept { return fd_.get(); }
    int ifindex() const noexcept { return ifindex_; }
    const std::string& name() const noexcept { return name_; }
    TapCounters counters() const noexcept;
    /// Failed settings, one sentence each; the TAP works with the kernel's defaults in their place.
    const std::vector<std::string>& warnings() const noexcept { return warnings_; }

private:
    Tap(posix::FileDescriptor fd, std::string name) : fd_{std::move(fd)}, name_{std::move(name)} {}

    posix::Result<void> configure(const TapOptions& options);
    void apply_settings(std::uint32_t mtu);

    using Counter = std::atomic<std::uint64_t>;  // one writer each: load + store, never a lock

    posix::FileDescriptor fd_;
    std::string name_;
    int ifindex_ = 0;
    std::vector<std::string> warnings_;
    Counter sent_{0}, send_full_{0}, send_down_{0}, send_refused_{0};
    Counter received_{0}, receive_truncated_{0};
};

}  // namespace ikelb::tap
