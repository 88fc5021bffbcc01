// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include "controlplane/kernel/netlink/kernel_reading.h"

#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include <utility>

#include "controlplane/kernel/netlink/kernel_tables.h"
#include "controlplane/kernel/netlink/request.h"

namespace ikelb::netlink {

posix::Result<KernelState> read_kernel_state() {
    auto netlink = Requester::open();
    if (netlink.has_error()) return std::move(netlink).error();
    KernelTables tables;
    tables.begin_full_dump();
    // Whatever is asked for, the header of a question begins with the family; the rest is zero.
    for (const std::uint16_t type : {RTM_GETLINK, RTM_GETADDR, RTM_GETNEIGH, RTM_GETROUTE}) {
        const auto done = netlink->dump({type, 0, rtmsg{}},
                                        [&](nlmsghdr* message) { tables.apply_dump(message); });
        if (done.has_error()) return done.error();
    }
    tables.finish_dump();
    return tables.snapshot();
}

}  // namespace ikelb::netlink
