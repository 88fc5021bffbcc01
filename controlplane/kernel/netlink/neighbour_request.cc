// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include "controlplane/kernel/netlink/neighbour_request.h"

#include <linux/neighbour.h>
#include <linux/rtnetlink.h>

#include <utility>

#include "config/text/address.h"
#include "controlplane/kernel/netlink/parse.h"

namespace ikelb::netlink {

posix::Result<NeighbourRequester> NeighbourRequester::open(std::chrono::milliseconds interval,
                                                           std::size_t capacity) {
    auto netlink = Requester::open();
    if (netlink.has_error()) return std::move(netlink).error();
    return NeighbourRequester{*std::move(netlink), RequestLimiter{interval, capacity}};
}

posix::Result<bool> NeighbourRequester::request(int ifindex, const net::IpAddress& address) {
    if (!limiter_.allow(ifindex, address, RequestLimiter::Clock::now())) return false;
    if (auto done = confirm(ifindex, address); done.has_error()) return std::move(done).error();
    return true;
}

posix::Result<void> NeighbourRequester::confirm(int ifindex, const net::IpAddress& address) {
    auto done = use(NLM_F_CREATE | NLM_F_EXCL, ifindex, address);
    if (done.has_error() && done.error().code == EEXIST) {
        if (!needs_use(ifindex, address)) return {};
        done = use(NLM_F_CREATE, ifindex, address);
    }
    if (done.has_error())
        return posix::Error{
            done.error().code,
            "asking the kernel to resolve " + text::to_text(address) + ": " + done.error().message};
    return {};
}

posix::Result<void> NeighbourRequester::use(unsigned flags, int ifindex,
                                            const net::IpAddress& address) {
    ndmsg header{};
    header.ndm_family = family_of(address);
    header.ndm_ifindex = ifindex;
    header.ndm_flags = NTF_USE;
    Message message{RTM_NEWNEIGH, flags, header};
    message.put(NDA_DST, address);
    return netlink_.execute(std::move(message));
}

bool NeighbourRequester::needs_use(int ifindex, const net::IpAddress& address) {
    ndmsg header{};
    header.ndm_family = family_of(address);
    header.ndm_ifindex = ifindex;
    Message message{RTM_GETNEIGH, 0, header};
    message.put(NDA_DST, address);
    NeighbourState state = NeighbourState::permanent;  // leaves an unreadable entry alone
    (void)netlink_.query(std::move(message), [&](nlmsghdr* entry) {
        if (const auto neighbour = parse_neighbour(entry)) state = neighbour->state;
    });
    return state == NeighbourState::stale || state == NeighbourState::failed ||
           state == NeighbourState::none;
}

}  // namespace ikelb::netlink
