// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include "controlplane/kernel/tap/device_state.h"

#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <net/if.h>

#include <algorithm>
#include <cstring>

#include "controlplane/kernel/tap/device.h"

namespace ikelb::tap {

posix::Result<DeviceState> read_device_state(netlink::Requester& netlink, const std::string& name) {
    const auto index = device_index(name);
    if (index.has_error()) return index.error();
    ifinfomsg question{};
    question.ifi_index = *index;
    DeviceState state;
    const auto asked =
        netlink.query(netlink::Message{RTM_GETLINK, 0, question}, [&](nlmsghdr* message) {
            const auto* header = static_cast<const ifinfomsg*>(nlmsg_data(message));
            constexpr unsigned working = IFF_UP | IFF_RUNNING;
            state.is_up = (header->ifi_flags & working) == working;
            const netlink::Attributes<IFLA_MAX> attributes{message, sizeof *header};
            const auto bytes = attributes.bytes(IFLA_STATS64);
            rtnl_link_stats64 counted{};
            std::memcpy(&counted, bytes.data(), std::min(bytes.size(), sizeof counted));
            state.receive_dropped = counted.rx_dropped;
            state.receive_missed = counted.rx_missed_errors;
            state.receive_errors = counted.rx_errors;
            state.transmit_dropped = counted.tx_dropped;
            state.transmit_errors = counted.tx_errors;
        });
    if (asked.has_error()) return asked.error();
    return state;
}

}  // namespace ikelb::tap
