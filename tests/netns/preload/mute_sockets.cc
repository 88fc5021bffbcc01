// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
//
// Preloaded into a lab's ikelbd to break it: the kernel says of the drivers' sockets that nothing
// was lost there.
#include <dlfcn.h>
#include <linux/if_packet.h>
#include <linux/if_xdp.h>
#include <sys/socket.h>

#include <cstring>

extern "C" int getsockopt(int fd, int level, int name, void* value, socklen_t* length) noexcept {
    static const auto real = reinterpret_cast<int (*)(int, int, int, void*, socklen_t*)>(
        dlsym(RTLD_NEXT, "getsockopt"));
    const int result = real(fd, level, name, value, length);
    const bool is_about_losses = (level == SOL_XDP && name == XDP_STATISTICS) ||
                                 (level == SOL_PACKET && name == PACKET_STATISTICS);
    if (result == 0 && is_about_losses) std::memset(value, 0, *length);
    return result;
}
