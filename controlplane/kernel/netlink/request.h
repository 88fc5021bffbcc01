// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

#include <cstdint>
#include <functional>

#include "controlplane/kernel/netlink/message.h"
#include "controlplane/posix/file_descriptor.h"
#include "controlplane/posix/result.h"

namespace ikelb::netlink {

/// A NETLINK_ROUTE socket, bound, close-on-exec and non-blocking.
posix::Result<posix::FileDescriptor> open_route_socket();

/// Sends a change to rtnetlink and reads the answer, which the kernel queues before the send
/// returns: no wait for another party. In the network namespace of its opening. Move-only; one
/// thread.
class Requester {
public:
    static posix::Result<Requester> open();

    /// The error's code is the errno (EEXIST, ENETUNREACH, ...), its message the kernel's own
    /// sentence if there is one (extended ACK).
    posix::Result<void> execute(Message message);

    /// Reads one entry; ENOENT or ESRCH: there is none.
    posix::Result<void> query(Message message, const std::function<void(nlmsghdr*)>& visit);

    /// Reads a table. The time grows with the table (about a second for a million routes): not for
    /// regular use on the control thread.
    posix::Result<void> dump(Message message, const std::function<void(nlmsghdr*)>& visit);

private:
    explicit Requester(posix::FileDescriptor socket) : socket_{std::move(socket)} {}

    posix::Result<void> send(Message message, unsigned flags);
    /// Reads up to the last message of the answer, which has the result.
    posix::Result<void> receive(const std::function<void(nlmsghdr*)>& visit);

    posix::FileDescriptor socket_;
    std::uint32_t sequence_ = 0;
};

}  // namespace ikelb::netlink
