// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
//
// Preloaded into a lab's ikelbd so that net_af_xdp takes all queues of a veth. A veth counts its
// receive and transmit queues apart; the driver of DPDK 22.11 reads only the combined ones and
// finds a single queue. Network cards count combined ones, and need nothing of this.
#include <dlfcn.h>
#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <sys/ioctl.h>

#include <algorithm>
#include <cstdarg>

namespace {

void combine(ifreq& request) {
    auto& channels = *reinterpret_cast<ethtool_channels*>(request.ifr_data);
    if (channels.cmd != ETHTOOL_GCHANNELS || channels.max_combined != 0) return;
    channels.max_combined = std::min(channels.max_rx, channels.max_tx);
    channels.combined_count = std::min(channels.rx_count, channels.tx_count);
}

}  // namespace

// The C library's own prototype is variadic; so is this.
extern "C" int ioctl(int fd, unsigned long request, ...) noexcept {
    va_list arguments;
    va_start(arguments, request);
    void* argument = va_arg(arguments, void*);
    va_end(arguments);
    static const auto real =
        reinterpret_cast<int (*)(int, unsigned long, ...)>(dlsym(RTLD_NEXT, "ioctl"));
    const int result = real(fd, request, argument);
    if (result == 0 && request == SIOCETHTOOL) combine(*static_cast<ifreq*>(argument));
    return result;
}
