// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include "dataplane/sessions/mapped_memory.h"

#include <sys/mman.h>

#include <cerrno>
#include <limits>
#include <new>

namespace ikelb::sessions {

void Unmap::operator()(void* mapping) const noexcept {
    munmap(mapping, bytes);
}

MappedMemory::MappedMemory(std::size_t bytes, Touch touch) {
    constexpr std::size_t huge_page = std::size_t{2} << 20;
    // Older C libraries do not name this constant; the number is the kernel's ABI.
    constexpr int populate_write = 23;
    if (bytes == 0 || bytes > std::numeric_limits<std::size_t>::max() / 2) throw std::bad_alloc{};
    // The surplus lets the start move up to a huge-page boundary; no code touches it.
    const bool is_large = bytes >= huge_page;
    std::size_t space = is_large ? bytes + huge_page : bytes;
    data_ = mmap(nullptr, space, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (data_ == MAP_FAILED) throw std::bad_alloc{};
    mapping_ = {data_, Unmap{space}};
    if (is_large) {
        std::align(huge_page, bytes, data_, space);
        // The kernel refuses without huge-page support: small pages serve as well, only slower.
        (void)madvise(data_, bytes, MADV_HUGEPAGE);
    }
    if (touch == Touch::now && madvise(data_, bytes, populate_write) != 0 && errno == ENOMEM)
        throw std::bad_alloc{};
}

}  // namespace ikelb::sessions
