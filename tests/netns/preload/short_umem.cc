// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
//
// Preloaded into a lab's ikelbd to break it: of the packet buffers that net_af_xdp registers with
// the kernel, only the first half are. The kernel refuses the others without a word.
#include <dlfcn.h>
#include <linux/if_xdp.h>
#include <sys/socket.h>

#include <algorithm>
#include <cstring>

extern "C" int setsockopt(int fd, int level, int name, const void* value,
                          socklen_t length) noexcept {
    static const auto real = reinterpret_cast<int (*)(int, int, int, const void*, socklen_t)>(
        dlsym(RTLD_NEXT, "setsockopt"));
    if (level != SOL_XDP || name != XDP_UMEM_REG) return real(fd, level, name, value, length);
    xdp_umem_reg memory{};
    std::memcpy(&memory, value, std::min<std::size_t>(length, sizeof memory));
    memory.len = memory.len / memory.chunk_size / 2 * memory.chunk_size;
    return real(fd, level, name, &memory, std::min<socklen_t>(length, sizeof memory));
}
