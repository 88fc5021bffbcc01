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

struct TwinOptions {
    std::string name;          ///< kernel name, at most 15 characters, not in use
    net::MacAddress mac;       ///< unicast; the same as the port's
    std::uint32_t mtu = 1500;  ///< bytes of IP per frame, as `ip link` shows it
};

struct TwinCounters {
    std::uint64_t sent = 0;           ///< frames handed to the kernel
    std::uint64_t send_full = 0;      ///< dropped: the kernel's queue was full (EAGAIN)
    std::uint64_t send_down = 0;      ///< dropped: the operator has set the twin down
    std::uint64_t send_refused = 0;   ///< dropped: any other reason, such as a runt frame
    std::uint64_t received = 0;       ///< frames that the kernel sent
    std::uint64_t receive_truncated = 0;  ///< dropped: larger than the buffer
};

/// The kernel's side of one logical interface: a TAP device with the port's MAC, on which the
/// operator's tools, ARP/NDP, VRRP and BGP work as on any device. It exists as long as this object,
/// up, without an address, and never with checksum or segmentation offloads: each frame on it is
/// whole and complete.
///
/// Per device: IPv4 and IPv6 forwarding on; sending and accepting redirects, rp_filter, router
/// advertisements and duplicate address detection off; promote_secondaries on, so that an address
/// change never takes the subnet's other addresses with it. These settings vanish with the device.
///
/// Threads: one thread sends, one receives (they may be different); counters() from any.
class Twin {
public:
    /// Large enough for every frame on a twin of MTU 9000 with two VLAN tags.
    static constexpr std::size_t receive_buffer_size = 9216;

    /// `host` is proof that the namespace-wide settings are in place; it must outlive the twin.
    static posix::Result<std::unique_ptr<Twin>> create(const TwinOptions& options,
                                                       const HostSettings& host);
    static posix::Result<std::unique_ptr<Twin>> create(const TwinOptions&, HostSettings&&) = delete;
    Twin(const Twin&) = delete;
    Twin& operator=(const Twin&) = delete;

    /// Gives one whole Ethernet frame (without FCS) to the kernel as received from the wire.
    /// Never blocks; false: dropped and counted.
    bool send(std::span<const std::byte> frame) noexcept;

    /// One frame that the kernel sent: its length, or nullopt when there is none now. A frame that
    /// fills the buffer to the last byte counts as truncated and is dropped, for the kernel does
    /// not tell (and the next one is read): give receive_buffer_size bytes.
    std::optional<std::size_t> receive(std::span<std::byte> buffer) noexcept;

    /// Non-blocking, readable when receive() has something; owned by the twin. Give a dup() of it
    /// to a boost::asio::posix::stream_descriptor, which closes what it gets.
    int fd() const noexcept { return fd_.get(); }
    int ifindex() const noexcept { return ifindex_; }
    const std::string& name() const noexcept { return name_; }
    TwinCounters counters() const noexcept;
    /// Settings that could not be made, one sentence each; the twin works, with the kernel's
    /// defaults in their place.
    const std::vector<std::string>& warnings() const noexcept { return warnings_; }

private:
    Twin(posix::FileDescriptor fd, std::string name) : fd_{std::move(fd)}, name_{std::move(name)} {}

    posix::Result<void> configure(const TwinOptions& options);
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
